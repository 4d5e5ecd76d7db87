"""Long runs that requests above p99 wait for: exact where every wait is known, none where no run is long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import facts
from tests.support.processor_stories import (
    EACH,
    EVERY,
    FIRST,
    LONG,
    READS,
    THREAD,
    Work,
    one_processor,
    usual_and_long,
)
from tests.support.request_stories import MS, Story
from tests.support.results import finding

from tailtune.judge.cause import Cause
from tailtune.judge.finding_in_full import in_full
from tailtune.judge.goroutine_table import ASSISTING, RUNNABLE, RUNNING, WAITING
from tailtune.judge.goroutine_times import GoroutineTimes
from tailtune.judge.in_front import in_front
from tailtune.judge.long_runs import LongRuns, long_runs
from tailtune.judge.processor_waits import Processors
from tailtune.judge.request_parts import divide
from tailtune.judge.stretches import Stretches

WORKER = ("runtime.gcBgMarkWorker",)
INDEX = ("main.score", "main.refresh")


def found(story: Story, processors: int = 1) -> LongRuns | None:
    """What is told of long runs; None: there are none."""
    runs = long_runs(in_front(divide(story.tables()), processors, 1))
    if runs is None or runs.count:
        return runs
    assert (runs.share.point, runs.places, runs.longest, runs.parts, runs.example) == (0, [], [], (), "")
    return None


def surely(story: Story, processors: int = 1) -> LongRuns:
    runs = found(story, processors)
    assert runs is not None
    return runs


def test_what_requests_behind_a_long_run_wait_for_is_known_exactly():
    runs = surely(one_processor())
    waited = 4 * 19 + 2 * 18
    latency = 4 * 20 + 4 * 19.1 + 2 * 18.2
    assert runs.share.point == pytest.approx(waited / latency)
    assert runs.mean_ns == pytest.approx(waited * MS / 10)
    assert runs.usual_ns == EACH
    assert (runs.count, runs.parts) == (4, ("way in",))
    assert runs.of_requests == pytest.approx(1)
    assert [place.function for place in runs.places] == ["main.total"]
    assert runs.of_busy == pytest.approx(waited / (waited + 2 * 0.1))  # two wait for the one between as well
    assert runs.of_collector == 0
    assert {one.request for one in runs.longest} <= {f"r{number}" for number in range(0, 1000, EVERY)}
    most = runs.longest[0]
    assert (most.computing_ns, most.waiting) == (LONG, 2)
    assert most.waited_ns == pytest.approx((19 + 18) * MS)
    assert most.goroutine == FIRST + int(most.request[1:])
    assert int(runs.example[1:]) % EVERY == 1


def test_it_does_not_matter_who_finds_that_unread_requests_are_there():
    """The runtime's monitor makes them ready after 10 ms; what they wait for is the same."""
    unread, ready = surely(one_processor()), surely(one_processor(polled_after=10 * MS))
    assert ready.parts == ("reader waiting for a P", "way in")
    assert ready.share.point == pytest.approx(unread.share.point)


def test_a_run_that_was_preempted_is_one_run():
    story = one_processor()
    whole = surely(story)
    cut, begin = [], 0
    for one in story.intervals:
        number, begin, end, state, *rest = one
        if state == RUNNING and end - begin == LONG:
            for at in range(begin, end, 5 * MS):
                cut += [(number, at, at + 5 * MS - 1000, RUNNING, *rest)]
                cut += [(number, at + 5 * MS - 1000, at + 5 * MS, RUNNABLE, *rest)]
        else:
            cut.append(one)
    story.intervals = cut
    parts = surely(story)
    assert parts.count == whole.count
    assert parts.longest[0].computing_ns == LONG - 4 * 1000
    assert parts.share.point == pytest.approx(whole.share.point, rel=0.01)


def test_another_processor_that_is_free_lets_nobody_wait():
    assert found(one_processor(), processors=2) is None


def test_without_gomaxprocs_it_is_as_many_as_ever_ran_at_once():
    assert surely(one_processor(), processors=0) == surely(one_processor())


@pytest.mark.parametrize("computing", [lambda _: EACH, lambda number: EACH * (1 + number % 7)])
def test_a_queue_of_usual_requests_is_no_long_run(computing):
    assert found(one_processor(computing)) is None


def test_a_busy_processor_with_requests_of_much_the_same_length_is_no_long_run():
    """96 % busy, so that requests wait for dozens of others."""
    assert found(one_processor(lambda number: MS * 9 // 10 if number % 200 > 5 else 3 * MS)) is None


def beside(work: Work):
    """Have a goroutine of no request work in front of each 250th request."""
    goroutine, _, length, stack = work

    def of(at: int) -> Work | None:
        return (goroutine, at, at + length, stack) if (at // MS - 1) % EVERY == 0 else None

    return of


def test_goroutines_of_no_request_are_told_apart():
    runs = surely(one_processor(lambda _: EACH, beside=beside((9, 0, LONG, INDEX))))
    assert runs.of_requests == 0
    assert {(one.goroutine, one.request, one.function) for one in runs.longest} == {(9, "", "main.score")}


@pytest.mark.parametrize("stack", [WORKER, ("runtime.bgsweep",), ("runtime.traceLocker", "runtime/trace.Start.func1")])
def test_the_collector_and_what_measures_are_no_long_runs(stack):
    assert found(one_processor(lambda _: EACH, beside=beside((9, 0, LONG, stack)))) is None


def test_what_is_waited_for_the_collector_is_told_without_any_long_run():
    story = one_processor(lambda _: EACH, beside=beside((9, 0, LONG, WORKER)))
    runs = long_runs(in_front(divide(story.tables()), 1, 1))
    assert runs is not None
    assert runs.count == 0
    waited = 4 * 20 + 4 * 19 + 2 * 18  # by those that arrive with it, and behind it
    between = 4 * 0.1 + 4 * 0.2 + 2 * 0.3
    assert runs.collector_ns == pytest.approx(waited * MS / 10)
    assert runs.collector.point == pytest.approx(waited / (waited + between))
    assert runs.of_collector > 0.98


def test_marking_for_the_collector_is_the_collectors():
    story = one_processor()
    story.intervals = [
        (*one[:3], ASSISTING, *one[4:]) if one[3] == RUNNING and one[2] - one[1] == LONG else one
        for one in story.intervals
    ]
    assert found(story) is None


def test_a_thread_without_a_cpu_does_not_compute():
    story = one_processor()
    for number in range(0, 1000, EVERY):
        begin = next(one[1] for one in story.intervals if one[0] == FIRST + number and one[3] == RUNNING)
        story.wait(THREAD, begin + MS, ("main.total",), 0, 18 * MS)
    assert found(story) is None


def test_requests_that_are_not_followed_tell_nothing():
    story = one_processor()
    story.intervals = []
    assert found(story) is None


def test_few_requests_have_no_tail():
    assert found(one_processor(usual_and_long, requests=300)) is None


SPANS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 40), st.integers(1, 20)), min_size=1, max_size=12)


@given(SPANS, SPANS, st.integers(0, 3))
def test_what_all_goroutines_have_is_what_was_waited_while_processors_were_busy(running, waiting, processors):
    """Against counting nanosecond by nanosecond."""
    story = Story()
    free: dict[int, int] = {}
    for goroutine, gap, length in running:
        begin = free.get(goroutine, 0) + gap
        free[goroutine] = begin + length
        story.goroutine(goroutine, begin, begin + length, RUNNING, *READS, tid=goroutine)
    story.goroutine(9, 0, 1, WAITING, *READS)
    times = GoroutineTimes(story.goroutines())
    columns = np.array([(at, 50 + at, begin, begin + length) for at, begin, length in waiting], dtype=np.int64).T
    waits = Stretches(*columns)
    having = Processors(times, waits, processors)
    rows = np.flatnonzero(times.state == RUNNING)
    had = _covered(times.rows.t_ns[rows], times.end_ns[rows])
    waited = _covered(waits.begin_ns, waits.end_ns)
    near = had[(had & waited.any(axis=0)).any(axis=1)]
    busy = had.sum(axis=0) >= (processors or near.sum(axis=0).max(initial=1))
    each = np.where(busy, 1 / np.maximum(had.sum(axis=0), 1), 0)
    expected = dict(zip(rows.tolist(), (had * waited.sum(axis=0) * each).sum(axis=1).tolist(), strict=True))
    assert dict(zip(having.row.tolist(), having.waited_ns.tolist(), strict=True)) == pytest.approx(
        {row: expected[row] for row in having.row.tolist()}
    )
    assert sum(expected[row] for row in having.row.tolist()) == pytest.approx(sum(expected.values()))
    every = np.ones(len(having.row), dtype=np.bool_)
    assert having.waited_for(every) == pytest.approx((waited * busy * had.any(axis=0)).sum(axis=1))


def _covered(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    at = np.arange(400)
    return (at >= begin[:, None]) & (at < end[:, None])


def test_a_finding_of_it_shows_who_waited_how_long_and_for_what():
    parts = divide(one_processor(polled_after=10 * MS).tables())
    shown = in_full(Cause(finding(1), 0.5, parts=("reader waiting for a P", "way in")), facts(), parts)
    assert {wait.part for wait in shown.waits} <= {"reader waiting for a P", "way in"}
    longest = shown.waits[0]
    assert (longest.length_ns, longest.place, longest.tid) == (10 * MS, "main.total", None)
    assert longest.goroutine == FIRST + int(longest.request[1:])
    stacks = [one for one in shown.stacks if one.source == "tables/samples.parquet"]
    assert stacks[0].functions[0] == "main.total"
    assert stacks[0].share > 0.9

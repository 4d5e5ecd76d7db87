"""Queues for a CPU or a P: exact where every turn is known, for threads as for goroutines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.processor_stories import EACH, LONG, one_cpu, one_processor
from tests.support.request_stories import MS, RECEIVE, Story

from tailtune.judge.cpu_queue import CpuQueue, InFrontOperation, cpu_queue
from tailtune.judge.cpu_waits import cpu_turns
from tailtune.judge.goroutine_table import RUNNING
from tailtune.judge.grouped_times import NONE
from tailtune.judge.in_front import in_front
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.stretches import Stretches

WAITED = 4 * 19 + 2 * 18.1
LATENCY = 4 * 20 + 4 * 19.1 + 2 * 18.2
"""ms, of the ten slowest of 1,000: four long ones, and those right behind them."""


def found(story: Story, *, processors: int = 1, cpus: int = 1) -> CpuQueue | None:
    return cpu_queue(in_front(divide(story.tables()), processors, cpus))


def surely(story: Story) -> CpuQueue:
    queue = found(story)
    assert queue is not None
    return queue


@pytest.mark.parametrize(
    ("story", "part"),
    [
        (one_processor(), "way in"),
        (one_cpu(), "reader runnable"),
        (one_cpu(threads=1), "reader on CPU"),
    ],
)
def test_what_requests_behind_others_wait_for_is_known(story: Story, part: str):
    queue = surely(story)
    assert queue.share.point == pytest.approx(WAITED / LATENCY, rel=1e-4)
    assert queue.mean_ns == pytest.approx(WAITED * MS / 10, rel=1e-4)
    assert queue.usual_ns == EACH
    assert queue.parts == (part,)
    assert queue.count == 4 + 2
    assert queue.places[0].function == "main.total"
    assert queue.places[0].share > 0.95
    assert queue.of_ready == pytest.approx(1, rel=1e-3)
    assert queue.of_busy == pytest.approx(1, rel=1e-3)
    assert queue.on_cpu == pytest.approx(1)
    assert (queue.of_collector, queue.of_measuring) == (0, 0)
    assert queue.is_of_processors == (part == "way in")
    long, usual = queue.operations
    assert (long.number, usual.number) == (1, 0)
    assert long.share == pytest.approx((4 * 19 + 2 * 18) / WAITED, rel=1e-3)
    assert (long.of_requests, usual.of_requests) == (0.004, 0.996)


def test_another_program_in_front_is_not_the_service():
    """Requests behind it wait for it, and for one long request each that the program held up."""
    queue = surely(one_cpu(others=10 * MS))
    alone = surely(one_cpu())
    assert queue.of_ready < 0.75 < alone.of_ready
    assert found(one_cpu(lambda _: EACH, others=10 * MS)) is not None
    assert surely(one_cpu(lambda _: EACH, others=10 * MS)).share.point < 0.1


@pytest.mark.parametrize("story", [one_processor(), one_cpu()])
def test_where_another_one_is_free_nobody_queues(story: Story):
    assert found(story, processors=2, cpus=2) is None


def test_a_thread_without_a_cpu_has_no_turn():
    story = one_processor()
    for at, goroutine in enumerate(row for row in story.intervals if row[3] == RUNNING and row[2] - row[1] == LONG):
        story.wait(7, goroutine[1] + MS + at, ("main.total",), 0, 18 * MS)
    assert surely(story).on_cpu < 0.2


@pytest.mark.parametrize("story", [one_processor(requests=300), one_cpu(requests=300)])
def test_of_few_requests_the_slowest_tenth_is_looked_at(story: Story):
    queue = surely(story)
    assert (queue.above, queue.requests) == (0.9, 30)
    assert (queue.least_ns, queue.most_ns) < (queue.latency_ns, LONG + 1)
    assert queue.share.point > 0.7


def test_very_few_requests_and_unknown_ones_tell_nothing():
    assert found(one_cpu(requests=60)) is None
    assert found(Story()) is None
    assert cpu_queue(None) is None


def test_operations_beyond_three_are_left_out():
    story = one_cpu(lambda number: 30 * EACH if number % 9 < 2 else EACH)
    for at, row in enumerate(story.rows["requests"]):
        row["operation"] = at // 9 % 7
    operations = surely(story).operations
    assert len(operations) == 3
    assert all(
        isinstance(one, InFrontOperation) and one.of_requests == pytest.approx(1 / 7, rel=0.05) for one in operations
    )
    assert [one.share for one in operations] == sorted((one.share for one in operations), reverse=True)


TURNS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9)), max_size=12)
"""Thread, length of a wait before a turn, of the turn, and of what it does for a request from its begin on."""


@given(TURNS, st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=4))
def test_turns_are_what_threads_did_cut_at_requests(turns, waiting):
    """Against counting nanosecond by nanosecond."""
    story, free = Story(), {1: 0, 2: 0, 3: 0}
    on_cpu: dict[tuple[int, int], int] = {}
    served = []
    for number, (tid, wait, turn, serving) in enumerate(turns):
        begin = free[tid] + wait
        story.wait(tid, free[tid], RECEIVE, wait)
        free[tid] = begin + turn
        on_cpu |= {(tid, at): NONE for at in range(begin, begin + turn)}
        served.append((number, tid, begin, begin + min(turn, serving)))
        on_cpu |= {(tid, at): number for at in range(begin, begin + min(turn, serving))}
    for tid, end in free.items():
        story.wait(tid, end, RECEIVE, 1)
    parts = divide(story.tables())
    spans = Stretches(*np.array(served, dtype=np.int64).reshape(-1, 4).T)
    waits = Stretches(*np.array([(0, 9, at, at + length) for at, length in waiting], dtype=np.int64).T)
    told = RequestParts(**{**vars(parts), "stretches": spans})
    found = cpu_turns(told, waits)
    tids = told.times.rows.group[found.row].tolist()
    counted: dict[tuple[int, int], int] = {}
    for tid, begin, end, request in zip(tids, *(one.tolist() for one in found[1:]), strict=True):
        assert end > begin
        assert not any((tid, at) in counted for at in range(begin, end))
        counted |= {(tid, at): request for at in range(begin, end)}
    assert counted.keys() <= on_cpu.keys()
    meanwhile = {at for begin, length in waiting for at in range(begin, begin + length)}
    told_of, known = ({key: one[key] for key in one if key[1] in meanwhile} for one in (counted, on_cpu))
    assert told_of == known

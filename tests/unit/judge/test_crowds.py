"""Crowds of threads of no request: exact where every turn is known."""

import pytest
from tests.support.processor_stories import EACH, EVERY, TOTAL, one_cpu, one_processor
from tests.support.request_stories import MS, RECEIVE, Story

from tailtune.judge.crowds import Crowd, crowd
from tailtune.judge.in_front import in_front
from tailtune.judge.request_parts import divide

REQUESTS = 1000
BURSTS = REQUESTS // EVERY


def burst(threads: int) -> Story:
    """At each 250th request, so many threads have the only CPU for 1 ms each, before the request has it."""
    story = one_cpu(lambda _: EACH, requests=REQUESTS, others=threads * MS)
    for number in range(0, REQUESTS, EVERY):
        at = MS + number * MS
        for turn in range(threads):
            tid, begin = 50_000 + number * 100 + turn, at + turn * MS
            story.wait(tid, at, RECEIVE, 0, begin - at)
            story.wait(tid, begin + MS, RECEIVE, 100 * MS)
            story.sample(tid, begin + MS // 2, *TOTAL)
    return story


def found(story: Story, cpus: int = 1) -> Crowd | None:
    return crowd(in_front(divide(story.tables()), 0, cpus))


def test_threads_that_had_the_cpu_in_turn_are_counted_and_named():
    told = found(burst(20))
    assert told is not None
    assert told.threads in range(10, 21)  # those behind the first request of a burst wait for fewer
    assert told.share.point > 0.9
    assert told.places[0].function == "main.total"
    assert told.example in {f"r{number}" for number in range(0, REQUESTS, EVERY)}
    assert "reader runnable" in told.parts


def test_requests_goroutines_and_free_cpus_are_no_crowd():
    told = found(one_cpu())
    assert told is None or told.share.point < 0.1
    assert found(one_processor()) is None
    assert found(burst(20), cpus=2) is None
    assert crowd(None) is None


@pytest.mark.parametrize("threads", [4, 40])
def test_few_and_many_are_told_apart(threads: int):
    told = found(burst(threads))
    assert told is not None
    assert threads // 3 <= told.threads <= threads

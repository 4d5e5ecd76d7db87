"""Who had a lock meanwhile: told from the thread that had a CPU when a wait ended, and from no other."""

import pytest
from tests.support.request_stories import LOCK, MAIN, MS, READ, RECEIVE, SLEEP, WRITE, Story

from tailtune.judge.bands import bands_of
from tailtune.judge.request_parts import divide
from tailtune.model.request_parts import Place

PRICE = ("shop::cart::price", MAIN)
REFRESH = ("shop::table::fetch", "shop::table::refresh", "shop::main::refresher")


def told(story: Story) -> list[Place]:
    """The holders of what the requests waited for, all of which are alike."""
    tail = bands_of(divide(story.tables()), "diagnose").bands[-1]
    (lock,) = [one for one in tail.parts if one.part == "lock"]
    return lock.holders


def contended(*, released: bool = True, sampled: int = 0, idle: bool = False) -> Story:
    """400 requests of threads 7 and 8 in turn, each of which waits 4 ms for a lock that thread 9 has.

    Args:
        released: whether 9 sleeps with the lock until the end of each wait, and has a CPU then.
        sampled: samples of 9 during each wait, in place of its sleep.
        idle: whether 7 has a CPU at the end of each wait of 8, having waited for its next request before.
    """
    story = Story()
    for thread in (7, 8):
        story.connection(thread, 4000 + thread)
        story.wait(thread, 1, (*RECEIVE, MAIN), MS)
    story.thread(9, "refresh", 4_000 * MS, 400 * max(1, sampled) * MS)
    at = 10 * MS
    for number in range(400):
        thread = 7 + number % 2
        story.wait(thread, at - 1, (*RECEIVE, MAIN), MS // 10)
        story.call(READ, at + MS // 10, thread, 4000 + thread)
        story.wait(thread, at + MS, (*LOCK, *PRICE), 4 * MS)
        story.call(WRITE, at + 6 * MS, thread, 4000 + thread)
        story.request(at, at, at + 6 * MS, connection=thread)
        if sampled:
            story.wait(9, at, (*SLEEP, REFRESH[-1]), MS // 2)
            for one in range(sampled):
                story.sample(9, at + MS + one * 3 * MS // sampled, *REFRESH)
        else:
            story.wait(9, at, (*SLEEP, *REFRESH), 5 * MS - 1 if released else 7 * MS)
        if idle and thread == 8:
            story.wait(7, at - 3 * MS, (*RECEIVE, MAIN), 7 * MS)
        at += 10 * MS
    story.wait(9, at, (*SLEEP, REFRESH[-1]), MS)
    return story


def test_the_thread_that_ends_the_waits_had_the_lock() -> None:
    (holder,) = told(contended())
    assert holder.function == "table::fetch called by table::refresh"
    assert (holder.share, holder.count) == (1.0, 36)


def test_a_holder_that_computes_is_sampled() -> None:
    (holder,) = told(contended(sampled=4))
    assert holder.function == "table::fetch called by table::refresh"
    assert (holder.share, holder.count) == (1.0, 144)


def test_a_thread_without_a_cpu_at_the_end_released_nothing() -> None:
    assert told(contended(released=False)) == []


def test_a_thread_that_waited_for_its_next_request_had_no_lock() -> None:
    assert [place.function for place in told(contended(idle=True))] == ["table::fetch called by table::refresh"]


def test_what_a_thread_did_before_it_got_the_lock_does_not_count() -> None:
    """Thread 9 waits for the lock itself first, so its earlier sleep is not what others wait for."""
    story = contended(released=False)
    story.rows["waits"] = [row for row in story.rows["waits"] if row["tid"] != 9]
    at = 10 * MS
    for _ in range(400):
        story.wait(9, at, (*SLEEP, "shop::before", REFRESH[-1]), 2 * MS)
        story.wait(9, at + 2 * MS, (*LOCK, *REFRESH), MS // 2)
        story.wait(9, at + 5 * MS // 2 + 1, (*SLEEP, *REFRESH), 5 * MS // 2 - 2)
        at += 10 * MS
    assert [place.function for place in told(story)] == ["table::fetch called by table::refresh"]


@pytest.mark.parametrize("part", ["sleep", "on CPU"])
def test_nothing_is_held_in_other_parts(part: str) -> None:
    tail = bands_of(divide(contended().tables()), "diagnose").bands[-1]
    assert all(one.holders == [] for one in tail.parts if one.part == part)


def test_in_a_row_of_waiters_each_had_the_lock_for_its_turn() -> None:
    """Threads 11 to 14 come at once, each waits for those before it, and holds the lock for 1 ms, asleep."""
    story = Story()
    for thread in range(11, 15):
        story.connection(thread, 4000 + thread)
        story.wait(thread, 1, (*RECEIVE, MAIN), MS)
    at = 10 * MS
    for _ in range(200):
        for turn, thread in enumerate(range(11, 15)):
            story.wait(thread, at - 1, (*RECEIVE, MAIN), MS // 10)
            story.call(READ, at + MS // 10, thread, 4000 + thread)
            if turn:
                story.wait(thread, at + MS // 2, (*LOCK, *PRICE), turn * MS)
            begin = at + MS // 2 + turn * MS + 1000
            story.wait(thread, begin, (*SLEEP, "shop::cart::look_up", *PRICE), MS - 2000)
            done = begin + MS + MS // 10
            story.call(WRITE, done, thread, 4000 + thread)
            story.request(at, at, done, connection=thread)
        at += 20 * MS
    for thread in range(11, 15):
        story.wait(thread, at, (*RECEIVE, MAIN), MS)
    (holder,) = told(story)
    assert (holder.function, holder.share) == ("cart::look_up called by cart::price", 1.0)


def test_too_few_waits_that_somebody_ended_tell_nothing() -> None:
    story = contended()
    first = 10 * MS + 400 * 10 * MS // 3
    story.rows["waits"] = [row for row in story.rows["waits"] if row["tid"] != 9 or row["t_ns"] < first]
    assert told(story) == []

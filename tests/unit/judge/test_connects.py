"""Who opened connections: each connect is put to its request, and what is behind it is weighed."""

import numpy as np
import pytest
from tests.support.request_stories import CONNECT, MAIN, MS, READ, RECEIVE, WRITE, Story, service

from tailtune.judge.connects import Connects, Group, connects_of
from tailtune.judge.request_parts import divide

GIVEN_UP = -125
STORE = 4000
"""The other service's port; by chance, that of the engine's first connection as well."""


def opening(
    *, before: int = 0, behind: int = 30 * MS, usual: int = MS, every: int = 50, given_up: bool = False
) -> Story:
    """2,000 requests; one of `every` waits, opens a connection, and waits `behind` until it goes on."""
    story = Story()
    story.connection(0, STORE)
    at = 10 * MS
    for number in range(2000):
        story.wait(7, at - 1, (*RECEIVE, MAIN), MS // 10)
        story.call(READ, at + MS // 10, 7, STORE)
        done = at + MS // 10 + usual
        if number % every == every - 1:
            begins = done + before
            story.call(CONNECT, begins, 7, STORE, 0)
            story.wait(7, begins + 1, (*RECEIVE, MAIN), behind - 1)
            done = begins + behind + number * 10
            if given_up:
                story.call(CONNECT, done - 1, 7, STORE, GIVEN_UP)
        story.call(WRITE, done, 7, STORE)
        story.request(at, at, done)
        at = done + MS
    story.wait(7, at, (*RECEIVE, MAIN), MS)
    return story


def found(story: Story) -> Connects:
    connects = connects_of(divide(story.tables()))
    assert connects is not None
    return connects


def test_connects_are_counted_by_how_slow_their_requests_are() -> None:
    connects = found(opening())
    assert (connects.tail, connects.others) == (Group(20, 20), Group(1980, 20))
    assert connects.ordinary.opened == 0
    assert connects.behind_ns == pytest.approx(30 * MS, rel=0.01)
    assert (connects.port, connects.to_port) == (STORE, 1.0)
    assert connects.share.point == pytest.approx(30 / 31.1, abs=0.002)
    assert connects.examples[0] == "r1999"
    assert connects.are_most_of_tail


def test_a_connect_is_no_call_on_a_connection_of_the_engine() -> None:
    story = opening()
    parts = divide(story.tables())
    story.rows["socket_calls"] = [row for row in story.rows["socket_calls"] if row["kind"] != CONNECT]
    without = divide(story.tables())
    assert connects_of(without) is None
    assert parts.parts.keys() == without.parts.keys()
    for name, values in parts.parts.items():
        assert np.array_equal(values, without.parts[name])
    assert parts.is_whole.all()


def test_what_comes_before_the_connect_is_not_its_share() -> None:
    connects = found(opening(before=30 * MS, behind=10 * MS))
    assert connects.tail.opened == 20
    assert connects.share.point == pytest.approx(10 / 41.1, abs=0.002)
    assert not connects.are_most_of_tail


def test_what_any_request_takes_is_not_its_share() -> None:
    connects = found(opening(behind=3 * MS, usual=4 * MS))
    assert connects.share.point == pytest.approx(3 / 7.1, abs=0.002)
    assert not connects.are_most_of_tail


def test_where_ordinary_requests_open_connections_that_is_no_reason() -> None:
    connects = found(opening(every=4))
    assert connects.tail.part == 1
    assert connects.share.point > 0.9
    assert connects.ordinary == Group(1800, 300)
    assert not connects.are_most_of_tail


def test_connections_on_which_nothing_comes_are_a_time_out() -> None:
    assert found(opening()).tail.opened == 20
    connects = found(opening(given_up=True))
    assert (connects.tail.opened, connects.others.opened, connects.port, connects.examples) == (0, 0, 0, ())
    assert not connects.are_most_of_tail


def test_a_task_that_opens_one_before_it_waits_is_known_by_the_read_before() -> None:
    story = Story()
    story.connection(0, 4000)
    story.connection(1, 4001)
    at = 10 * MS
    for number in range(1000):
        slow = 30 * MS + number if number % 25 == 7 else 0
        story.wait(7, at - MS // 2, ("epoll_wait",), MS // 2)
        story.call(READ, at, 7, 4000)
        story.wait(7, at + MS // 10, ("epoll_wait",), MS)
        second = at + 2 * MS
        story.call(READ, second, 7, 4001)
        if slow:
            story.call(CONNECT, second + 1000, 7, 5432, 0)
        story.call(WRITE, second + 2000, 7, 4000)
        story.request(at, at, second + 2000, 0)
        story.wait(7, second + 3000, ("epoll_wait",), MS + slow)
        done = second + 4000 + MS + slow
        story.call(WRITE, done, 7, 4001)
        story.request(second - MS, second - MS, done, 1)
        at = done + MS
    connects = found(story)
    assert (connects.tail, connects.others) == (Group(20, 20), Group(1980, 20))
    assert connects.ordinary.opened == 0


def test_nothing_is_told_without_a_connect_a_tail_or_threads() -> None:
    assert connects_of(divide(service().tables())) is None
    few = opening()
    few.rows["requests"] = few.rows["requests"][:50]
    assert connects_of(divide(few.tables())) is None
    story = opening()
    for row in story.rows["socket_calls"]:
        row["tid"] += row["kind"] == CONNECT  # another thread, which is at work on no request
    assert found(story).tail.opened == 0

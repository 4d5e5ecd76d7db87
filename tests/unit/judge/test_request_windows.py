"""Requests joined with the calls on sockets: what belongs together, and when that cannot be told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.request_stories import CLOSE, OK, READ, TIMEOUT, WRITE, Story, one_connection

from tailtune.judge.grouped_times import NONE, GroupedTimes, ranges
from tailtune.judge.request_windows import RequestWindows, Untold, join
from tailtune.judge.socket_calls import NO_THREAD


def joined(story: Story) -> RequestWindows:
    return join(story.tables())


def reasons(found: RequestWindows) -> list[str | None]:
    return [None if number == NONE else list(Untold)[number] for number in found.untold.tolist()]


def test_the_first_read_after_the_send_is_the_arrival_and_the_last_write_the_departure():
    story = one_connection()
    story.call(READ, 1150, 7, 4000)  # more of the same request
    story.call(WRITE, 1500, 7, 4000)  # the head of the answer
    found = joined(story)
    assert found.is_told.tolist() == [True]
    assert (found.arrival_ns[0], found.departure_ns[0]) == (1100, 1850)
    assert (found.reader[0], found.writer[0]) == (7, 7)


def test_a_write_that_ends_after_the_answer_was_there_ends_with_it():
    """Loopback delivers within the call."""
    story = Story()
    story.connection(0, 4000)
    for start in (0, 1000):
        story.request(start + 1, start + 2, start + 500)
        story.call(READ, start + 10, 7, 4000)
        story.call(WRITE, start + 100, 7, 4000)
        story.call(WRITE, start + 507, 7, 4000)
    found = joined(story)
    assert found.departure_ns.tolist() == [500, 1500]
    assert found.is_told.all()


def test_what_moves_no_bytes_is_no_arrival():
    story = one_connection()
    story.call(READ, 1020, 7, 4000, 0)
    story.call(READ, 1030, 7, 4000, -104)
    assert joined(story).arrival_ns.tolist() == [1100]


def test_requests_of_one_connection_follow_one_another():
    story = Story()
    story.connection(3, 4000)
    for number in range(5):
        at = number * 1000
        story.request(at + 1, at + 2, at + 900, 3)
        story.call(READ, at + 10, 7 + number, 4000)
        story.call(WRITE, at + 800, 17 + number, 4000)
    found = joined(story)
    assert found.arrival_ns.tolist() == [10, 1010, 2010, 3010, 4010]
    assert found.departure_ns.tolist() == [800, 1800, 2800, 3800, 4800]
    assert found.reader.tolist() == [7, 8, 9, 10, 11]
    assert found.writer.tolist() == [17, 18, 19, 20, 21]


def test_a_port_that_is_used_again_is_another_connection():
    story = Story()
    story.connection(1, 4000, opened=5000)
    story.connection(0, 4000, opened=1, closed=4000)
    story.request(2, 3, 900, 0)
    story.request(5001, 5002, 5900, 1)
    for start, tid in ((0, 7), (5000, 8)):
        story.call(READ, start + 100, tid, 4000)
        story.call(WRITE, start + 800, tid, 4000)
    found = joined(story)
    assert found.reader.tolist() == [7, 8]
    assert found.arrival_ns.tolist() == [100, 5100]


def test_a_call_long_after_the_end_of_a_connection_is_none_of_it():
    story = Story()
    story.connection(0, 4000, closed=1000)
    story.request(1, 2, 900, outcome=TIMEOUT)
    story.call(READ, 100, 7, 4000)
    story.call(WRITE, 60_000_000, 9, 4000)
    found = joined(story)
    assert found.writer.tolist() == [NO_THREAD]
    assert found.departure_ns.tolist() == [900]


def test_a_request_that_was_given_up_lasts_until_then():
    story = Story()
    story.connection(0, 4000)
    story.request(1, 2, 900, outcome=TIMEOUT)
    story.call(READ, 100, 7, 4000)
    story.call(WRITE, 950, 8, 4000)
    found = joined(story)
    assert found.is_told.all()
    assert found.departure_ns.tolist() == [900]
    assert found.writer.tolist() == [8]


def test_what_cannot_be_told_says_why():
    story = Story()
    for number in range(4):
        story.connection(number, 4000 + number)
    story.request(1, 2, 100, 9)  # no such connection
    story.request(1, 2, 100, 0)  # never read
    story.request(1, 2, 100, 1)  # never answered, says the server
    story.call(READ, 50, 7, 4001)
    story.request(1, 2, 100, 2)  # two at once
    story.request(1, 50, 200, 2)
    story.call(READ, 20, 7, 4002)
    story.call(WRITE, 90, 7, 4002)
    story.request(100, 50, 200, 3)  # sent before it was to start
    found = joined(story)
    assert reasons(found) == [
        Untold.NO_CONNECTION, Untold.NO_READ, Untold.NO_WRITE, Untold.IN_FLIGHT, Untold.IN_FLIGHT, Untold.CLOCK,
    ]  # fmt: skip
    assert found.untold_counts()[Untold.IN_FLIGHT] == 2


def test_a_long_request_is_in_flight_with_all_that_come_meanwhile():
    story = Story()
    story.connection(0, 4000)
    story.connection(1, 4001)
    story.request(1, 1, 1000)
    story.request(1, 100, 200)
    story.request(1, 300, 400)
    story.request(1, 1000, 1100)
    story.request(1, 50, 60, 1)
    found = joined(story)
    in_flight = [reason is Untold.IN_FLIGHT for reason in reasons(found)]
    assert in_flight == [True, True, True, False, False]


def test_a_request_that_was_never_sent_has_no_window_and_needs_no_reason():
    story = Story()
    story.request(1, 0, 100, 2**32 - 1, TIMEOUT)
    found = joined(story)
    assert not found.is_told.any()
    assert found.untold_counts() == {}


def test_other_windows_do_not_count():
    story = one_connection()
    other = one_connection()
    for name, rows in other.rows.items():
        if name not in ("stacks", "frames"):
            story.rows[name] += [{**row, "window": "measure"} for row in rows]
    assert len(joined(story)) == 1


@pytest.mark.parametrize("kept", ["requests", "connections", "socket_calls", "waits", ""])
def test_missing_tables_are_no_error(kept: str):
    story = one_connection()
    for name in set(story.rows) - {kept}:
        del story.rows[name]
    found = joined(story)
    assert len(found) == (kept == "requests")
    assert not found.is_told.any()


NUMBERS = st.integers(-(2**62), 2**62) | st.integers(0, 50)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 60), st.integers(0, 4)), max_size=20),
    st.lists(st.tuples(st.sampled_from([READ, WRITE, CLOSE]), st.integers(0, 60), st.integers(0, 3)), max_size=30),
)
def test_arrivals_and_departures_lie_within_their_request(requests, calls):
    story = Story()
    story.connection(0, 4000, closed=30)
    story.connection(1, 4000, opened=40)
    story.connection(2, 4001)
    for connection, sent, length, outcome in requests:
        story.request(sent, sent, sent + length, connection, outcome)
    for kind, at, tid in calls:
        story.call(kind, at, tid, 4000 + tid % 2)
    found = joined(story)
    told = found.is_told
    sent, done = (found.requests[name][told] for name in ("sent_ns", "done_ns"))
    assert (sent <= found.arrival_ns[told]).all()
    assert (found.arrival_ns[told] <= found.departure_ns[told]).all()
    assert (found.departure_ns[told] <= done).all()
    assert (found.reader[told] >= 0).all()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), NUMBERS), max_size=40),
    st.lists(st.tuples(st.integers(0, 6), NUMBERS), max_size=20),
)
def test_moments_are_found_as_by_looking_at_all(rows, queries):
    group, t_ns = (np.array([row[at] for row in rows], dtype=np.int64) for at in (0, 1))
    times = GroupedTimes(group, t_ns)
    asked = [np.array([query[at] for query in queries], dtype=np.int64) for at in (0, 1)]
    for including in (False, True):
        last = times.last(*asked, including=including).tolist()
        first = times.first(*asked, including=including).tolist()
        for (wanted, at), before, after in zip(queries, last, first, strict=True):
            until = sorted(t for g, t in rows if g == wanted and (t < at or (including and t == at)))
            since = sorted(t for g, t in rows if g == wanted and (t > at or (including and t == at)))
            assert (times.t_ns[before] == until[-1]) if until else (before == NONE)
            assert (times.t_ns[after] == since[0]) if since else (after == NONE)


def test_ranges_are_laid_out_up_to_a_bound():
    begin, end = np.array([3, 9, 5]), np.array([5, 9, 8])
    owner, position = ranges(begin, end, 100)
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert position.tolist() == [3, 4, 5, 6, 7]
    assert ranges(begin, end, 4)[0].tolist() == [0, 0]


def test_answers_of_any_status_are_answers():
    story = one_connection()
    story.rows["requests"][0]["outcome"] = 1
    story.rows["socket_calls"] = [row for row in story.rows["socket_calls"] if row["kind"] != WRITE]
    assert reasons(joined(story)) == [Untold.NO_WRITE]
    story.rows["requests"][0]["outcome"] = OK
    assert reasons(joined(story)) == [Untold.NO_WRITE]

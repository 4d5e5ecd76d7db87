"""Requests followed through Go's execution trace: exact where everything is known, adding up where nothing is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.request_stories import PARKED, READ, TIMEOUT, WRITE, Story

from tailtune.judge.goroutine_causes import wait_of
from tailtune.judge.goroutine_table import ASSISTING, RUNNABLE, RUNNING, SYSCALL, WAITING, read_goroutines
from tailtune.judge.part_names import kind_of_part
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_timeline import MANY, timeline_of
from tailtune.model.request_parts import PartKind

TRACES = Path(__file__).parents[3] / "crates/gotrace/tests/data"
MUTEX = ("sync.(*Mutex).Lock", "main.(*catalogue).price", "main.main.func1", "net/http.(*conn).serve")
ASKS = ("runtime.chanrecv1", "main.(*registry).ask", "main.main.func1", "net/http.(*conn).serve")
IDLES = ("runtime.selectgo", "main.(*registry).run")
SLEEP = ("time.Sleep", "main.pause", "net/http.(*conn).serve")
READS = ("internal/poll.(*FD).Read", "net/http.(*conn).serve")


def one_request(wait: tuple[str, ...] = MUTEX, reason: str = "sync") -> Story:
    """Goroutine 5 reads on thread 7, waits for a mutex, goes on on thread 8 and answers there; 1000 to 1900 ns."""
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1010, 1900)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1850, 8, 4000)
    story.goroutine(5, 500, 1050, WAITING, *READS, reason="network")
    story.goroutine(5, 1050, 1080, RUNNABLE, *READS)
    story.goroutine(5, 1080, 1095, RUNNING, tid=7)
    story.goroutine(5, 1095, 1110, SYSCALL, "syscall.Read", tid=7)
    story.goroutine(5, 1110, 1300, RUNNING, tid=7)
    story.goroutine(5, 1300, 1600, WAITING, *wait, reason=reason)
    story.goroutine(5, 1600, 1640, RUNNABLE, *wait, waker=6)
    story.goroutine(5, 1640, 1700, RUNNING, tid=8)
    story.goroutine(5, 1700, 1720, ASSISTING, "runtime.gcAssistAlloc", "main.grow", tid=8)
    story.goroutine(5, 1720, 1840, RUNNING, tid=8)
    story.goroutine(5, 1840, 1870, SYSCALL, "syscall.Write", tid=8)
    story.goroutine(5, 1870, 3000, WAITING, *READS, reason="network")
    for tid in (7, 8):
        story.wait(tid, 100, PARKED, 850, 10)
        story.wait(tid, 4000, PARKED, 100)
    story.wait(7, 1200, ("io_schedule", "vfs_read", "os.(*File).Read", "main.load"), 50, 20)
    story.goroutine(9, 0, 10_000, RUNNING, tid=9)
    for at in range(0, 2000, 100):  # most calls fall into the trace
        story.call(WRITE, at, 9, 4001)
    return story


def assert_adds_up(found: RequestParts) -> None:
    total = sum(found.parts.values(), np.zeros(len(found.windows), dtype=np.int64))
    assert (total[found.usable] == found.windows.latency_ns[found.usable]).all()
    assert all((values >= 0).all() for values in found.parts.values())


def parts_of(found: RequestParts, row: int = 0) -> dict[str, int]:
    assert_adds_up(found)
    return {name: int(values[row]) for name, values in found.parts.items() if values[row]}


def steps_of(found: RequestParts, row: int = 0) -> list[tuple[str, int, int]]:
    steps = timeline_of(found, f"r{row}", "diagnose", ["get"]).steps
    return [(step.part, step.begin_ns, step.length_ns) for step in steps]


def summed_steps(found: RequestParts, row: int = 0) -> dict[str, int]:
    told: dict[str, int] = {}
    for part, _, length in steps_of(found, row):
        told[part] = told.get(part, 0) + length
    return told


def test_a_request_that_moves_between_threads_is_known_in_all_parts():
    found = divide(one_request().tables())
    assert parts_of(found) == {
        "client queue": 10,
        "way in": 40,
        "reader waiting for a P": 30,
        "reader on CPU": 20,
        "on CPU": (1300 - 1100 - 70) + 60 + 120 + 10,
        "GC assist": 20,
        "disk I/O": 50,
        "runnable": 20,
        "lock": 300,
        "waiting for a P": 40,
        "way back": 50,
    }
    assert found.is_whole.all()
    assert found.is_followed.all()


def test_its_steps_name_goroutine_and_functions_and_add_up_to_its_parts():
    story = one_request()
    story.sample(8, 1750, "main.render", "net/http.(*conn).serve")
    found = divide(story.tables())
    assert summed_steps(found) == parts_of(found)
    timeline = timeline_of(found, "r0", "diagnose", ["get"])
    lock = next(step for step in timeline.steps if step.part == "lock")
    assert (lock.begin_ns, lock.length_ns, lock.place) == (300, 300, "main.(*catalogue).price")
    assert (lock.goroutine, lock.tid) == (5, None)
    last = [step for step in timeline.steps if step.part == "on CPU" and step.functions]
    assert [(step.tid, step.goroutine, step.functions) for step in last] == [(8, 5, ["main.render"])]
    assert timeline.note == ""


def test_functions_of_parts_are_those_of_the_goroutines_stack():
    story = one_request()
    for at in (1650, 1660, 1705):
        story.sample(8, at, "main.render" if at < 1700 else "runtime.gcDrainN", "main.grow")
    story.sample(9, 1610, "main.other")
    places = PartPlaces(divide(story.tables()))
    everyone = np.ones(1, dtype=np.bool_)
    seen = {part: [(one.function, one.count) for one in places.of(part, everyone)] for part in
            ("lock", "on CPU", "GC assist", "waiting for a P", "disk I/O", "way in")}  # fmt: skip
    assert seen == {
        "lock": [("main.(*catalogue).price", 1)],
        "on CPU": [("main.render", 2)],
        "GC assist": [("main.grow", 1)],
        "waiting for a P": [("main.other", 1)],
        "disk I/O": [("main.load", 1)],
        "way in": [],
    }


def holders_of(story: Story, part: str = "lock") -> list[tuple[str, int]]:
    places = PartPlaces(divide(story.tables()))
    assert places.holders("sleep", np.ones(1, dtype=np.bool_)) == []
    return [(one.function, one.count) for one in places.holders(part, np.ones(1, dtype=np.bool_))]


def test_what_a_mutex_was_held_for_is_told_by_the_goroutine_that_released_it():
    story = one_request()
    assert holders_of(story) == []  # nothing is known of the goroutine that woke it
    story.goroutine(6, 1200, 1570, WAITING, "time.Sleep", "main.load", "main.(*catalogue).refresh", reason="sleep")
    story.goroutine(6, 1570, 1580, RUNNABLE)
    story.goroutine(6, 1580, 1640, RUNNING, tid=6)
    assert holders_of(story) == [("main.load called by main.(*catalogue).refresh", 1)]


def test_what_a_goroutine_did_before_it_had_the_lock_itself_is_not_what_it_was_held_for():
    story = one_request()
    story.goroutine(6, 1200, 1310, WAITING, "time.Sleep", "main.rest", reason="sleep")
    story.goroutine(6, 1310, 1330, WAITING, *MUTEX, reason="sync")
    story.goroutine(6, 1330, 1340, RUNNABLE, *MUTEX, waker=7)
    story.goroutine(6, 1340, 1590, SYSCALL, "syscall.Fsync", "os.(*File).Sync", "main.save", tid=6)
    story.goroutine(6, 1590, 1640, RUNNING, tid=6)
    story.sample(6, 1500, "vfs_fsync", "main.save")
    assert holders_of(story) == [("main.save", 1)]


def test_what_the_other_end_of_a_channel_did_since_it_was_idle_is_told():
    story = one_request(ASKS, "chan receive")
    assert holders_of(story, "queue or hand-off") == []
    story.goroutine(6, 1200, 1310, WAITING, *IDLES, reason="select")
    story.goroutine(6, 1310, 1320, RUNNABLE, *IDLES, waker=5)
    story.goroutine(6, 1320, 1590, WAITING, *READS[:1], "main.(*link).send", "main.(*registry).run", reason="network")
    story.goroutine(6, 1590, 1640, RUNNING, tid=6)
    assert holders_of(story, "queue or hand-off") == [("main.(*link).send", 1)]
    assert holders_of(story) == []


def test_kinds_of_parts():
    assert kind_of_part("GC assist") is PartKind.COMPUTING
    waiting = ("waiting for a P", "GC wait", "reader waiting for a P")
    assert all(kind_of_part(part) is PartKind.WAITING for part in waiting)


def test_a_trace_of_another_clock_or_process_is_not_used():
    story = one_request()
    story.intervals = [
        (one[0], one[1] + 300, one[2] + 300, *one[3:5], one[5] + 100, *one[6:]) for one in story.intervals
    ]
    found = divide(story.tables())
    assert found.followed is None
    assert any("another process or clock" in warning for warning in found.warnings)
    assert "lock" not in parts_of(found)


def test_a_trace_of_another_time_is_not_used():
    story = one_request()
    story.intervals = [(one[0], one[1] + 10**9, one[2] + 10**9, *one[3:]) for one in story.intervals]
    found = divide(story.tables())
    assert any("only 0 calls" in warning for warning in found.warnings)
    assert_adds_up(found)


def test_what_the_trace_lacks_is_residue():
    story = one_request()
    story.intervals = [one for one in story.intervals if one[1] not in (1300, 1600)]
    found = parts_of(divide(story.tables()))
    assert found["residue"] == 340
    assert "lock" not in found


def test_a_goroutine_that_serves_another_connection_meanwhile_hands_over():
    story = one_request()
    story.connection(1, 4002)
    story.call(READ, 1650, 8, 4002)
    found = divide(story.tables())
    told = parts_of(found)
    assert not found.is_whole.any()
    assert told["handed over"] == 1650 - 1300
    assert told["on CPU"] == 130 + 50 + 120 + 10
    assert summed_steps(found) == told
    assert "several goroutines" in timeline_of(found, "r0", "diagnose", []).note


def test_what_another_goroutine_reads_on_is_followed_from_there():
    """As in net/http: a goroutine that reads in the background takes the first byte, the connection's own the rest."""
    story = one_request()
    story.goroutine(4, 900, 1050, WAITING, *READS, reason="network")
    story.goroutine(4, 1050, 1100, RUNNING, tid=6)
    story.rows["socket_calls"] = [row for row in story.rows["socket_calls"] if row["t_ns"] != 1100 or row["tid"] != 7]
    story.call(READ, 1090, 6, 4000, 1)
    story.call(READ, 1100, 7, 4000)
    found = divide(story.tables())
    told = parts_of(found)
    assert (told["lock"], told["residue"]) == (300, 10)  # nothing is known of the other one's thread
    assert "handed over" not in told
    assert not found.is_whole.any()


def test_a_request_that_timed_out_unanswered_is_followed_to_its_end():
    story = one_request()
    story.rows["socket_calls"] = [row for row in story.rows["socket_calls"] if row["tid"] != 8]
    story.rows["requests"][0].update(outcome=TIMEOUT, done_ns=1500)
    assert parts_of(divide(story.tables()))["lock"] == 200


def test_very_many_intervals_have_few_steps():
    story = one_request()
    story.intervals = [one for one in story.intervals if one[0] != 5 or one[2] <= 1110 or one[1] >= 1840]
    for at in range(1110, 1840, 2):
        story.goroutine(5, at, at + 1, WAITING, *MUTEX, reason="sync")
        story.goroutine(5, at + 1, at + 2, RUNNING, tid=8)
    found = divide(story.tables())
    assert parts_of(found)["lock"] == 365
    steps = steps_of(found)
    assert len(steps) < 500
    assert sum(length for *_, length in steps) == 900
    assert any(part == MANY for part, *_ in steps)


PART_OF = {
    "lock": (MUTEX, "sync"),
    "sleep": (SLEEP, "sleep"),
    "queue or hand-off": (("runtime.chansend1",), "chan send"),
}
PIECES = st.lists(st.tuples(st.sampled_from([*PART_OF]), st.integers(1, 90), st.integers(1, 30), st.integers(1, 40)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 50), st.integers(1, 40), PIECES), min_size=10, max_size=20))
def test_requests_of_known_truth_are_divided_exactly(requests: list[Any]):
    """One goroutine a request, each on another thread after each wait; every length drawn."""
    story, expected, now = Story(), [], 1000
    story.connection(0, 4000)
    for number, (way, first, pieces) in enumerate(requests):
        goroutine, begin, tid = 100 + number, now, 10
        story.goroutine(goroutine, now, now + way - 1, WAITING, *READS, reason="network")
        story.goroutine(goroutine, now + way - 1, now + way + first, RUNNING, tid=tid)
        now += way
        story.call(READ, now, tid, 4000)
        now += first
        truth = {"way in": way - 1, "reader on CPU": 1, "on CPU": first}
        for part, waited, runnable, running in pieces:
            stack, reason = PART_OF[part]
            tid += 1
            story.goroutine(goroutine, now, now + waited, WAITING, *stack, reason=reason)
            story.goroutine(goroutine, now + waited, now + waited + runnable, RUNNABLE, *stack, waker=1)
            now += waited + runnable
            story.goroutine(goroutine, now, now + running, RUNNING, tid=tid)
            now += running
            for name, value in ((part, waited), ("waiting for a P", runnable), ("on CPU", running)):
                truth[name] = truth.get(name, 0) + value
        story.call(WRITE, now, tid, 4000)
        story.request(begin, begin, now)
        now += 10
        expected.append(truth)
    for tid in range(10, 10 + max(len(one[-1]) for one in requests) + 1):
        story.wait(tid, 1, PARKED, 2)
        story.wait(tid, now + 10, PARKED, 2)
    found = divide(story.tables())
    assert found.is_whole.all()
    for row, truth in enumerate(expected):
        told = parts_of(found, row)
        assert told == {name: value for name, value in truth.items() if value}
        assert summed_steps(found, row) == told


NUMBERS = st.integers(0, 60) | st.integers(-(2**63), 2**63 - 1)
SMALL = st.integers(-1, 3)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_traces_never_crash_and_always_add_up(data: st.DataObject):
    """Intervals that overlap, run backwards, or are of no goroutine; calls of which half fit."""

    def draw(strategy: st.SearchStrategy[int]) -> int:
        return data.draw(strategy)

    story = Story()
    story.connection(0, 4000)
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, 60))
        story.request(begin, begin + draw(SMALL), begin + draw(st.integers(0, 40)), 0, draw(st.integers(0, 4)))
    for _ in range(draw(st.integers(10, 30))):
        story.call(draw(st.integers(0, 1)), draw(st.integers(0, 100)), draw(SMALL), 4000)
    for tid in range(3):
        story.goroutine(tid, 0, 100, draw(st.integers(0, 4)), tid=tid)
    for _ in range(draw(st.integers(0, 12))):
        story.goroutine(draw(SMALL), draw(NUMBERS), draw(NUMBERS), draw(st.integers(-1, 6)), *MUTEX, tid=draw(SMALL))
    for _ in range(draw(st.integers(0, 4))):
        story.wait(draw(SMALL), draw(st.integers(0, 60)), PARKED, draw(NUMBERS), draw(NUMBERS))
    found = divide(story.tables())
    assert_adds_up(found)
    everyone = np.ones(len(found.windows), dtype=np.bool_)
    for part in found.parts:
        PartPlaces(found).of(part, everyone)
    for row in np.flatnonzero(found.usable).tolist():
        assert sum(length for *_, length in steps_of(found, row)) == found.windows.latency_ns[row]


@pytest.mark.parametrize(
    ("reason", "functions", "expected"),
    [
        ("sync", MUTEX, "lock"),
        ("sync", ("sync.(*RWMutex).RLock", "main.get"), "lock"),
        ("sync", ("internal/sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).Lock", "sync.(*Once).doSlow"), "lock"),
        ("sync", ("sync.(*WaitGroup).Wait", "main.fan"), "queue or hand-off"),
        ("sync.(*Cond).Wait", ("sync.(*Cond).Wait", "main.pop"), "queue or hand-off"),
        ("chan send", ("runtime.chansend1", "main.handOff"), "queue or hand-off"),
        ("select", ("runtime.selectgo", "net/http.(*persistConn).roundTrip", "main.ask"), "network"),
        ("select", ("runtime.selectgo", "main.ask", "net/http.(*conn).serve", "net/http.(*Transport).x"),
         "queue or hand-off"),
        ("network", READS, "network"),
        ("network", ("internal/poll.(*FD).Read", "os.(*File).Read", "os/exec.(*Cmd).Output"), "child process"),
        ("sleep", SLEEP, "sleep"),
        ("GC mark assist wait for work", (), "GC wait"),
        ("", SLEEP, "sleep"),
        ("", MUTEX, "lock"),
        ("", (), "blocked, cause unknown"),
        ("forever", ("runtime.block",), "queue or hand-off"),
        ("system goroutine wait", ("runtime.gopark",), "blocked, cause unknown"),
    ],
)  # fmt: skip
def test_why_goroutines_wait_is_told_by_reason_and_stack(reason: str, functions: tuple[str, ...], expected: str):
    assert wait_of(reason, functions) == expected


def test_a_channel_that_nobody_made_ready_is_a_timer():
    story = one_request()
    story.intervals = [one for one in story.intervals if one[1] not in (1300, 1600)]
    story.goroutine(5, 1300, 1600, WAITING, "runtime.chanrecv1", "main.backOff", reason="chan receive")
    story.goroutine(5, 1600, 1640, RUNNABLE, "runtime.chanrecv1", "main.backOff")
    assert parts_of(divide(story.tables()))["sleep"] == 300


@pytest.mark.parametrize("version", ["1.22", "1.23", "1.25", "1.26"])
def test_a_recorded_trace_is_read_as_it_was_written(version: str):
    """Sums of states as Go's own reader tells them; the expected values lie beside the trace."""
    truth = json.loads((TRACES / f"go{version}.json").read_text())
    table = read_goroutines(TRACES / f"go{version}.trace")
    assert not isinstance(table, str)
    states = {"running": RUNNING, "assist": ASSISTING, "runnable": RUNNABLE, "waiting": WAITING, "syscall": SYSCALL}
    lengths = table.end_ns - table.begin_ns
    for number, lives in truth["goroutines"].items():
        for name, state in states.items():
            expected = sum(life["states"].get(name, {}).get("ns", 0) for life in lives)
            assert lengths[(table.goroutine == int(number)) & (table.state == state)].sum() == expected
    assert table.begin_ns.min() >= truth["begin_ns"]
    assert table.end_ns.max() <= truth["end_ns"]
    sleeping = table.state == WAITING
    asleep = [row for row in np.flatnonzero(sleeping) if table.reasons[table.reason[row]] == "sleep"]
    assert asleep
    assert all(table.stacks.functions(int(table.stack[row]))[0] == "time.Sleep" for row in asleep)


def test_a_trace_that_is_cut_or_too_long_is_read_in_part_and_one_that_is_none_is_refused(tmp_path: Path):
    whole = (TRACES / "go1.26.trace").read_bytes()
    path = tmp_path / "cut.trace"
    path.write_bytes(whole[: len(whole) // 3])
    cut = read_goroutines(path)
    assert not isinstance(cut, str)
    table = read_goroutines(TRACES / "go1.26.trace")
    assert not isinstance(table, str)
    assert len(cut) < len(table)
    some = read_goroutines(TRACES / "go1.26.trace", most=10)
    assert not isinstance(some, str)
    assert len(some) == 10
    assert any("first 10 are used" in warning for warning in some.warnings)
    path.write_bytes(b"no trace at all")
    assert "cannot be read" in str(read_goroutines(path))
    assert "cannot be read" in str(read_goroutines(tmp_path / "absent.trace"))

"""The parts of requests: exact to the nanosecond where everything is known, and adding up where nothing is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.request_stories import (
    DISK,
    LOCK,
    MAIN,
    PARKED,
    READ,
    RECEIVE,
    SLEEP,
    TIMEOUT,
    WRITE,
    Story,
    one_connection,
)

from tailtune.errors import UsageError
from tailtune.judge.blocked_causes import PATTERNS, Cause, cause_of, told_by
from tailtune.judge.part_names import kind_of_part
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_timeline import MANY, timeline_of
from tailtune.model.request_parts import PartKind


def parts_of(story: Story, row: int = 0) -> dict[str, int]:
    """The parts of one request that take any time."""
    found = divide(story.tables())
    assert_adds_up(found)
    return {name: int(values[row]) for name, values in found.parts.items() if values[row]}


def assert_adds_up(found: RequestParts) -> None:
    total = sum(found.parts.values(), np.zeros(len(found.windows), dtype=np.int64))
    assert (total[found.usable] == found.windows.latency_ns[found.usable]).all()
    assert all((values >= 0).all() for values in found.parts.values())
    assert not total[~found.usable].any()


def steps_of(found: RequestParts, row: int = 0) -> list[tuple[str, int, int]]:
    steps = timeline_of(found, f"r{row}", "diagnose", ["get"]).steps
    return [(step.part, step.begin_ns, step.length_ns) for step in steps]


def test_a_thread_of_its_own_tells_all_parts():
    assert parts_of(one_connection()) == {
        "client queue": 10,
        "way in": 20,
        "reader runnable": 40,
        "reader on CPU": 30,
        "on CPU": 300,
        "lock": 300,
        "runnable": 50,
        "sleep": 100,
        "way back": 50,
    }


def test_its_steps_stand_in_the_order_of_time_and_add_up():
    found = divide(one_connection().tables())
    assert steps_of(found) == [
        ("client queue", 0, 10),
        ("way in", 10, 20),
        ("reader runnable", 30, 40),
        ("reader on CPU", 70, 30),
        ("on CPU", 100, 100),
        ("lock", 200, 300),
        ("runnable", 500, 50),
        ("on CPU", 550, 50),
        ("sleep", 600, 100),
        ("on CPU", 700, 150),
        ("way back", 850, 50),
    ]


def test_steps_name_thread_and_functions():
    story = one_connection()
    story.thread(7, "worker-7", 5950, 5950 - 380 - 80 - 40 - 5000)
    story.sample(7, 1150, "memchr", "shop::search::scan", MAIN)
    story.sample(8, 1520, "shop::report::render", cpu=3)
    story.sample(7, 1560, "shop::cache::get", MAIN, cpu=3)
    timeline = timeline_of(divide(story.tables()), "r0", "diagnose", ["get"])
    by_part = {(step.part, step.begin_ns): step for step in timeline.steps}
    assert by_part["on CPU", 100].functions == ["search::scan"]
    assert by_part["runnable", 500].functions == ["report::render"]
    lock = by_part["lock", 200]
    assert (lock.tid, lock.thread, lock.place) == (7, "worker-7", "cache::get")
    assert lock.functions[0] == "syscall"
    assert (timeline.operation, timeline.outcome, timeline.latency_ns, timeline.rank) == ("get", "ok", 900, 1.0)
    assert timeline.note == ""


def test_without_states_of_threads_the_server_is_one_part():
    found = parts_of(one_connection(waits=False))
    assert found == {"client queue": 10, "way in": 90, "server": 750, "way back": 50}


def test_a_request_that_never_left_the_client_queue_is_all_queue():
    story = one_connection()
    story.request(1000, 0, 4000, 2**32 - 1, TIMEOUT)
    assert parts_of(story, 1) == {"client queue": 3000}


def test_what_is_not_told_is_not_divided():
    story = one_connection()
    story.rows["socket_calls"] = []
    assert parts_of(story) == {"client queue": 10, "not divided": 890}


def test_clocks_that_contradict_each_other_are_no_error():
    story = one_connection()
    story.request(2000, 1500, 2600)  # sent before it was to start
    story.request(2000, 2100, 1900)  # ended before it was to start
    assert parts_of(story, 1) == {"not divided": 600}
    assert parts_of(story, 2) == {}
    assert steps_of(divide(story.tables()), 2) == []


def test_a_request_handed_to_another_thread_is_known_at_both_ends():
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 2000)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1900, 8, 4000)
    story.wait(7, 1000, (*PARKED,), 60, 20)
    story.wait(7, 1150, (*PARKED,), 5000)
    story.wait(8, 100, (*PARKED,), 1500, 100)
    story.wait(8, 2500, (*PARKED,), 100)
    assert parts_of(story) == {
        "way in": 60,
        "reader runnable": 20,
        "reader on CPU": 20,
        "on CPU": 50 + 200,
        "handed over": 550,
        "way back": 100,
    }
    found = divide(story.tables())
    assert [part for part, *_ in steps_of(found)][3:] == ["on CPU", "handed over", "on CPU", "way back"]
    assert "several threads" in timeline_of(found, "r0", "diagnose", []).note


def test_a_thread_that_turns_to_another_connection_does_not_count_as_computing():
    story = one_connection()
    story.connection(1, 4001)
    story.call(READ, 1560, 7, 4001)
    story.call(WRITE, 1800, 7, 4001)
    found = parts_of(story)
    assert found["on CPU"] == 100 + 50  # until it waits for the lock; since it turned back
    assert found["handed over"] == 600


def test_a_task_that_waits_off_its_thread_is_handed_over():
    story = one_connection()
    story.rows["waits"] = [row for row in story.rows["waits"] if row["t_ns"] != 1600]
    story.wait(7, 1600, PARKED, 100)
    found = parts_of(story)
    assert found["handed over"] == 100
    assert kind_of_part("handed over") is PartKind.UNKNOWN


def test_a_reader_that_is_busy_or_blocked_is_what_a_request_waits_for():
    story = one_connection()
    story.rows["waits"] = []
    story.wait(7, 900, (*SLEEP, MAIN), 160)
    story.wait(7, 1900, (*RECEIVE, MAIN), 100)
    found = parts_of(story)
    assert found["reader blocked: sleep"] == 50
    assert found["reader on CPU"] == 40
    assert "way in" not in found
    assert kind_of_part("reader on CPU") is PartKind.WAITING


def test_a_reader_that_waits_for_the_network_elsewhere_delays_what_it_reads_later():
    """As a worker does that asks another service and blocks; waiting for this very request delays nobody."""
    story = one_connection()
    story.connection(1, 4001)
    story.rows["waits"] = []
    story.wait(7, 900, (*RECEIVE, "shop::ask_backend"), 150)
    story.call(WRITE, 1060, 7, 4001)
    story.wait(7, 1070, (*RECEIVE, MAIN), 20)
    story.wait(7, 1900, (*RECEIVE, MAIN), 100)
    found = divide(story.tables())
    assert_adds_up(found)
    told = {name: int(values[0]) for name, values in found.parts.items() if values[0]}
    assert (told["reader blocked: network"], told["way in"], told["reader on CPU"]) == (40, 20, 30)
    places = PartPlaces(found).of("reader blocked: network", np.ones(1, dtype=np.bool_))
    assert [(one.function, one.count) for one in places] == [("shop::ask_backend", 1)]
    assert steps_of(found)[1:5] == [
        ("reader blocked: network", 10, 40),
        ("reader on CPU", 50, 10),
        ("reader on CPU", 60, 10),
        ("way in", 70, 20),
    ]


def test_what_happened_before_or_after_the_recording_is_residue():
    story = one_connection()
    story.rows["waits"] = []
    story.wait(7, 1300, (*LOCK, MAIN), 100)
    story.wait(7, 1500, (*LOCK, MAIN), 100)
    found = parts_of(story)
    assert found["residue"] == (1300 - 1100) + (1850 - 1600)
    assert (found["lock"], found["on CPU"], found["way in"]) == (200, 100, 90)
    timeline = steps_of(divide(story.tables()))
    assert ("residue", 100, 200) in timeline
    assert ("residue", 600, 250) in timeline


def test_a_request_longer_than_the_recording_is_divided_as_far_as_it_goes():
    story = Story()
    story.connection(0, 4000)
    story.request(1, 2, 10**9, outcome=TIMEOUT)
    story.call(READ, 100, 7, 4000)
    story.wait(7, 50, (*RECEIVE, MAIN), 40)
    story.wait(7, 500, (*DISK, MAIN), 300)
    found = parts_of(story)
    assert (found["disk I/O"], found["on CPU"]) == (300, 400)
    assert found["residue"] == 10**9 - 800


def test_what_the_sampler_lost_is_residue():
    story = one_connection()
    story.thread(7, "worker", 5_950, 180)  # 5,570 in `waits`, so that 200 are in no state: from 1700 to 1900
    found = parts_of(story)
    assert (found["residue"], found["on CPU"], found["reader on CPU"]) == (150, 150, 30)
    assert steps_of(divide(story.tables()))[-2:] == [("residue", 700, 150), ("way back", 850, 50)]


def test_a_little_that_was_lost_does_not_make_computing_unknown():
    story = one_connection()
    story.thread(7, "worker", 5_950, 290)  # 90 in no state, where the longest stretch without a row is 200
    assert "residue" not in parts_of(story)


def test_a_thread_that_nobody_saw_has_no_states():
    story = one_connection()
    for row in story.rows["waits"]:
        row["tid"] = 9
    found = parts_of(story)
    assert (found["residue"], found["way in"]) == (750, 90)


def test_waits_that_overlap_are_cut():
    story = one_connection()
    story.wait(7, 1300, (*SLEEP, MAIN), 10)
    found = divide(story.tables())
    assert found.times.cut == 1
    assert_adds_up(found)


def test_no_request_and_no_row_at_all():
    found = divide(Story().tables())
    assert found.parts == {}
    assert len(found.windows) == 0


def test_functions_of_parts():
    story = one_connection()
    for at in (1110, 1120, 1560):
        story.sample(7, at, "shop::scan", MAIN, cpu=2)
    story.sample(7, 1750, "shop::render", MAIN, cpu=2)
    story.sample(7, 1865, "shop::later", MAIN, cpu=2)
    story.sample(8, 1510, "shop::neighbor", cpu=2)
    story.sample(8, 1510, "shop::elsewhere", cpu=1)
    found = divide(story.tables())
    places = PartPlaces(found)
    everyone = np.ones(1, dtype=np.bool_)
    computing = places.of("on CPU", everyone)
    assert [(one.function, one.share, one.count) for one in computing] == [
        ("shop::scan", 0.75, 3),
        ("shop::render", 0.25, 1),
    ]
    assert [one.function for one in places.of("runnable", everyone)] == ["shop::neighbor"]
    assert [(one.function, one.count) for one in places.of("lock", everyone)] == [("cache::get", 1)]
    assert places.of("way back", everyone) == []
    assert places.of("lock", np.zeros(1, dtype=np.bool_)) == []


def test_a_request_with_very_many_waits_has_few_steps():
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 100_000)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 99_000, 7, 4000)
    for number in range(900):
        story.wait(7, 1200 + number * 100, (*LOCK, MAIN), 10 + number % 7)
    story.wait(7, 99_500, (*RECEIVE, MAIN), 10)
    found = divide(story.tables())
    steps = timeline_of(found, "r0", "diagnose", []).steps
    assert len(steps) < 1000
    assert sum(step.length_ns for step in steps) == 99_000
    assert any(step.part == MANY for step in steps)


@pytest.mark.parametrize("handle", ["r1", "1", "x", "r-1", "r99999999999999", ""])
def test_a_handle_of_no_request_is_refused(handle: str):
    with pytest.raises(UsageError, match="names no request"):
        timeline_of(divide(one_connection().tables()), handle, "diagnose", [])


CAUSES = {Cause.LOCK: LOCK, Cause.SLEEP: SLEEP, Cause.DISK: DISK}
PIECES = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(list(CAUSES)), st.integers(0, 90), st.integers(0, 30)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, 40), PIECES, st.integers(0, 50), st.integers(0, 40)),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 4),
)
def test_requests_of_known_truth_are_divided_exactly(requests: list[Any], connections: int):
    """Connections with a thread each, requests one after the other on each; every length drawn."""
    story, expected, clock = Story(), [], [1000] * connections
    for number in range(connections):
        story.connection(number, 4000 + number)
        story.wait(100 + number, 1, (*RECEIVE, MAIN), 2)
    for number, (queue, way_in, pieces, last, way_back) in enumerate(requests):
        at = number % connections
        tid, port, begin = 100 + at, 4000 + at, clock[at]
        sent = begin + queue
        story.wait(tid, begin - 1, (*RECEIVE, MAIN), queue + way_in)
        now = sent + way_in
        story.call(READ, now, tid, port)
        truth: dict[str, int] = {"client queue": queue, "way in": way_in - 1, "reader on CPU": 1, "on CPU": 1}
        now += 1  # a thread is on its CPU for a moment, or two waits would begin at once
        for running, cause, blocked, runnable in pieces:
            now += running + 1
            story.wait(tid, now, (*CAUSES[cause], MAIN), blocked, runnable)
            now += blocked + runnable
            for part, value in (("on CPU", running + 1), (str(cause), blocked), ("runnable", runnable)):
                truth[part] = truth.get(part, 0) + value
        now += last + 1
        truth["on CPU"] += last + 1
        story.call(WRITE, now, tid, port)
        truth["way back"] = way_back
        story.request(begin, sent, now + way_back, at)
        clock[at] = now + way_back + 10
        expected.append(truth)
    for number in range(connections):
        story.wait(100 + number, 10**6, (*RECEIVE, MAIN), 2)
    found = divide(story.tables())
    assert_adds_up(found)
    assert found.is_whole.all()
    for row, truth in enumerate(expected):
        told = {name: int(values[row]) for name, values in found.parts.items() if values[row]}
        assert told == {name: value for name, value in truth.items() if value}
        by_step: dict[str, int] = {}
        for part, _, length in steps_of(found, row):
            by_step[part] = by_step.get(part, 0) + length
        assert by_step == told


NUMBERS = st.integers(0, 60) | st.integers(-(2**63), 2**63 - 1)
TIDS = st.integers(0, 3) | st.integers(-(2**31), 2**31 - 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_tables_never_crash(data: st.DataObject):
    story = Story()
    stacks = [story.stack(*stack) for stack in (LOCK, SLEEP, PARKED)] + [77]

    def draw(strategy: st.SearchStrategy[int]) -> int:
        return data.draw(strategy)

    for _ in range(draw(st.integers(0, 8))):
        intended, sent, done = (draw(NUMBERS) for _ in range(3))
        story.request(intended, sent, done, draw(st.integers(0, 2)), draw(st.integers(0, 9)))
    for number in range(2):
        story.connection(number, 4000, draw(NUMBERS), draw(NUMBERS))
    for _ in range(draw(st.integers(0, 12))):
        story.call(draw(st.integers(0, 9)), draw(NUMBERS), draw(TIDS), 4000, draw(NUMBERS))
    for _ in range(draw(st.integers(0, 8))):
        story.wait(draw(TIDS), draw(NUMBERS), LOCK, draw(NUMBERS), draw(NUMBERS))
        story.rows["waits"][-1]["stack"] = stacks[draw(st.integers(0, 3))]
        story.sample(draw(TIDS), draw(NUMBERS), *SLEEP, cpu=draw(TIDS))
        story.thread(draw(TIDS), "t", draw(NUMBERS), draw(NUMBERS))
    found = divide(story.tables())
    assert_adds_up(found)
    everyone = np.ones(len(found.windows), dtype=np.bool_)
    for part in found.parts:
        places, waits = PartPlaces(found), PartPlaces(found).waits(part, everyone)
        assert all(0 <= place.share <= 1 for place in [*places.of(part, everyone), *places.holders(part, everyone)])
        assert waits.lasted_ns.sum() <= found.parts[part].sum()
    for row in range(len(found.windows)):
        steps = timeline_of(found, f"r{row}", "diagnose", []).steps
        if found.usable[row]:
            assert sum(step.length_ns for step in steps) == found.windows.latency_ns[row]


def cause(*functions: str, kernel: int = 0) -> Cause:
    """Of a stack, leaf first, whose first `kernel` frames are the kernel's."""
    return cause_of([told_by(name, kernel=at < kernel) for at, name in enumerate(functions)])


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        (("__lll_lock_wait", "pthread_mutex_lock@@GLIBC_2.2.5", "handle"), Cause.LOCK),
        (LOCK, Cause.LOCK),
        (("syscall", "parking_lot_core::parking_lot::park", "parking_lot::raw_mutex::RawMutex::lock_slow"), Cause.LOCK),
        (("syscall", "parking_lot_core::parking_lot::park", "dashmap::lock::RawRwLock::lock_shared_slow"), Cause.LOCK),
        (("__futex_abstimed_wait_common", "pthread_cond_wait@@GLIBC_2.3.2", "shop::queue::pop"), Cause.QUEUE),
        (("__futex_abstimed_wait_common64", "__futex_abstimed_wait_common"), Cause.QUEUE),
        (("__futex_abstimed_wait_common64", "pthread_rwlock_rdlock", "shop::own::read"), Cause.LOCK),
        (("syscall", "std::sys::sync::condvar::futex::Condvar::wait_optional_timeout"), Cause.QUEUE),
        (("syscall", "std::thread::park", "std::sync::mpmc::list::Channel<T>::recv"), Cause.QUEUE),
        (("syscall", "std::sys::pal::unix::futex::futex_wait", "shop::own::wait"), Cause.LOCK),
        (("__GI___clock_nanosleep", "__GI___nanosleep", "std::thread::sleep"), Cause.SLEEP),
        (("__GI_epoll_wait", "shop::event::loop"), Cause.EVENTS),
        (("epoll_wait", "mio::poll::Poll::poll", "tokio::runtime::park::Parker::park"), Cause.HANDED_OVER),
        (PARKED, Cause.HANDED_OVER),
        (("syscall", "parking_lot::condvar::Condvar::wait_until_internal",
          "tokio::runtime::scheduler::multi_thread::park::Inner::park_condvar"), Cause.HANDED_OVER),
        (("clock_nanosleep", "shop::job", "tokio::runtime::blocking::pool::Inner::run"), Cause.SLEEP),
        (("syscall", "parking_lot::condvar::Condvar::wait_for", "tokio::runtime::blocking::pool::Inner::run"),
         Cause.HANDED_OVER),
        (("syscall", "std::sync::poison::condvar::Condvar::wait_timeout", "tokio::runtime::blocking::pool::run_worker"),
         Cause.HANDED_OVER),
        (("runtime.futex", "runtime.futexsleep", "runtime.lock2", "runtime.mallocgc", "main.work"), Cause.LOCK),
        (("internal/runtime/syscall.Syscall6", "syscall.read", "internal/poll.(*FD).Read", "net.(*netFD).Read"),
         Cause.NETWORK),
        (("internal/runtime/syscall.Syscall6", "syscall.Fsync", "os.(*File).Sync", "main.save"), Cause.DISK),
        (("recv", "<std::net::tcp::TcpStream as std::io::Read>::read"), Cause.NETWORK),
        (("__libc_read", "<&std::net::tcp::TcpStream as std::io::Read>::read"), Cause.NETWORK),
        (("__GI___libc_read", "main"), Cause.NETWORK),
        (("pread64", "std::fs::File::read_at"), Cause.DISK),
        (("write", "std::io::stdio::Stdout::lock::write_all"), Cause.DISK),
        (("__lll_lock_wait_private", "_int_free", "cfree@GLIBC_2.2.5", "shop::render"), Cause.ALLOCATOR),
        (("__lll_lock_wait_private", "__libc_malloc", "alloc::alloc::alloc", "shop::render"), Cause.ALLOCATOR),
        (("__lll_lock_wait_private", "_IO_puts", "shop::print"), Cause.LOCK),
        (("nanosleep", "tcmalloc::SpinLock::SlowLock", "tc_malloc", "shop::render"), Cause.ALLOCATOR),
        (("__wait4", "std::process::Child::wait"), Cause.CHILD),
        (("[off-CPU since before its first switch]",), Cause.UNKNOWN),
        (("shop::spin",), Cause.UNKNOWN),
        ((), Cause.UNKNOWN),
    ],
)  # fmt: skip
def test_causes_are_told_by_functions(functions: tuple[str, ...], expected: Cause):
    assert cause(*functions) is expected


@pytest.mark.parametrize(
    ("kernel", "user", "expected"),
    [
        (("io_schedule", "folio_wait_bit_common", "filemap_read", "ext4_file_read_iter"), ("read", "main"), Cause.DISK),
        (("io_schedule", "filemap_fault", "__do_fault", "handle_mm_fault", "exc_page_fault"), ("shop::scan",),
         Cause.PAGE_FAULT),
        (("shrink_lruvec", "try_to_free_pages", "__handle_mm_fault", "exc_page_fault"), ("shop::scan",), Cause.RECLAIM),
        (("rwsem_down_write_slowpath", "vm_mmap_pgoff"), ("mmap", "shop::map"), Cause.ADDRESS_SPACE),
        (("rwsem_down_read_slowpath", "down_read"), ("shop::map",), Cause.LOCK),
        (("rwsem_down_write_slowpath", "vm_mmap_pgoff"), ("mmap", "malloc"), Cause.ADDRESS_SPACE),
        (("io_schedule", "filemap_fault", "exc_page_fault"), ("_int_malloc", "malloc"), Cause.PAGE_FAULT),
        (("throttle_cfs_rq_work", "task_work_run"), ("shop::scan",), Cause.QUOTA),
        (("do_wait", "kernel_wait4"), ("waitpid",), Cause.CHILD),
        (("unix_stream_read_generic",), ("recvmsg",), Cause.NETWORK),
    ],
)  # fmt: skip
def test_the_kernels_part_of_a_stack_tells_more(kernel: tuple[str, ...], user: tuple[str, ...], expected: Cause):
    assert cause(*kernel, *user, kernel=len(kernel)) is expected


def test_every_pattern_has_its_reason():
    assert all(len(row.reason) > 5 for row in PATTERNS)


JOB_SLEEP = (*SLEEP, "shop::report::pack", "tokio::runtime::blocking::pool::Inner::run")
NO_EVENT = ("do_epoll_wait", "mio::poll::Poll::poll", "tokio::runtime::scheduler::current_thread::Context::park")


def handed_to_a_pool() -> Story:
    """Thread 7 reads at 1100 and waits for events from 1150; 8 of the pool sleeps until 1600 and wakes it at 1700."""
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 2000)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1900, 7, 4000)
    story.wait(7, 1000, NO_EVENT, 60, 20)
    story.wait(7, 1150, NO_EVENT, 550, 30)
    story.wait(7, 1950, NO_EVENT, 5000)
    story.wait(8, 500, JOB_SLEEP, 1100, 20)
    story.wait(8, 1720, JOB_SLEEP, 5000)
    return story


def test_what_the_thread_did_that_woke_the_writer_is_what_a_task_waited_for() -> None:
    story = handed_to_a_pool()
    assert parts_of(story) == {
        "way in": 60,
        "reader runnable": 20,
        "reader on CPU": 20,
        "on CPU": 50 + 170,
        "other thread blocked: sleep": 450,
        "other thread runnable": 20 + 30,
        "other thread on CPU": 80,
        "way back": 100,
    }
    found = divide(story.tables())
    assert steps_of(found)[4:9] == [
        ("other thread blocked: sleep", 150, 450),
        ("other thread runnable", 600, 20),
        ("other thread on CPU", 620, 80),
        ("other thread runnable", 700, 30),
        ("on CPU", 730, 170),
    ]
    assert "inferred" in timeline_of(found, "r0", "diagnose", []).note
    members = np.ones(1, dtype=np.bool_)
    [place] = PartPlaces(found).of("other thread blocked: sleep", members)
    assert place.function == "report::pack"
    assert kind_of_part("other thread on CPU") is PartKind.WAITING


def at_once(story: Story) -> float | None:
    places, members = PartPlaces(divide(story.tables())), np.ones(1, dtype=np.bool_)
    assert places.taken_at_once("other thread on CPU", members) is None
    return places.taken_at_once("other thread blocked: sleep", members)


def test_a_thread_that_was_idle_when_a_request_came_worked_for_it_and_a_busy_one_for_others() -> None:
    assert at_once(handed_to_a_pool()) == 0.0
    story = handed_to_a_pool()
    story.rows["waits"] = [row for row in story.rows["waits"] if row["tid"] != 8]
    assert at_once(story) is None
    story.wait(8, 500, ("futex_wait", "tokio::runtime::blocking::pool::Inner::run"), 610)
    story.wait(8, 1140, JOB_SLEEP, 460, 20)
    story.wait(8, 1720, JOB_SLEEP, 5000)
    assert at_once(story) == 1.0


def test_a_thread_without_work_tells_nothing_of_a_task() -> None:
    story = handed_to_a_pool()
    story.rows["waits"] = [row for row in story.rows["waits"] if row["tid"] != 8]
    story.wait(8, 500, ("futex_wait", "tokio::runtime::blocking::pool::Inner::run"), 1100, 20)
    story.wait(8, 1720, JOB_SLEEP, 5000)
    found = parts_of(story)
    assert (found["handed over"], found["other thread on CPU"]) == (450, 80)


@pytest.mark.parametrize("busy", [True, False])
def test_where_several_threads_or_none_had_a_cpu_nothing_is_inferred(busy: bool) -> None:
    story = handed_to_a_pool()
    if busy:
        story.wait(9, 1000, JOB_SLEEP, 300)
        story.wait(9, 1800, JOB_SLEEP, 300)
    else:
        story.rows["waits"] = [row for row in story.rows["waits"] if row["tid"] != 8]
    assert parts_of(story)["handed over"] == 580


def test_threads_that_take_turns_tell_nothing() -> None:
    found = divide(handed_to_a_pool().tables(), turns=True)
    assert_adds_up(found)
    assert found.parts["handed over"].tolist() == [550]

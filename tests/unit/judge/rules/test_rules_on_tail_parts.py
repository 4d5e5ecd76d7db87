"""Rules that read what the slowest requests waited for: what triggers each, and a near miss that must not."""

import dataclasses

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, estimate, facts, one
from tests.support.request_results import COMPUTING, UNKNOWN, WAITING, part
from tests.support.results import estimate as interval

from tailtune.judge.cause import Cause
from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.judge.request_bands import GO_TRACE
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import RequestTimes
from tailtune.model.finding import Strength
from tailtune.model.request_parts import PartShare, Place, RequestBands
from tailtune.model.summary import CpuSummary

MEAN = 20e6
SERVE = "start_thread;my_service::serve"
RECV = f"{SERVE};my_service::book;std::sync::mpmc::list::Channel::recv;std::thread::park;futex_wait"
JOIN = f"{SERVE};my_service::sum;std::thread::scoped::scope;std::thread::park;futex_wait"
POLLED = "start_thread;tokio::runtime::task::core::poll;limits::fetch;std::io::read_exact;recv"
JOB = "start_thread;tokio::runtime::blocking::pool::Inner::run;my_service::pack;std::thread::sleep;clock_nanosleep"
NO_JOB = "start_thread;tokio::runtime::blocking::pool::Inner::run;std::sync::Condvar::wait_timeout"


def with_tail(*parts: PartShare, off_cpu: dict[str, tuple[int, float]] | None = None) -> Facts:
    """Facts with these parts of the requests above p99, 20 ms each, and waits of threads: stack → number and ns."""
    band = msgspec.structs.replace(request_results.TAIL, parts=list(parts), mean_ns=MEAN)
    bands = RequestBands(
        window="diagnose",
        requests=1600,
        divided=1600,
        handed_over=0,
        bands=[request_results.MEDIAN, band],
        coverage=None,
        undivided=[],
        warnings=[],
    )
    return dataclasses.replace(facts(), bands=bands, off_cpu=waits(off_cpu) if off_cpu else None)


def waits(stacks: dict[str, tuple[int, float]]) -> StackProfile:
    lines = [f"{stack} {count}" for stack, (count, _) in stacks.items()]
    profile = StackProfile.from_collapsed(lines, "profiles/off-cpu.diagnose.pb.gz")
    return dataclasses.replace(profile, values=profile.values * 0 + [ns for _, ns in stacks.values()])


@pytest.mark.parametrize(
    ("rule", "name", "title"),
    [
        ("sleep", "sleep", "requests above p99 sleep in cart::wait: 19.4 ms each, 97.0 % of their time"),
        ("thread-lock", "lock", "requests above p99 wait for a lock in cart::wait: 19.4 ms each, 97.0 % of their time"),
        (
            "thread-hand-off",
            "queue or hand-off",
            "requests above p99 wait for another thread in cart::wait: 19.4 ms each, 97.0 % of their time",
        ),
        (
            "blocking-call",
            "reader blocked: disk I/O",
            "requests above p99 wait for a thread that serves several connections and is blocked in cart::wait "
            "(disk I/O): 19.4 ms each, 97.0 % of their time",
        ),
    ],
)
def test_what_most_of_the_tail_waits_for_is_named_with_its_place(rule, name, title):
    most = part(name, WAITING, 0.97, MEAN, ("cart::wait", 1.0, 16))
    cause = one(rule, with_tail(most, part("way in", WAITING, 0.03, MEAN)))
    assert cause.finding.id == f"{rule}:cart::wait"
    assert cause.finding.title == title
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.finding.strength is Strength.STRONG
    assert cause.saving == cause.finding.share.point == pytest.approx(0.97)
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "16 requests took 6.81 ms to 38.4 ms, 20.0 ms on average",
        f"{name}: cart::wait (100 %)",
        "look at one: tailtune explain --request r1204",
    ]


def test_who_had_the_lock_is_said_to_be_inferred():
    lock = part("lock", WAITING, 0.97, MEAN, ("cart::price", 1.0, 16))
    held = [Place(function="table::fetch called by table::refresh", share=0.92, count=410)]
    cause = one("thread-lock", with_tail(msgspec.structs.replace(lock, holders=held)))
    assert cause.finding.id == "thread-lock:cart::price"
    assert cause.finding.evidence[0].text == (
        "held meanwhile, inferred from what the threads did that ended these waits: "
        "table::fetch called by table::refresh (92 %)"
    )
    assert cause.finding.evidence[0].count == 410


@pytest.mark.parametrize("rule", ["sleep", "thread-lock", "thread-hand-off", "blocking-call", "blocking-pool"])
def test_a_small_part_another_part_or_none_at_all_is_no_finding(rule):
    names = ["sleep", "lock", "queue or hand-off", "reader blocked: sleep", "handed over"]
    small = [part(name, WAITING, 0.09, MEAN, ("cart::wait", 1.0, 16)) for name in names]
    assert apply(rule, with_tail(*small, off_cpu={JOB: (20, 1e9)})) == []
    assert apply(rule, with_tail(part("disk I/O", WAITING, 0.97, MEAN, ("cart::wait", 1.0, 16)))) == []
    assert apply(rule, facts()) == []


def test_the_requests_that_made_the_blocking_call_count_as_well():
    tail = [
        part("reader blocked: network", WAITING, 0.6, MEAN, ("limits::fetch", 0.9, 16), ("limits::other", 0.1, 2)),
        part("reader blocked: lock", WAITING, 0.1, MEAN, ("limits::other", 1.0, 2)),
        part("network", WAITING, 0.2, MEAN, ("limits::fetch", 1.0, 4)),
        part("disk I/O", WAITING, 0.05, MEAN, ("limits::read", 1.0, 4)),
    ]
    cause = one("blocking-call", with_tail(*tail, off_cpu={POLLED: (30, 1e9), f"{SERVE};limits::read;read": (4, 1e6)}))
    assert cause.finding.id == "blocking-call:limits::fetch"
    assert cause.finding.share.point == pytest.approx(0.9)
    assert cause.finding.share.low is not None
    assert cause.finding.share.low < 0.9


def test_a_call_that_blocks_in_a_task_needs_no_other_request_that_waits():
    own = part("network", WAITING, 0.9, MEAN, ("limits::fetch", 1.0, 16))
    assert one("blocking-call", with_tail(own, off_cpu={POLLED: (30, 1e9)})).finding.share.point == pytest.approx(0.9)
    assert apply("blocking-call", with_tail(own, off_cpu={f"{SERVE};limits::fetch;recv": (30, 1e9)})) == []
    pooled = POLLED.replace("limits::fetch", "tokio::runtime::blocking::task::poll;limits::fetch")
    assert apply("blocking-call", with_tail(own, off_cpu={pooled: (30, 1e9)})) == []
    assert apply("blocking-call", with_tail(own)) == []


def test_a_wait_that_was_seen_is_not_told_from_its_length_as_well():
    service = np.concatenate([np.full(970, 1e6), np.linspace(20e6, 20.5e6, 30)])
    times = RequestTimes(service, service)
    slept, sent = (part(name, WAITING, 0.97, MEAN, ("cart::wait", 1.0, 16)) for name in ("sleep", "events"))
    assert one("fixed-wait", dataclasses.replace(facts(), times=times)).finding.id == "fixed-wait:19ms"
    assert one("fixed-wait", dataclasses.replace(with_tail(sent), times=times)).finding.id == "fixed-wait:19ms"
    assert apply("fixed-wait", dataclasses.replace(with_tail(slept), times=times)) == []


def test_a_pool_is_told_from_its_threads_where_stacks_do_not_show_the_job():
    blocked = part("other thread blocked: network", WAITING, 0.9, MEAN, ("__libc_recv", 1.0, 60))
    of_pool = msgspec.structs.replace(blocked, on_pool=0.9, at_once=0.1)
    jobs = {JOB.replace("my_service::pack", f"my_service::step_{number}"): (1, 1e3) for number in range(200)}
    unseen = {"start_thread;__libc_recv": (60, 4e9), **jobs}
    cause = one("blocking-pool", with_tail(of_pool, off_cpu=unseen))
    assert cause.finding.id == "blocking-pool"
    assert "whose threads are blocked (other thread blocked: network)" in cause.finding.title
    assert apply("thread-hand-off", with_tail(of_pool, off_cpu=unseen)) == []
    elsewhere = msgspec.structs.replace(of_pool, on_pool=0.2)
    assert apply("blocking-pool", with_tail(elsewhere, off_cpu=unseen)) == []
    assert one("thread-hand-off", with_tail(elsewhere, off_cpu=unseen)).finding.id == "thread-hand-off:__libc_recv"


def test_a_job_in_a_pool_is_a_queue_where_its_thread_works_for_others_first():
    joined = part("queue or hand-off", WAITING, 0.95, MEAN, ("my_service::sum", 1.0, 60))
    own = msgspec.structs.replace(joined, at_once=1.0)
    behind = msgspec.structs.replace(joined, at_once=0.0)
    assert apply("thread-hand-off", with_tail(joined, off_cpu={JOIN: (60, 1e9)})) == []
    assert apply("thread-hand-off", with_tail(own, off_cpu={JOIN: (60, 1e9)})) == []
    told = one("thread-hand-off", with_tail(behind, off_cpu={JOIN: (60, 1e9)})).finding
    assert "wait for another thread that works for others first in my_service::sum" in told.title


NOTE = f"{SERVE};journal::note"
SYNCING = f"{NOTE};std::fs::File::sync_data;fdatasync"
READING = f"{NOTE};std::fs::File::open;openat64"


def synced(share: float, behind: float | None) -> PartShare:
    waits_for_cpu = estimate(behind) if behind is not None else None
    found = part("disk I/O", WAITING, share, MEAN, ("journal::note", 0.8, 16), ("other", 0.2, 4))
    return msgspec.structs.replace(found, then_runnable=waits_for_cpu)


def test_a_thread_that_waits_longer_for_its_cpu_than_for_the_disk_still_waits_for_the_disk():
    cause = one("logging", with_tail(synced(0.06, 0.34), off_cpu={SYNCING: (40, 1e9), f"{NOTE};read": (1, 1e6)}))
    assert cause.finding.id == "logging:journal::note"
    assert cause.finding.title == (
        "requests above p99 wait until a file is synced in journal::note: 8.00 ms each, 40.0 % of their time"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.finding.share.point == cause.saving == pytest.approx(0.4)
    assert cause.finding.share.low == pytest.approx(0.04 + 0.95 * 0.34)
    assert "6.80 ms of it each: ready again" in cause.finding.evidence[2].text


def test_a_written_file_is_not_said_to_be_synced():
    written = f"{NOTE};<std::fs::File as std::io::Write>::write_all;ext4_file_write_iter"
    cause = one("logging", with_tail(synced(0.3, None), off_cpu={written: (40, 1e9), SYNCING: (1, 1e6)}))
    assert "wait until a file is written in journal::note: 6.00 ms each" in cause.finding.title


@pytest.mark.parametrize(
    ("tail", "off_cpu"),
    [
        (synced(0.06, 0.03), {SYNCING: (40, 1e9)}),
        (synced(0.06, None), {SYNCING: (40, 1e9)}),
        (synced(0.5, 0.3), {READING: (40, 1e9), SYNCING: (4, 1e8)}),
        (synced(0.5, 0.3), {f"{SERVE};elsewhere;fdatasync": (40, 1e9)}),
        (synced(0.5, 0.3), None),
        (part("runnable", WAITING, 0.5, MEAN, ("journal::note", 1.0, 16)), {SYNCING: (40, 1e9)}),
    ],
)
def test_little_syncing_reading_and_other_waits_are_no_logging(tail, off_cpu):
    assert apply("logging", with_tail(tail, off_cpu=off_cpu)) == []


def test_waiting_for_own_threads_is_no_hand_off():
    book = part("queue or hand-off", WAITING, 0.9, MEAN, ("my_service::book", 1.0, 16))
    total = part("queue or hand-off", WAITING, 0.9, MEAN, ("my_service::sum", 1.0, 16))
    stacks = {RECV: (100, 2e9), JOIN: (100, 2e9)}
    assert one("thread-hand-off", with_tail(book, off_cpu=stacks)).finding.id == "thread-hand-off:my_service::book"
    assert apply("thread-hand-off", with_tail(total, off_cpu=stacks)) == []


def test_a_queue_before_a_busy_pool_is_told_from_what_its_jobs_wait_for():
    away = part("handed over", UNKNOWN, 0.95, MEAN)
    cause = one("blocking-pool", with_tail(away, off_cpu={JOB: (24, 24 * 25e6), NO_JOB: (900, 5e9)}))
    assert cause.finding.id == "blocking-pool:my_service::pack"
    assert cause.finding.strength is Strength.MODERATE
    assert cause.finding.evidence[-1].text == "jobs of the pool were blocked 24 times, for 25.0 ms on average"


def test_a_short_absence_few_jobs_and_an_idle_pool_are_no_full_pool():
    away, briefly = part("handed over", UNKNOWN, 0.95, MEAN), part("handed over", UNKNOWN, 0.3, MEAN / 10)
    assert apply("blocking-pool", with_tail(briefly, off_cpu={JOB: (24, 24 * 25e6)})) == []
    assert apply("blocking-pool", with_tail(away, off_cpu={JOB: (4, 1e8)})) == []
    assert apply("blocking-pool", with_tail(away, off_cpu={NO_JOB: (900, 5e9)})) == []
    assert apply("blocking-pool", with_tail(away)) == []


def test_a_wait_that_was_seen_to_be_for_a_cpu_is_no_wait_for_something_else() -> None:
    each = 0.2e6
    cpu = CpuSummary(per_request_ns=estimate(each), user_ns_per_request=each, system_ns_per_request=0.0, cores=0.04)
    idle = facts(cores=0.04, cpu=cpu)
    assert one("waiting", idle)
    queued = [part("reader on CPU", WAITING, 0.4, MEAN), part("runnable", WAITING, 0.2, MEAN)]
    seen = with_tail(*queued, part("lock", WAITING, 0.4, MEAN))
    assert apply("waiting", dataclasses.replace(idle, bands=seen.bands)) == []
    other = with_tail(part("lock", WAITING, 0.6, MEAN), queued[0])
    assert one("waiting", dataclasses.replace(idle, bands=other.bands))


def test_a_wait_that_nobody_can_name_comes_behind_one_that_is_told_and_before_what_the_cpu_does():
    each = 0.2e6
    cpu = CpuSummary(per_request_ns=estimate(each), user_ns_per_request=each, system_ns_per_request=0.0, cores=0.04)
    stacks = {"my_service::serve;alloc::alloc::alloc;malloc": 40, "my_service::serve": 60}
    idle = facts(stacks, cores=0.04, cpu=cpu)
    unknown = with_tail(part("handed over", UNKNOWN, 1.0, MEAN))
    assert next(one.rule for one in rank(dataclasses.replace(idle, bands=unknown.bands))) == "waiting"
    locked = with_tail(
        part("lock", WAITING, 0.3, MEAN, ("cart::wait", 1.0, 16)), part("handed over", UNKNOWN, 0.7, MEAN)
    )
    told = [one.rule for one in rank(dataclasses.replace(idle, bands=locked.bands))]
    assert told[0] == "thread-lock"
    assert told.index("waiting") > told.index("allocation")


ENCODED = "start_thread;tokio::runtime::task::core::poll;my_service::gzip::poll_read;deflate::compress"
COMPUTED = part("reader on CPU", WAITING, 0.7, MEAN, ("deflate::compress", 0.9, 40), ("my_service::gzip", 0.1, 4))


def short_requests(median: float = 0.5e6) -> RequestTimes:
    times = np.concatenate([np.full(990, median), np.full(10, MEAN)])
    return RequestTimes(times, times)


def long_poll(tail: PartShare, stack: str = ENCODED, times: RequestTimes | None = None) -> list[Cause]:
    cpu = StackProfile.from_collapsed([f"{stack} 400"], "profiles/on-cpu.diagnose.pb.gz")
    return apply("long-poll", dataclasses.replace(with_tail(tail), cpu=cpu, times=times or short_requests()))


def test_a_worker_that_computes_for_long_holds_up_what_it_has_yet_to_read():
    (cause,) = long_poll(COMPUTED)
    assert cause.finding.id == "long-poll:deflate::compress"
    assert cause.finding.title == (
        "requests above p99 wait for a worker that computes for other requests, in deflate::compress: 14.0 ms each, "
        "70.0 % of their time"
    )
    assert cause.saving == pytest.approx(0.7)
    assert cause.finding.evidence[-1].text == "half of all requests are answered within 500 µs of being sent"


def test_why_a_function_computes_comes_before_the_waits_for_it():
    polled = "start_thread;tokio::runtime::task::core::poll;api::abroad"
    parses = part("reader on CPU", WAITING, 0.9, MEAN, ("regex::compile", 1.0, 40))
    stacks = {f"{polled};regex::Regex::new;my_regex::regex::compile": 60, f"{polled};api::other": 40}
    for name, first in (("regex::compile", "recomputation"), ("api::other", "long-poll")):
        places = [Place(function=name, share=1.0, count=40)]
        given = with_tail(msgspec.structs.replace(parses, places=places))
        cpu = StackProfile.from_collapsed([f"{stack} {n}" for stack, n in stacks.items()], "profiles/cpu.pb.gz")
        told = [one.rule for one in rank(dataclasses.replace(given, cpu=cpu, times=short_requests()))]
        assert {"recomputation", "long-poll"} <= set(told)
        assert next(rule for rule in told if rule in ("recomputation", "long-poll")) == first


def test_a_usual_queue_a_thread_of_its_own_and_a_small_part_are_no_long_poll():
    assert long_poll(COMPUTED, times=short_requests(2e6)) == []
    assert long_poll(COMPUTED, stack="start_thread;my_service::serve;deflate::compress") == []
    assert long_poll(COMPUTED, stack=ENCODED.replace("task::core", "blocking::task")) == []
    assert long_poll(part("reader on CPU", WAITING, 0.09, MEAN, ("deflate::compress", 1.0, 4))) == []
    assert apply("long-poll", with_tail(COMPUTED)) == []


def followed(found: Facts) -> Facts:
    """The same, of requests that were followed through goroutines."""
    assert found.bands is not None
    return dataclasses.replace(found, bands=msgspec.structs.replace(found.bands, followed=1600))


def test_a_lock_of_goroutines_is_told_with_its_share_of_the_tail():
    lock = part("lock", WAITING, 0.97, MEAN, ("main.(*catalogue).price", 1.0, 40))
    found = one("lock", followed(with_tail(lock)))
    assert found.finding.id == "lock:main.(*catalogue).price"
    assert found.finding.title.endswith(
        "wait for a mutex in main.(*catalogue).price: 19.4 ms each, 97.0 % of their time"
    )
    assert found.finding.share_of == "wall time of requests above p99"
    assert apply("thread-lock", followed(with_tail(lock))) == []
    assert apply("lock", with_tail(lock)) == []


def test_goroutines_that_wait_for_another_one_are_told_with_what_that_did():
    held = [Place(function="main.(*link).send", share=1.0, count=40)]
    asks = msgspec.structs.replace(part("queue or hand-off", WAITING, 0.97, MEAN, ("main.ask", 1.0, 40)), holders=held)
    found = one("hand-off", followed(with_tail(asks))).finding
    assert found.id == "hand-off:main.ask"
    assert (
        found.title == "requests above p99 wait for another goroutine in main.ask: 19.4 ms each, 97.0 % of their time"
    )
    assert found.evidence[0].text.endswith("goroutines were that ended these waits: main.(*link).send (100 %)")
    assert apply("hand-off", with_tail(asks)) == []


@pytest.mark.parametrize("usual", [0.26, 0.24])
def test_what_ordinary_requests_wait_alike_is_no_queue(usual: float):
    asks = part("queue or hand-off", WAITING, 0.97, MEAN, ("main.ask", 1.0, 40))
    given = followed(with_tail(asks))
    median = part("queue or hand-off", WAITING, 0.97 * usual, MEAN, ("main.ask", 1.0, 40))
    ordinary = msgspec.structs.replace(request_results.MEDIAN, parts=[median])
    assert given.bands is not None
    bands = msgspec.structs.replace(given.bands, bands=[ordinary, *given.bands.bands[1:]])
    assert len(apply("hand-off", dataclasses.replace(given, bands=bands))) == (usual < 0.25)


def test_waiting_for_own_goroutines_is_no_queue():
    asks = part("queue or hand-off", WAITING, 0.97, MEAN, ("main.ask", 1.0, 40))
    for wait, found in (("sync.(*WaitGroup).Wait", 0), ("runtime.chanrecv1", 1)):
        trace = StackProfile.from_collapsed([f"net/http.(*conn).serve;main.ask;{wait} 40"], GO_TRACE)
        assert len(apply("hand-off", dataclasses.replace(followed(with_tail(asks)), goroutines=trace))) == found


def test_a_task_behind_a_thread_that_is_blocked_is_told_with_where_that_is():
    sends = part("other thread blocked: network", WAITING, 0.97, MEAN, ("replica::send", 1.0, 32))
    found = one("thread-hand-off", with_tail(sends)).finding
    assert found.id == "thread-hand-off:replica::send"
    assert "wait for another thread that is blocked (network) in replica::send: 19.4 ms each" in found.title


@pytest.mark.parametrize(("at_once", "count"), [(None, 1), (0.4, 1), (0.6, 0)])
def test_a_requests_own_job_is_no_queue(at_once: float | None, count: int):
    away = msgspec.structs.replace(
        part("other thread blocked: sleep", WAITING, 0.97, MEAN, ("my_service::pack", 1.0, 16)), at_once=at_once
    )
    jobs = {JOB: (24, 24 * 25e6), NO_JOB: (900, 5e9)}
    assert len(apply("blocking-pool", with_tail(away, off_cpu=jobs))) == count
    assert len(apply("thread-hand-off", with_tail(away))) == count
    assert apply("thread-hand-off", with_tail(away, off_cpu=jobs)) == []


@pytest.mark.parametrize(
    ("rule", "name"), [("thread-hand-off", "queue or hand-off"), ("blocking-call", "reader blocked: lock")]
)
def test_rules_about_threads_leave_goroutines_to_those_of_go(rule: str, name: str):
    facts = with_tail(part(name, WAITING, 0.97, MEAN, ("main.book", 1.0, 40)))
    assert apply(rule, facts)
    assert apply(rule, followed(facts)) == []


def test_what_ordinary_requests_were_seen_to_wait_for_is_named() -> None:
    each = 0.2e6
    cpu = CpuSummary(per_request_ns=estimate(each), user_ns_per_request=each, system_ns_per_request=0.0, cores=0.04)
    handed = request_results.part("queue or hand-off", WAITING, 0.93, MEAN, ("main.handOff", 1.0, 284))
    ordinary = msgspec.structs.replace(request_results.MEDIAN, parts=[handed, part("on CPU", COMPUTING, 0.07, MEAN)])
    bands = msgspec.structs.replace(request_results.BANDS, bands=[ordinary])
    found = one("waiting", dataclasses.replace(facts(cores=0.04, cpu=cpu), bands=bands)).finding
    assert found.title.endswith("for something that is no CPU: queue or hand-off in main.handOff")
    assert "around the median, 93.0 % is queue or hand-off, in main.handOff (100 %)" in found.evidence[1].text
    computing = msgspec.structs.replace(request_results.BANDS, bands=[request_results.MEDIAN])
    found = one("waiting", dataclasses.replace(facts(cores=0.04, cpu=cpu), bands=computing)).finding
    assert found.title.endswith("a lock, a sleep, a disk or another service")


def test_a_share_of_the_tail_that_may_be_none_at_all_is_no_finding() -> None:
    waited = part("lock", WAITING, 0.2, MEAN)
    known, unknown = (msgspec.structs.replace(waited, share=interval(0.2, low, 0.4, 30)) for low in (0.05, 0.0))
    computing = part("on CPU", COMPUTING, 0.8, MEAN)
    locked = {f"{SERVE};my_service::price;std::sys::sync::mutex::futex::Mutex::lock_contended;futex_wait": (900, 9e9)}
    assert "thread-lock" in {one.rule for one in rank(with_tail(computing, known, off_cpu=locked))}
    assert "thread-lock" not in {one.rule for one in rank(with_tail(computing, unknown, off_cpu=locked))}

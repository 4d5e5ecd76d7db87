"""Rules that read what the slowest requests waited for: what triggers each, and a near miss that must not."""

import dataclasses

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, estimate, facts, one
from tests.support.request_results import UNKNOWN, WAITING, part

from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import RequestTimes
from tailtune.model.finding import Strength
from tailtune.model.request_parts import PartShare, RequestBands
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
    slept, sent = (part(name, WAITING, 0.97, MEAN, ("cart::wait", 1.0, 16)) for name in ("sleep", "network"))
    assert one("fixed-wait", dataclasses.replace(facts(), times=times)).finding.id == "fixed-wait:19ms"
    assert one("fixed-wait", dataclasses.replace(with_tail(sent), times=times)).finding.id == "fixed-wait:19ms"
    assert apply("fixed-wait", dataclasses.replace(with_tail(slept), times=times)) == []


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

"""Rules on what stops threads that have work: quotas, more threads than CPUs, the allocator; time-outs."""

import dataclasses

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, collections, facts, one, scheduling
from tests.support.request_results import UNKNOWN, WAITING, part

from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import RequestTimes
from tailtune.model.finding import Group
from tailtune.model.project import Language, Variant
from tailtune.model.request_parts import PartKind, PartShare

MEAN = 20e6
SERVE = "start_thread;http_server::threads::converse;my_service::fill"
STOPPED = scheduling(throttled_periods=10, throttled_ns=200_000_000)
"""20 ms each."""


def with_tail(given: Facts, *parts: PartShare) -> Facts:
    """The same with these parts of the requests above p99, 20 ms each."""
    band = msgspec.structs.replace(request_results.TAIL, parts=list(parts), mean_ns=MEAN)
    bands = msgspec.structs.replace(request_results.BANDS, bands=[request_results.MEDIAN, band])
    return dataclasses.replace(given, bands=bands)


def with_knobs(given: Facts, **knobs: str) -> Facts:
    """The same of a variant with settings."""
    variant = Variant(knobs={name.replace("_", "-"): level for name, level in knobs.items()})
    manifest = msgspec.structs.replace(given.manifest, variants={"small": variant})
    return dataclasses.replace(
        given, manifest=manifest, summary=msgspec.structs.replace(given.summary, variant="small")
    )


def diagnosed(given: Facts) -> Facts:
    """The same with a diagnose window that was like the measured one."""
    diagnose = msgspec.structs.replace(given.measure, window="diagnose")
    return dataclasses.replace(given, summary=msgspec.structs.replace(given.summary, diagnose=diagnose))


def test_a_quota_is_told_by_what_the_tail_waits_for_it():
    given = with_tail(diagnosed(facts(scheduling=STOPPED)), part("runnable", WAITING, 0.9, MEAN))
    cause = one("throttling", with_knobs(given, cpu_quota="0.3"))
    assert cause.finding.title == (
        "the CPU quota of 0.3 cores stopped the service 10 times, 2.0 % of the time; requests above p99 wait for the "
        "next period: 18.0 ms each, 90.0 % of their time"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.saving == cause.finding.share.point == pytest.approx(0.9)
    assert cause.finding.confirm == "tailtune compare small small+cpu-quota=0.6"


def test_a_quota_whose_stops_are_much_longer_than_what_the_tail_waits_is_told_of_the_window():
    given = with_tail(diagnosed(facts(scheduling=STOPPED)), part("runnable", WAITING, 0.4, MEAN))
    cause = one("throttling", given)
    assert cause.finding.share_of == "wall time of the measure window"
    assert cause.finding.share.point == pytest.approx(0.02)
    assert 'GOMAXPROCS = "1"' in cause.finding.confirm
    assert one("throttling", facts(scheduling=STOPPED)).finding.share_of == "wall time of the measure window"
    assert (
        one("throttling", facts(scheduling=STOPPED, language=Language.RUST)).finding.confirm == "tailtune run --rate 50"
    )


def test_the_smaller_quota_counts():
    given = facts()
    own = msgspec.structs.replace(given.manifest.environment, cpu_quota=1.5)
    limited = dataclasses.replace(given, manifest=msgspec.structs.replace(given.manifest, environment=own))
    assert (given.cpu_quota, limited.cpu_quota) == (None, 1.5)
    both = [with_knobs(limited, cpu_quota=level) for level in ("0.5/20ms", "4")]
    assert [(one.cpu_quota, one.quota_period_ns) for one in both] == [(0.5, 20_000_000), (1.5, 100_000_000)]


def test_cpus_that_a_variant_names_count_in_place_of_those_that_it_was_given():
    given = facts()
    assert (given.cpus, given.service_cpus) == ([1], 1)
    wide = with_knobs(given, affinity="0,2-3")
    assert (wide.cpus, wide.service_cpus) == ([0, 2, 3], 3)
    assert wide.utilization == pytest.approx(given.utilization / 3)


def test_cpus_that_threads_are_pinned_to_count_before_those_of_the_process():
    given = with_knobs(facts(), affinity="0,2-3", pinning="4-5")
    assert (given.cpus, given.service_cpus) == ([4, 5], 2)
    assert with_knobs(facts(), pinning="each").cpus == [1]
    assert with_knobs(facts(), affinity="0,2-3", pinning="each").cpus == [0, 2, 3]


def processors(count: int, given: Facts) -> Facts:
    return dataclasses.replace(given, processors=count)


def test_more_processors_than_cpus_are_found_by_what_the_tail_waits_for_a_cpu():
    waits = part("runnable", WAITING, 0.7, MEAN, ("runtime.gcDrain", 0.9, 40))
    given = with_tail(facts(), waits, part("reader runnable", WAITING, 0.2, MEAN))
    cause = one("gomaxprocs", processors(8, given))
    assert cause.finding.title == (
        "GOMAXPROCS is 8, and the service may use 1 CPU: its threads take turns, and requests above p99 wait for a CPU "
        "that another has: 18.0 ms each, 90.0 % of their time"
    )
    assert cause.finding.confirm == "tailtune compare base base+gomaxprocs=1"
    assert cause.saving == pytest.approx(0.9)
    assert [evidence.text for evidence in cause.finding.evidence][:1] == ["the scheduler tells gomaxprocs=8"]


def test_the_collectors_times_are_no_cpu_times_where_its_workers_wait_for_a_cpu():
    costly = facts(gc=collections(cpu_share=1.0))
    assert apply("garbage-collection", processors(8, costly)) == []
    assert one("garbage-collection", processors(1, costly)).finding.share.point == 1.0


def test_more_processors_than_cpus_without_a_sight_of_requests():
    waiting = scheduling(run_delay_ns_per_request=2e6)
    cause = one("gomaxprocs", processors(4, facts(scheduling=waiting)))
    assert "wait 2.00 ms per request, 40.0 % of mean latency" in cause.finding.title
    assert cause.finding.share_of == "mean latency"
    assert apply("gomaxprocs", processors(4, facts())) == []


def test_where_the_tail_leaves_it_open_the_mean_tells_how_much_waits_for_processors():
    waits = part("runnable", WAITING, 0.3, MEAN)
    unsure = msgspec.structs.replace(waits, share=msgspec.structs.replace(waits.share, low=0.0))
    waiting = facts(scheduling=scheduling(run_delay_ns_per_request=2e6))
    for seen, share_of in ((waits, "wall time of requests above p99"), (unsure, "mean latency")):
        assert one("gomaxprocs", processors(8, with_tail(waiting, seen))).finding.share_of == share_of
    assert apply("gomaxprocs", processors(8, with_tail(facts(), unsure))) == []


def test_as_many_processors_as_cpus_or_nobody_who_waits_is_no_finding():
    waits = part("runnable", WAITING, 0.9, MEAN)
    waiting = scheduling(run_delay_ns_per_request=2e6)
    assert apply("gomaxprocs", processors(1, with_tail(facts(), waits))) == []
    assert apply("gomaxprocs", processors(0, with_tail(facts(), waits))) == []
    assert apply("gomaxprocs", processors(8, with_tail(facts(cores=0.05), waits))) == []
    assert (
        apply("gomaxprocs", processors(8, with_tail(facts(scheduling=waiting), part("lock", WAITING, 0.9, MEAN)))) == []
    )


def test_requests_that_wait_in_the_allocator_are_told_by_the_tail():
    stacks = {f"{SERVE};malloc;_int_malloc;__lll_lock_wait_private": 30, SERVE: 70}
    waits = part("allocator", WAITING, 0.8, MEAN, ("my_service::fill", 1.0, 16))
    cause = one("allocator", with_tail(facts(stacks), waits, part("on CPU", PartKind.COMPUTING, 0.2, MEAN)))
    assert cause.finding.id == "allocator:locks"
    assert cause.finding.title == (
        "requests above p99 wait in the allocator, for threads that are in it, in my_service::fill: 16.0 ms each, "
        "80.0 % of their time"
    )
    assert cause.finding.group is Group.SETTINGS
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.finding.confirm == "tailtune sweep allocator=system,jemalloc,mimalloc,tcmalloc"
    assert any("at the allocator's locks: 30 of 100 samples" in one.text for one in cause.finding.evidence)
    assert apply("thread-lock", with_tail(facts(stacks), waits)) == []
    assert apply("allocator", with_tail(facts(), part("allocator", WAITING, 0.09, MEAN))) == []


def timed(spread_ms: float) -> RequestTimes:
    """A thousand requests, three of a hundred of them slow."""
    service = np.concatenate([np.full(970, 1e6), np.linspace(20e6, (20 + spread_ms) * 1e6, 30)])
    return RequestTimes(service, service)


def test_waits_for_another_service_that_are_all_as_long_are_a_time_out():
    asked = part("network", WAITING, 0.95, MEAN, ("my_service::ask", 1.0, 16))
    given = dataclasses.replace(with_tail(facts(), asked), times=timed(0.5))
    cause = one("time-out", given)
    assert cause.finding.id == "time-out:my_service::ask"
    assert cause.finding.title == (
        "3.0 % of requests wait 19 ms for another service in my_service::ask, all of them nearly the same: a time-out "
        "that passes; 95.0 % of the tail's time"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert apply("fixed-wait", given) == []
    rounded = one("time-out", dataclasses.replace(given, times=timed(3.9)))
    assert "30 of 1,000 answers took 20.0 ms to 24.0 ms" in rounded.finding.evidence[0].text
    disturbed = np.concatenate([np.full(870, 0.2e6), np.linspace(0.7e6, 6e6, 100), timed(3.9).service_ns[-30:]])
    noisy = dataclasses.replace(given, times=RequestTimes(disturbed, disturbed))
    assert one("time-out", noisy).finding.evidence[0].count == 30


def test_waits_of_many_lengths_of_plumbing_or_for_something_else_are_no_time_out():
    asked = part("network", WAITING, 0.95, MEAN, ("my_service::ask", 1.0, 16))
    sent = part("network", WAITING, 0.95, MEAN, ("send", 1.0, 16))
    slept = part("sleep", WAITING, 0.95, MEAN, ("my_service::ask", 1.0, 16))
    short = part("network", WAITING, 0.5, MEAN, ("my_service::ask", 1.0, 16))
    for tail, spread in [(asked, 60.0), (sent, 0.5), (slept, 0.5), (short, 0.5)]:
        assert apply("time-out", dataclasses.replace(with_tail(facts(), tail), times=timed(spread))) == []
    assert apply("time-out", facts()) == []


def test_waits_for_another_service_of_many_lengths_are_named_with_their_place():
    asked = part("network", WAITING, 0.8, MEAN, ("my_service::ask", 1.0, 16))
    given = dataclasses.replace(with_tail(facts(), asked), times=timed(60.0))
    cause = one("upstream", given)
    assert cause.finding.title == (
        "requests above p99 wait for another service in my_service::ask: 16.0 ms each, 80.0 % of their time"
    )
    assert cause.parts == ("network",)
    told = dataclasses.replace(with_tail(facts(), part("network", WAITING, 0.95, MEAN, ("my_service::ask", 1.0, 16))))
    assert apply("upstream", dataclasses.replace(told, times=timed(0.5))) == []  # a time-out
    polled = StackProfile.from_collapsed(["start_thread;tokio::runtime::task::core::poll;my_service::ask;recv 30"])
    assert apply("upstream", dataclasses.replace(given, off_cpu=polled)) == []
    assert apply("upstream", with_tail(facts(), part("network", WAITING, 0.8, MEAN, ("recv", 1.0, 16)))) == []
    assert apply("upstream", dataclasses.replace(given, goroutines=polled)) == []
    assert apply("upstream", facts()) == []


def test_where_cpu_time_goes_is_no_finding_if_the_tail_has_little_to_do_with_it():
    busy = {"runtime.goexit;net/http.(*conn).serve;main.answer;main.rank": 300, "runtime.mcall;runtime.schedule": 700}
    assert [found.id for found in rank(facts(busy))] == ["hot-function:main.rank"]
    waits = part("lock", WAITING, 0.7, MEAN, ("main.answer", 1.0, 16))
    computing = part("on CPU", PartKind.COMPUTING, 0.3, MEAN)
    assert [found.id for found in rank(with_tail(facts(busy), waits, computing))] == ["thread-lock:main.answer"]
    unknown = part("handed over", UNKNOWN, 0.3, MEAN)
    told = rank(with_tail(facts(busy), part("lock", WAITING, 0.4, MEAN), computing, unknown))
    assert [found.rule for found in told] == ["thread-lock", "hot-function"]

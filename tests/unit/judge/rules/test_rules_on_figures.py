"""Rules that read figures: what triggers each, and a near miss that must not."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace
from tests.support.facts import MILLISECOND, apply, collections, estimate, facts, one, scheduling

from tailtune.judge.cause import Rank, changed_rate
from tailtune.judge.distribution import Distribution
from tailtune.judge.generator import disturbances
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.summary import latency_of
from tailtune.model.finding import Group
from tailtune.model.load import Reason, Validity
from tailtune.model.summary import CpuSummary
from tailtune.model.workload import Arrival, Operation, Workload


@pytest.mark.parametrize("changes", [{"cpu_share": 0.2}, {"cpu_share": 0.05, "assist_share": 0.04}])
def test_an_expensive_collector_is_found(changes):
    cause = one("garbage-collection", facts(gc=collections(**changes)))
    assert "runs 10.0 times a second" in cause.finding.title
    assert cause.finding.share.point == changes["cpu_share"]
    assert 'GOGC = "400"' in cause.finding.confirm


def test_a_cheap_a_rare_or_no_collector_is_no_finding():
    assert apply("garbage-collection", facts(gc=collections(cpu_share=0.09))) == []
    assert apply("garbage-collection", facts(gc=collections(cpu_share=0.5, cycles=4))) == []
    assert apply("garbage-collection", facts()) == []


def test_run_queue_wait_of_a_busy_service_is_its_own():
    cause = one("run-queue-wait", facts(cores=0.8, scheduling=scheduling(run_delay_ns_per_request=2e6)))
    assert "the service itself keeps its 1 CPUs 80 % busy" in cause.finding.title
    assert cause.finding.share.point == pytest.approx(0.4)
    assert (cause.finding.group, cause.rank) == (Group.CONCURRENCY, Rank.SPECIFIC)
    assert cause.finding.confirm == "tailtune run --rate 50"


def test_run_queue_wait_of_an_idle_service_is_the_machines():
    cause = one("run-queue-wait", facts(cores=0.2, scheduling=scheduling(run_delay_ns_per_request=2e6)))
    assert "others use them as well" in cause.finding.title
    assert (cause.finding.group, cause.rank) == (Group.ENVIRONMENT, Rank.REMARK)


def test_a_short_run_queue_wait_is_no_finding():
    assert apply("run-queue-wait", facts(scheduling=scheduling(run_delay_ns_per_request=4e5))) == []
    assert apply("run-queue-wait", facts(scheduling=None)) == []


def test_any_throttling_is_found():
    cause = one("throttling", facts(scheduling=scheduling(throttled_periods=12, throttled_ns=500_000_000)))
    assert cause.finding.title == "the CPU quota stopped the service 12 times, 5.0 % of the time"
    assert apply("throttling", facts()) == []


def test_a_nearly_saturated_service_is_told_so_last():
    cause = one("utilization", facts(cores=0.9))
    assert "keeps its 1 CPUs 90 % busy" in cause.finding.title
    assert cause.rank is Rank.REMARK
    assert cause.finding.confirm == "tailtune run --rate 56"
    assert apply("utilization", facts(cores=0.74)) == []
    assert apply("utilization", facts(cpu=None)) == []


def reason(code: str, validity: Validity) -> Reason:
    return Reason(code=code, validity=validity, message="the engine was late", remedy="give it a CPU")


def test_an_invalid_load_comes_before_everything():
    cause = one("generator-limited", facts(reasons=[reason("send-lag", Validity.INVALID)]))
    assert cause.rank is Rank.FORBIDS
    assert cause.finding.proposal == "give it a CPU"


def test_the_services_own_errors_and_small_lags_are_not_the_generators():
    assert apply("generator-limited", facts(reasons=[reason("errors", Validity.INVALID)])) == []
    assert apply("generator-limited", facts()) == []


def test_a_disturbed_load_is_a_warning_and_no_cause():
    late = [reason("send-lag", Validity.SUSPECT), reason("run-delay", Validity.SUSPECT)]
    assert apply("generator-limited", facts(reasons=late)) == []
    assert disturbances(late) == ["load SUSPECT: the engine was late; give it a CPU"] * 2
    assert disturbances([reason("send-lag", Validity.INVALID), reason("errors", Validity.SUSPECT)]) == []


def test_an_overloaded_service_is_not_the_generators_doing():
    overloaded = facts(reasons=[reason("overload", Validity.INVALID), reason("connection-cap", Validity.SUSPECT)])
    assert apply("generator-limited", overloaded) == []
    cause = one("overload", overloaded)
    assert cause.rank is Rank.FORBIDS
    assert "the service answers 100 requests per second of the 100 asked" in cause.finding.title
    assert cause.finding.confirm == "tailtune run --rate 50"
    assert apply("overload", facts(reasons=[reason("connection-cap", Validity.SUSPECT)])) == []


def spent(milliseconds: float) -> CpuSummary:
    each = milliseconds * MILLISECOND
    return CpuSummary(per_request_ns=estimate(each), user_ns_per_request=each, system_ns_per_request=0.0, cores=0.04)


def test_latency_that_no_cpu_accounts_for_is_waiting():
    sleepers = {"main;app::update_stats;std::sys::lock;syscall;__x64_sys_futex;futex_wait": 9, "main;app::work": 90}
    cause = one("waiting", facts(sleepers, cores=0.04, cpu=spent(0.2)))
    assert "requests wait 4.77 ms each, 95.4 % of mean latency" in cause.finding.title
    assert cause.finding.share.low == pytest.approx(0.9518, abs=0.001)
    assert [seen.text for seen in cause.finding.evidence][1] == (
        "threads go to sleep and are woken in app::update_stats (100 %)"
    )
    assert cause.finding.confirm == "tailtune run --rate 50"


def test_computing_queueing_and_known_locks_are_no_unknown_wait():
    assert apply("waiting", facts(cores=0.2)) == []  # 2 of 5 ms
    assert (
        apply("waiting", facts(cores=0.04, cpu=spent(0.2), scheduling=scheduling(run_delay_ns_per_request=1.2e6))) == []
    )
    assert apply("waiting", facts(cores=0.75, latency=latency_of([Distribution.from_values([1e9] * 100)], "", 0))) == []
    held = StackProfile.from_collapsed(
        ["main.serve;main.update;sync.(*Mutex).Unlock 101"], "profiles/go-mutex.measure.pb.gz"
    )
    known = dataclasses.replace(held, values=np.array([3e9]))
    assert apply("waiting", facts(cores=0.04, cpu=spent(0.2), mutex=known)) == []
    assert apply("waiting", facts(cpu=None)) == []


def test_no_rate_is_proposed_where_none_can_be_asked_for() -> None:
    given = facts()
    workload = Workload(operations=[Operation(name="a")])
    for arrival, told in ((Arrival.CLOSED, "fewer connections"), (Arrival.TRACE, "speed of the trace")):
        other = replace(given.manifest, workload=replace(workload, arrival=arrival))
        text = changed_rate(dataclasses.replace(given, manifest=other), 50)
        assert ("--rate" in text, told in text) == (False, True)

"""Each self-check of the load engine fires on what it is for, and on nothing else."""

from typing import Any

import numpy as np
import pytest
from tests.support.recordings import S, load_report, operation_count

from tailtune.judge import generator
from tailtune.judge.distribution import Distribution
from tailtune.judge.validity import assess
from tailtune.model.load import HostAccount, Validity

LATENCY = Distribution.from_values(np.linspace(5e6, 2e7, 1000))


def lags(p99: float) -> dict[str, float]:
    return {"p50": 0.0, "p90": 0.0, "p99": p99, "p99.9": p99, "max": p99}


def stall(longest: float) -> dict[str, float]:
    return lags(2e4) | {"max": longest}


def host(steal: float = 0.0, periods: int = 0, throttled_ns: int = 0) -> HostAccount:
    return HostAccount(steal_share=steal, throttled_periods=periods, throttled_ns=throttled_ns)


def test_a_load_that_kept_its_schedule_is_valid():
    report = assess(load_report(), LATENCY)
    assert (report.validity, report.reasons) == (Validity.VALID, [])


@pytest.mark.parametrize(
    ("changes", "code", "validity"),
    [
        ({"sent_requests": 998, "completed_requests": 998}, "rate", Validity.INVALID),
        ({"timer_lag_ns": lags(1.2e6), "send_lag_ns": lags(1.2e6)}, "send-lag", Validity.SUSPECT),
        ({"timer_lag_ns": lags(9.95e6), "send_lag_ns": lags(9.95e6)}, "send-lag", Validity.INVALID),
        ({"peak_client_queue": 40, "send_lag_ns": lags(5e6)}, "connection-cap", Validity.SUSPECT),
        ({"little_error": 0.02}, "little", Validity.SUSPECT),
        ({"little_error": -0.2}, "little", Validity.INVALID),
        ({"engine_cpu_ns": 9 * S, "engine_spin_ns": S // 2}, "engine-cpu", Validity.SUSPECT),
        ({"engine_cpu_ns": 10 * S, "engine_spin_ns": 0}, "engine-cpu", Validity.INVALID),
        ({"involuntary_switches": 50}, "involuntary-switches", Validity.SUSPECT),
        ({"run_delay_ns": S}, "run-delay", Validity.SUSPECT),
        ({"completed_requests": 999}, "unfinished", Validity.SUSPECT),
        ({"completed_requests": 900}, "unfinished", Validity.INVALID),
        ({"operations": [operation_count("get", 1000, unexpected=30)]}, "errors", Validity.SUSPECT),
        ({"operations": [operation_count("get", 1000, unexpected=300, errors=300)]}, "errors", Validity.INVALID),
        ({"operations": [operation_count("get", 1000, errors=5)]}, "connection-errors", Validity.SUSPECT),
        ({"timer_lag_ns": stall(1.2e7)}, "freeze", Validity.SUSPECT),
        ({"longest_gap_ns": S // 10, "scheduled_duration_ns": 3600 * S}, "freeze", Validity.SUSPECT),
        ({"longest_gap_ns": S // 2}, "freeze", Validity.INVALID),
        ({"rows_lost": 1}, "rows-lost", Validity.SUSPECT),
        ({"rows_lost": 2, "completed_requests": 998}, "rows-lost", Validity.INVALID),
        ({"server_requests": 999}, "server-count", Validity.SUSPECT),
        ({"server_requests": 1002}, "server-count", Validity.INVALID),
        ({"demoted": True}, "demoted", Validity.SUSPECT),
        ({"host": host(steal=0.02)}, "steal", Validity.SUSPECT),
        ({"host": host(steal=0.2)}, "steal", Validity.INVALID),
        ({"host": host(periods=1, throttled_ns=S // 100)}, "throttled", Validity.SUSPECT),
        ({"host": host(periods=9, throttled_ns=S // 2)}, "throttled", Validity.INVALID),
        ({"threads": 2, "engine_cpu_ns": 18 * S, "engine_spin_ns": 0}, "engine-cpu", Validity.SUSPECT),
        ({"loop": "closed", "engine_cpu_ns": 9 * S, "engine_spin_ns": 0}, "engine-cpu", Validity.SUSPECT),
        ({"loop": "closed", "longest_gap_ns": S // 2}, "freeze", Validity.INVALID),
        ({"loop": "closed", "little_error": 0.02}, "little", Validity.SUSPECT),
        ({"interrupted": True, "sent_requests": 300, "completed_requests": 295}, "interrupted", Validity.SUSPECT),
    ],
)
def test_one_fault_gives_one_reason(changes: dict[str, Any], code: str, validity: Validity):
    report = assess(load_report(**changes), LATENCY)
    assert [reason.code for reason in report.reasons] == [code]
    assert report.validity is validity
    assert report.reasons[0].message
    assert report.reasons[0].remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"sent_requests": 999, "completed_requests": 999},
        {"timer_lag_ns": lags(9.9e5), "send_lag_ns": lags(9.9e5)},
        {"timer_lag_ns": stall(9e6)},
        {"longest_gap_ns": 9_000_000, "scheduled_duration_ns": S, "elapsed_ns": S, "engine_cpu_ns": 0},
        {"longest_gap_ns": 99_000_000, "scheduled_duration_ns": 3600 * S},
        {"little_error": 0.0099},
        {"engine_cpu_ns": 8 * S, "engine_spin_ns": 0},
        {"threads": 2, "engine_cpu_ns": 16 * S, "engine_spin_ns": 0},
        {"involuntary_switches": 10},
        {"run_delay_ns": S // 10},
        {"operations": [operation_count("get", 1000, unexpected=10)]},
        {"operations": [operation_count("get", 1000, errors=1)]},
        {"server_requests": 1000},
        {"host": host(steal=0.0099)},
        {"host": host(steal=0.03), "elapsed_ns": S, "scheduled_duration_ns": S, "engine_cpu_ns": 0},
        {"loop": "closed", "scheduled_requests": 9000},
        {"loop": "closed", "timer_lag_ns": lags(1e9), "send_lag_ns": lags(1e9)},
        {"loop": "closed", "peak_client_queue": 64},
    ],
)
def test_a_near_miss_is_no_reason(changes: dict[str, Any]):
    assert assess(load_report(**changes), LATENCY).reasons == []


def test_requests_that_time_out_waiting_for_a_connection_are_the_services_overload():
    """Only half was sent, nearly all failed: the share of failures is of all requests, sent or not."""
    report = assess(
        load_report(
            sent_requests=500,
            completed_requests=100,
            peak_client_queue=800,
            operations=[operation_count("get", 1000, timeouts=900)],
        ),
        LATENCY,
    )
    reasons = {reason.code: reason.message for reason in report.reasons}
    assert {"overload", "errors"} <= reasons.keys()
    assert "rate" not in reasons
    assert reasons["errors"].startswith("90.0 % of the requests failed")


def test_the_worst_reason_counts():
    report = assess(load_report(run_delay_ns=S, sent_requests=500, completed_requests=500), LATENCY)
    assert {reason.code for reason in report.reasons} == {"run-delay", "rate"}
    assert report.validity is Validity.INVALID


def test_a_load_without_answers_is_invalid():
    report = assess(load_report(completed_requests=0), Distribution.merge([]))
    assert report.validity is Validity.INVALID
    assert report.reasons[0].code == "nothing-completed"


@pytest.mark.parametrize("n", [3, 20, 150])
def test_few_requests_do_not_fail_on_their_own_granularity(n: int):
    """The last request was sent after the schedule's end, and the time average sees one request more."""
    changes = {"scheduled_requests": n, "sent_requests": n - 1, "completed_requests": n - 1, "little_error": 0.9 / n}
    report = assess(load_report(**changes), Distribution.from_values(np.linspace(5e6, 2e7, n - 1)))
    assert report.reasons == []


def test_timeouts_are_ends_of_requests():
    operations = [operation_count("get", 1000, timeouts=5)]
    assert assess(load_report(completed_requests=995, operations=operations), LATENCY).reasons == []


def test_lateness_that_the_pacing_is_meant_to_have_names_the_pacing() -> None:
    late = load_report(pacing="frugal", timer_lag_ns={"p99": 1e6})
    reason = generator.send_lag(late, Distribution.from_values(np.full(1000, 1.2e6)))
    assert reason is not None
    assert "--pacing precise" in reason.remedy

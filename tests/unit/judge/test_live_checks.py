"""The checks of one second of a running load: what each fires on, and near misses."""

from typing import Any

import pytest
from msgspec.structs import replace

from tailtune.judge.live import LiveFacts, LiveLoad, judge_second
from tailtune.model.load import HostAccount, Validity

LOAD = LiveLoad(total_s=60.0, rate_per_s=1000.0, max_in_flight=256, closed=False)
SECOND = LiveFacts(
    elapsed_s=10.0,
    seconds=1.0,
    sent=1000,
    sent_in_all=10_000,
    completed=1000,
    errors=0,
    p50_ns=1e6,
    p99_ns=1e7,
    lag_p99_ns=1e5,
    in_flight=1,
)


def host(steal: float = 0.0, periods: int = 0) -> HostAccount:
    return HostAccount(steal_share=steal, throttled_ns=periods * 1000, throttled_periods=periods)


def codes(load: LiveLoad = LOAD, account: HostAccount | None = None, **changes: Any) -> list[str]:
    return [reason.code for reason in judge_second(load, replace(SECOND, **changes), account).reasons]


def test_a_second_that_is_well_is_valid() -> None:
    one = judge_second(LOAD, SECOND, host())
    assert (one.reasons, one.validity, one.rate_per_s) == ([], Validity.VALID, 1000.0)


def test_waiting_for_an_answer_of_the_session_is_no_lateness() -> None:
    assert codes(replace(LOAD, sessions=True), lag_p99_ns=6e6) == []


def test_what_cannot_connect_is_not_called_behind_the_schedule() -> None:
    assert codes(errors=1000, completed=0, sent=0, sent_in_all=0) == ["errors"]


def test_a_handful_of_requests_gives_no_p99_to_warn_of() -> None:
    assert codes(completed=300, lag_p99_ns=6e6) == []


@pytest.mark.parametrize(
    ("changes", "account", "code", "validity"),
    [
        ({"lag_p99_ns": 6e5}, None, "send-lag", Validity.SUSPECT),
        ({"lag_p99_ns": 6e6}, None, "send-lag", Validity.INVALID),
        ({"errors": 11}, None, "errors", Validity.SUSPECT),
        ({"in_flight": 256, "lag_p99_ns": 6e6}, None, "connection-cap", Validity.SUSPECT),
        ({"sent_in_all": 9_400}, None, "rate", Validity.INVALID),
        ({}, host(steal=0.05), "steal", Validity.SUSPECT),
        ({}, host(periods=1), "throttled", Validity.SUSPECT),
    ],
)
def test_each_check_fires(changes: dict[str, Any], account: HostAccount | None, code: str, validity: Validity) -> None:
    one = judge_second(LOAD, replace(SECOND, **changes), account)
    assert [reason.code for reason in one.reasons] == [code]
    assert one.validity is validity
    assert one.reasons[0].remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"lag_p99_ns": 5e5},
        {"lag_p99_ns": 6e6, "completed": 99},
        {"errors": 10},
        {"errors": 1, "sent": 5, "completed": 4},
        {"in_flight": 255},
        {"sent_in_all": 9_600},
        {"sent_in_all": 60_000, "elapsed_s": 75.0},
    ],
)
def test_a_near_miss_does_not(changes: dict[str, Any]) -> None:
    assert codes(account=host(steal=0.02), **changes) == []


def test_a_closed_loop_is_never_late_nor_full_nor_behind() -> None:
    closed = LiveLoad(total_s=60.0, rate_per_s=None, max_in_flight=None, closed=True)
    assert codes(closed, lag_p99_ns=6e6, in_flight=256, sent_in_all=3) == []
    assert judge_second(closed, SECOND, None).lag_p99_ns is None

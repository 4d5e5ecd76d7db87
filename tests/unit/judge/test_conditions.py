"""Conditions of --fail-if: what is accepted, when they fail, and what never passes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.recordings import latency, load_report, operation_count

from tailtune.judge.conditions import _result, judge_conditions
from tailtune.model.condition import Comparator, Condition, Outcome, Unit
from tailtune.model.load import Validity

EVEN = np.linspace(1e6, 1e7, 1000)
"""p50 about 5.5 ms, p99 about 9.9 ms."""


def judged(text: str, table: pa.Table | None = None, **report: Any) -> Any:
    table = latency(EVEN) if table is None else table
    (result,) = judge_conditions([text], table, "measure", load_report(**report))
    return result


@pytest.mark.parametrize(
    ("text", "operation", "metric", "comparator", "limit", "unit"),
    [
        ("p99 > 5ms", "", "p99", Comparator.ABOVE, 5e6, Unit.NS),
        ("p99.99>=1.5s", "", "p99.99", Comparator.AT_LEAST, 1.5e9, Unit.NS),
        ("search.p99.9 > 5ms", "search", "p99.9", Comparator.ABOVE, 5e6, Unit.NS),
        ("a.b c.max > 1s", "a.b c", "max", Comparator.ABOVE, 1e9, Unit.NS),
        ("errors > 0.1%", "", "errors", Comparator.ABOVE, 0.001, Unit.SHARE),
        ("errors > 3", "", "errors", Comparator.ABOVE, 3.0, Unit.REQUESTS),
        ("rate < 950 req/s", "", "rate", Comparator.BELOW, 950.0, Unit.PER_S),
        ("lag p99 > 1ms", "", "lag p99", Comparator.ABOVE, 1e6, Unit.NS),
        ("lag.p99.9 <= 1ms", "", "lag p99.9", Comparator.AT_MOST, 1e6, Unit.NS),
    ],
)
def test_conditions_are_read(
    text: str, operation: str, metric: str, comparator: Comparator, limit: float, unit: Unit
) -> None:
    read = Condition.parse(text)
    assert (read.operation, read.metric, read.comparator, read.unit) == (operation, metric, comparator, unit)
    assert read.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a condition"),
        ("p99", "not a condition"),
        ("p99 = 5ms", "not a condition"),
        ("p99 > 5", "write a number and a unit"),
        ("p99.999 > 5ms", "p99.99"),
        ("p0 > 5ms", "percentiles go"),
        ("errors > 5ms", "a number or a share"),
        ("rate < 5%", "requests per second"),
        ("search.lag p99 > 5ms", "the engine's"),
        ("median > 5ms", "write for example"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_is_one(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Condition.parse(text)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("p50 > 5ms", Outcome.FAILED),
        ("p50 > 6ms", Outcome.PASSED),
        ("max >= 10ms", Outcome.FAILED),
        ("max > 10ms", Outcome.PASSED),
        ("mean < 1ms", Outcome.PASSED),
        ("rate < 101", Outcome.FAILED),
        ("rate < 100", Outcome.PASSED),
        ("lag p99 > 10us", Outcome.FAILED),
        ("lag max > 1ms", Outcome.PASSED),
        ("errors > 0", Outcome.PASSED),
    ],
)
def test_the_measured_value_decides(text: str, outcome: Outcome) -> None:
    assert judged(text).outcome is outcome


def test_whether_the_whole_interval_is_beyond_is_told() -> None:
    assert judged("p50 > 2ms").certain
    near = judged("p50 > 5.4ms")
    assert (near.outcome, near.certain) == (Outcome.FAILED, False)
    assert near.low < near.limit < near.measured < near.high


@pytest.mark.parametrize(
    ("text", "bounds", "certain"),
    [
        ("p99 > 1ms", (2e6, None), True),
        ("p99 > 1ms", (None, 4e6), False),
        ("p99 > 5ms", (2e6, None), False),
        ("p99 > 5ms", (None, 4e6), True),
        ("p99 > 5ms", (None, None), False),
    ],
)
def test_a_bound_that_is_not_known_may_be_anything(
    text: str, bounds: tuple[float | None, float | None], certain: bool
) -> None:
    assert _result(Condition.parse(text), (3e6, *bounds), "").certain is certain


def test_errors_are_all_kinds_as_number_and_as_share() -> None:
    operations = [operation_count("get", 1000, unexpected=1, timeouts=2, errors=3)]
    assert judged("errors > 5", operations=operations).measured == 6
    share = judged("errors > 0.5%", operations=operations)
    assert (share.measured, share.outcome) == (0.006, Outcome.FAILED)


def test_an_operation_is_judged_by_its_own_requests() -> None:
    operations = [operation_count("get", 1000), operation_count("search", 1000, errors=7)]
    table = pa.concat_tables([latency(EVEN), latency(EVEN * 10, operation=1)])
    assert judged("get.p50 > 6ms", table, operations=operations).outcome is Outcome.PASSED
    assert judged("search.p50 > 50ms", table, operations=operations).outcome is Outcome.FAILED
    assert judged("search.errors > 6", table, operations=operations).measured == 7
    assert judged("search.rate < 51", table, operations=operations).measured == 50


@pytest.mark.parametrize(
    ("text", "report", "why"),
    [
        ("p99.9 > 1s", {}, "too few requests for p99.9"),
        ("nobody.p99 > 1s", {}, "no operation called 'nobody'"),
        ("lag p95 > 1s", {}, "the engine tells the send lag at"),
        ("lag p99.9 > 1s", {}, "too few requests"),
        ("p99 > 1s", {"interrupted": True}, "interrupted"),
        ("p99 > 1s", {"validity": Validity.INVALID}, "INVALID"),
        ("errors > 9", {"validity": Validity.INVALID}, "INVALID"),
    ],
)
def test_what_the_load_does_not_carry_is_no_pass(text: str, report: dict[str, Any], why: str) -> None:
    result = judged(text, **report)
    assert result.outcome is Outcome.UNDECIDED
    assert why in result.why


def test_an_interrupted_load_can_fail() -> None:
    assert judged("p50 > 1ms", interrupted=True).outcome is Outcome.FAILED


def test_without_an_account_of_the_engine_nothing_is_decided() -> None:
    (result,) = judge_conditions(["p50 > 1ms"], latency(EVEN), "measure", None)
    assert result.outcome is Outcome.UNDECIDED

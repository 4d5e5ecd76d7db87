"""The conditions of `--fail-if` set against what was measured."""

import math
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_interval
from tailtune.judge.quantiles import enough, estimate_from_intervals
from tailtune.model.condition import Condition, ConditionResult, Outcome, quantile_of
from tailtune.model.load import LoadReport, OperationCount, Validity

_UNREPORTED: Final = "the load engine gave no account of this load"
_Measured = tuple[float | None, float | None, float | None]
"""Point, lower and upper bound."""


def judge_conditions(
    texts: Sequence[str], latency: pa.Table, window: str, report: LoadReport | None
) -> list[ConditionResult]:
    """Judge each condition by the requests of a window.

    A condition fails when the measured value breaks it, whatever the interval says. It passes only on a load
    that ran to its end, is not INVALID, and has the requests for the percentile; everything else is undecided.

    Args:
        texts: conditions that `Condition.parse` accepts.
        latency: the LATENCY table.
        window: of it.
        report: the engine's account of the window.
    """
    return [_judge(Condition.parse(text), latency, window, report) for text in texts]


def _judge(condition: Condition, latency: pa.Table, window: str, report: LoadReport | None) -> ConditionResult:
    if report is None:
        return _result(condition, (None, None, None), _UNREPORTED)
    counts = {one.name: (index, one) for index, one in enumerate(report.operations)}
    if condition.operation and condition.operation not in counts:
        return _result(condition, (None, None, None), f"there is no operation called {condition.operation!r}")
    index, count = counts.get(condition.operation, (None, None))
    measured, why = _measure(condition, latency, window, report, index, count)
    return _result(condition, measured, _forbidden(report) or why)


def _forbidden(report: LoadReport) -> str:
    """Why no condition can pass on this load; empty if it can."""
    if report.interrupted:
        return "the load was interrupted"
    return "the load is INVALID" if report.validity is Validity.INVALID else ""


def _result(condition: Condition, measured: _Measured, why: str) -> ConditionResult:
    point, low, high = measured
    broken = point is not None and condition.comparator.holds(point, condition.limit)
    bounds = (
        low if low is not None else 0.0,
        high if high is not None else math.inf,
    )  # what is not known may be anything
    certain = (low, high) != (None, None) and all(
        condition.comparator.holds(one, condition.limit) is broken for one in bounds
    )
    outcome = Outcome.FAILED if broken else Outcome.UNDECIDED if why or point is None else Outcome.PASSED
    return ConditionResult(
        condition=condition.text,
        unit=condition.unit,
        limit=condition.limit,
        measured=point,
        low=low,
        high=high,
        outcome=outcome,
        certain=certain,
        why=why if outcome is Outcome.UNDECIDED else "",
    )


def _measure(
    condition: Condition,
    latency: pa.Table,
    window: str,
    report: LoadReport,
    index: int | None,
    count: OperationCount | None,
) -> tuple[_Measured, str]:
    """Return the measured value with its bounds, and why there is none."""
    if condition.metric == "errors":
        return (_errors(condition, report, count), None, None), ""
    if condition.metric == "rate":
        return (_rate(report, count), None, None), ""
    if condition.metric.startswith("lag "):
        return _lag(condition.metric.removeprefix("lag "), report)
    return _latency(condition.metric, by_interval(latency, window, index))


def _errors(condition: Condition, report: LoadReport, count: OperationCount | None) -> float:
    counts = [count] if count else report.operations
    failed = sum(one.errors for one in counts)
    requests = max(1, sum(one.requests for one in counts))
    return failed / requests if condition.unit == "share" else float(failed)


def _rate(report: LoadReport, count: OperationCount | None) -> float:
    """Requests sent per second; of one operation its part of them."""
    if count is None:
        return report.achieved_rate_per_s
    return report.achieved_rate_per_s * count.requests / max(1, sum(one.requests for one in report.operations))


def _lag(name: str, report: LoadReport) -> tuple[_Measured, str]:
    q = quantile_of(name)
    if name not in report.send_lag_ns:
        if report.loop == "closed":
            return (None, None, None), "a closed loop has no send lag: a request is due when it is sent"
        return (None, None, None), f"the engine tells the send lag at {', '.join(report.send_lag_ns)}"
    if q is not None and not enough(report.sent_requests, q):
        return (None, None, None), "too few requests"
    return (report.send_lag_ns[name], None, None), ""


def _latency(metric: str, intervals: list[Distribution]) -> tuple[_Measured, str]:
    q = quantile_of(metric)
    if q is not None:
        estimate = estimate_from_intervals(intervals, q).estimate
        if estimate is None:
            return (None, None, None), f"too few requests for {metric}"
        return (estimate.point, estimate.low, estimate.high), ""
    merged = Distribution.merge(intervals)
    if not merged.n:
        return (None, None, None), "no request"
    return (merged.maximum if metric == "max" else merged.mean, None, None), ""

"""How numbers and their intervals are written, in text and Markdown alike.

Units come from `model.units`; nothing here computes a statistic.
"""

import math
from collections.abc import Callable
from typing import Final

from tailtune.model.estimate import REQUESTS_PER_TAIL, Estimate, QuantileEstimate
from tailtune.model.units import format_bytes, format_change, format_ns, format_quantile, format_share
from tailtune.model.verdict import Metric, MetricVerdict

NOT_AVAILABLE: Final = "n/a"
METRIC_NAMES: Final = {
    Metric.CPU_PER_REQUEST: "CPU per request",
    Metric.CPU_USER: "user CPU per request",
    Metric.CPU_SYSTEM: "kernel CPU per request",
    Metric.OTHER_PROCESSES: "CPU of its other processes",
    Metric.GC_CPU: "GC CPU per request",
    Metric.ALLOCATED: "allocated per request",
    Metric.PEAK_RSS: "peak RSS",
    Metric.STEADY_RSS: "steady RSS",
    Metric.PAGE_FAULTS: "page faults per request",
    Metric.SWITCHES: "context switches per request",
}
_BYTES: Final = (Metric.ALLOCATED, Metric.PEAK_RSS, Metric.STEADY_RSS)
_NUMBERS: Final = (Metric.PAGE_FAULTS, Metric.SWITCHES)


def count(value: float) -> str:
    """Write a whole number with thousands separated."""
    return f"{value:,.0f}"


def amount(value: float, unit: str = "") -> str:
    """Write a value of a profile in its unit: `nanoseconds`, `bytes` or a number."""
    if unit == "nanoseconds":
        return format_ns(value)
    if unit == "bytes":
        return format_bytes(value)
    return count(value) if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def rate(per_second: float) -> str:
    """Write a request rate."""
    return f"{per_second:,.1f} req/s"


def interval(estimate: Estimate, write: Callable[[float], str]) -> str:
    """Write the bounds of an estimate in brackets, `?` for one that the data do not carry; none: say so.

    The unit is left out where all bounds have the point's own: `6.81 ms [6.52, 7.10]`.
    """
    known = [write(bound) for bound in (estimate.low, estimate.high) if bound is not None]
    if not known:
        return "(no interval)"
    unit = f" {write(estimate.point).rpartition(' ')[2]}"
    if all(bound.endswith(unit) for bound in known):
        known = [bound.removesuffix(unit) for bound in known]
    if estimate.low is None:
        known.insert(0, "?")
    if estimate.high is None:
        known.append("?")
    return f"[{', '.join(known)}]"


def with_interval(estimate: Estimate | None, write: Callable[[float], str]) -> str:
    """Write an estimate with its bounds, or that there is none."""
    if estimate is None:
        return NOT_AVAILABLE
    return f"{write(estimate.point)} {interval(estimate, write)}"


def confidence(estimate: Estimate) -> str:
    """Write the coverage of an interval, for example `95 %`."""
    return format_share(estimate.confidence, 0)


def requests_needed(q: float) -> int:
    """Return how many requests the quantile rule asks for before it lets a quantile be printed."""
    return math.ceil(round(REQUESTS_PER_TAIL / (1 - q), 6)) if q < 1 else 1


def metric_name(metric: Metric) -> str:
    """Name a metric as people do."""
    return METRIC_NAMES.get(metric, metric.value)


def metric_value(metric: Metric, value: float | None) -> str:
    """Write a value of a metric in its unit."""
    if value is None:
        return NOT_AVAILABLE
    if metric is Metric.THROUGHPUT:
        return rate(value)
    if metric in _NUMBERS:
        return f"{value:.3g}"
    return format_bytes(value) if metric in _BYTES else format_ns(value)


def change(answer: MetricVerdict) -> str:
    """Write the relative change of a metric with its interval, for example `-31.2 % [-32.0, -30.1]`."""
    return with_interval(answer.ratio, format_change)


def margin(answer: MetricVerdict) -> str:
    """Write the smallest relevant change, for example `±2 %`."""
    digits = 0 if math.isclose(answer.margin * 100, round(answer.margin * 100)) else 1
    return f"±{format_share(answer.margin, digits)}"


def verdict_cell(answer: MetricVerdict) -> str:
    """Write a verdict, and at which epoch it was reached."""
    at = f" (epoch {answer.decided_at})" if answer.decided_at else ""
    return f"{answer.verdict}{at}"


def plural(number: int, noun: str) -> str:
    """Write a number of things: `1 pair`, `2 pairs`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def quantile_value(quantile: QuantileEstimate) -> tuple[str, str, str]:
    """Write a quantile as name, value and interval; what is missing says what would bring it."""
    name = format_quantile(quantile.q)
    estimate = quantile.estimate
    if estimate is None:
        return name, NOT_AVAILABLE, f"needs about {count(requests_needed(quantile.q))} requests"
    bounds = interval(estimate, format_ns)
    if estimate.low is None or estimate.high is None:
        bounds += " too few independent slow phases: measure longer"
    return name, format_ns(estimate.point), bounds

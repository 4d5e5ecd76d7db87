"""What is compared: each metric's figure for one variant in one epoch, and the smallest change of it that matters."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tailtune.judge.distribution import Distribution
from tailtune.judge.quantiles import enough
from tailtune.model.verdict import PRIMARY, Metric

Row = Mapping[str, Any]
"""One row of the SLICES table."""

QUANTILE_OF: Final = {Metric.P50: 0.5, Metric.P90: 0.9, Metric.P99: 0.99, Metric.P999: 0.999}
MARGINS: Final[Mapping[Metric, float]] = {
    Metric.CPU_PER_REQUEST: 0.02,
    Metric.P50: 0.03,
    Metric.P90: 0.04,
    Metric.P99: 0.05,
    Metric.P999: 0.10,
    Metric.MEAN: 0.03,
    Metric.THROUGHPUT: 0.03,
    Metric.CPU_USER: 0.03,
    Metric.CPU_SYSTEM: 0.10,
    Metric.OTHER_PROCESSES: 0.05,
    Metric.GC_CPU: 0.10,
    Metric.ALLOCATED: 0.05,
    Metric.PEAK_RSS: 0.05,
    Metric.STEADY_RSS: 0.05,
    Metric.PAGE_FAULTS: 0.20,
    Metric.SWITCHES: 0.10,
}
"""Smallest relative change that matters, in the order in which metrics are shown."""
LATENCIES: Final = frozenset({*QUANTILE_OF, Metric.MEAN})
"""What a busy machine disturbs; the others are judged from all pairs even where latency cannot be."""
ALWAYS: Final = frozenset({*PRIMARY, *LATENCIES, Metric.PEAK_RSS})
"""Shown even where they were not measured, with the reason."""
UNKNOWN: Final = -1
"""In a column of SLICES: not measured."""


def figures(rows: Sequence[Row], latency: Distribution, saturated: Sequence[Row] = ()) -> dict[Metric, float]:
    """Return what the slices of one variant in one epoch say; a metric that they do not carry is absent.

    Args:
        rows: of SLICES.
        latency: of these slices together.
        saturated: rows of SATURATION of the same variant and epoch.
    """
    found = {metric: formula(rows) for metric, formula in _FORMULAS.items()}
    found[Metric.MEAN] = latency.mean
    found[Metric.THROUGHPUT] = _throughput(saturated)
    found |= {metric: latency.quantile(q) for metric, q in QUANTILE_OF.items() if enough(latency.n, q)}
    return {metric: value for metric, value in found.items() if math.isfinite(value) and value > 0}


def _per_request(*columns: str) -> Callable[[Sequence[Row]], float]:
    """The sum of columns over the completed requests."""

    def formula(rows: Sequence[Row]) -> float:
        completed = sum(row["completed"] for row in rows)
        if not completed or any(row[column] == UNKNOWN for row in rows for column in columns):
            return math.nan
        return float(sum(row[column] for row in rows for column in columns) / completed)

    return formula


def _peak_rss(rows: Sequence[Row]) -> float:
    return float(max((row["peak_rss_bytes"] for row in rows), default=0))


def _steady_rss(rows: Sequence[Row]) -> float:
    """The mean over the slices' ends: what the service keeps."""
    if not rows or any(row["rss_bytes"] == UNKNOWN for row in rows):
        return math.nan
    return float(sum(row["rss_bytes"] for row in rows) / len(rows))


def _throughput(rows: Sequence[Row]) -> float:
    elapsed_ns = sum(row["elapsed_ns"] for row in rows)
    return sum(row["completed"] for row in rows) / elapsed_ns * 1e9 if elapsed_ns else math.nan


_FORMULAS: Final[Mapping[Metric, Callable[[Sequence[Row]], float]]] = {
    Metric.CPU_PER_REQUEST: _per_request("cpu_user_ns", "cpu_system_ns"),
    Metric.CPU_USER: _per_request("cpu_user_ns"),
    Metric.CPU_SYSTEM: _per_request("cpu_system_ns"),
    Metric.OTHER_PROCESSES: _per_request("children_cpu_ns"),
    Metric.GC_CPU: _per_request("gc_cpu_ns"),
    Metric.ALLOCATED: _per_request("allocated_bytes"),
    Metric.PAGE_FAULTS: _per_request("minor_faults", "major_faults"),
    Metric.SWITCHES: _per_request("voluntary_switches", "involuntary_switches"),
    Metric.PEAK_RSS: _peak_rss,
    Metric.STEADY_RSS: _steady_rss,
}

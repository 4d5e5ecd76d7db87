"""The percentile curve and the heat map of latency over time, as numbers; drawing them is another's work."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tailtune.judge.distribution import Distribution
from tailtune.judge.quantiles import enough
from tailtune.model.summary import CurvePoint, HeatMap

_POINTS_A_DECADE: Final = 16
_NINES: Final = 4.0
"""The curve ends at p99.99."""
_COLUMNS: Final = 60
_ROWS: Final = 14
_SERIES: Final = (
    (1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0,
     3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6, 6.2, 6.8, 7.5, 8.2, 9.1),
    (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2),
    (1.0, 1.5, 2.2, 3.3, 4.7, 6.8),
    (1.0, 2.0, 5.0),
    (1.0,),
)  # fmt: skip
"""Bounds within a decade, finest first: the preferred numbers E24, E12 and E6 (IEC 60063), 1-2-5, decades."""


def curve(latency: Distribution, service: Distribution) -> list[CurvePoint]:
    """Return quantiles evenly spaced on log10(1/(1-q)), p50 to p99.99, as far as the requests carry them."""
    first = math.log10(2)
    steps = round((_NINES - first) * _POINTS_A_DECADE)
    points = []
    for step in range(steps + 1):
        q = 1 - 10 ** -(first + (_NINES - first) * step / steps)
        if enough(latency.n, q):
            answered = service.quantile(q) if enough(service.n, q) else None
            points.append(CurvePoint(q=q, latency_ns=latency.quantile(q), service_ns=answered))
    return points


def heat_map(intervals: Sequence[Distribution]) -> HeatMap | None:
    """Return the requests of consecutive seconds by time and latency; None without requests.

    Nothing is cut off: the rows reach from the smallest to the largest latency. They are as fine as at most
    14 rows of preferred numbers allow.
    """
    merged = Distribution.merge(intervals)
    if not merged.n:
        return None
    edges = np.array(_edges(max(1.0, float(merged.values[0])), max(1.0, merged.maximum)))
    seconds = math.ceil(len(intervals) / _COLUMNS)
    columns = [
        _column(Distribution.merge(intervals[start : start + seconds]), edges)
        for start in range(0, len(intervals), seconds)
    ]
    return HeatMap(
        seconds_per_column=float(seconds),
        edges_ns=[float(edge) for edge in edges],
        counts=[[column[row] for column in columns] for row in range(len(edges) - 1)],
    )


def _column(distribution: Distribution, edges: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    rows = np.clip(np.searchsorted(edges, distribution.values, side="right") - 1, 0, len(edges) - 2)
    return [int(total) for total in np.bincount(rows, weights=distribution.counts, minlength=len(edges) - 1)]


def _edges(smallest: float, largest: float) -> list[float]:
    """Return ascending bounds around both, at least two."""
    for series in _SERIES:
        decades = range(math.floor(math.log10(smallest)), math.floor(math.log10(largest)) + 2)
        bounds = [round(step * 10.0**decade, 6) for decade in decades for step in series]
        low = max(index for index, bound in enumerate(bounds) if bound <= smallest)
        high = next(index for index, bound in enumerate(bounds) if bound > largest)
        if high - low <= _ROWS:
            break
    return bounds[low : high + 1]

"""Requests that take longer than the others by always the same time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.tail import RequestTimes, Times
from tailtune.model.finding import Evidence
from tailtune.model.units import format_ns

_FEWEST: Final = 20
_TIMES_MEDIAN: Final = 3.0
"""A wait below has to be told from how requests differ anyway."""
_NARROW: Final = 1.06
"""Upper bound of a cluster over its lower one: timers are late by up to a millisecond, requests differ."""
_WIDEST: Final = 1.25
_GAP: Final = 0.75
"""Between this share of the cluster's lower bound and that bound there is nearly nobody."""
_MOST_IN_GAP: Final = 0.1
"""So many for each in the cluster."""
_WAITED_AND_QUEUED: Final = 1.5
"""Up to so many times the lower bound: those that waited, and then stood in a queue as well."""


@dataclass(frozen=True)
class Cluster:
    """A narrow range of service times far above the median, with a gap below it."""

    low_ns: float
    high_ns: float
    wait_ns: float
    """What its requests take beyond the median."""
    count: int
    in_gap: int
    requests: int
    """All of them, in and outside of it."""

    @property
    def part(self) -> float:
        """The cluster's share of all requests, in [0, 1]."""
        return self.count / self.requests

    @property
    def each_ns(self) -> float:
        """The wait, spread over all requests."""
        return self.part * self.wait_ns

    def evidence(self) -> Evidence:
        """Return what was counted."""
        text = (
            f"{self.count} of {self.requests:,} answers took {format_ns(self.low_ns)} to {format_ns(self.high_ns)}, "
            f"{self.in_gap} took less than that and more than {format_ns(_GAP * self.low_ns)}"
        )
        return Evidence(text=text, source="tables/requests.parquet", count=self.count)

    def waited(self, times: RequestTimes) -> Times:
        """Return how long each request waited, ns: the fixed time, or not at all."""
        service = times.service_ns
        inside = (service >= self.low_ns) & (service <= _WAITED_AND_QUEUED * self.low_ns)
        return np.where(inside, self.wait_ns, 0.0)


def fixed_cluster(times: RequestTimes | None, later_ns: float = 0.0, least_ns: float = 0.0) -> Cluster | None:
    """Return the narrow range above three medians that holds most requests, if there is a gap below it.

    Args:
        times: the requests.
        later_ns: how much later than asked for the timers in question fire; ranges are at least as wide, up to a
            quarter above their lower bound.
        least_ns: requests that took less are not looked at.
    """
    if times is None:
        return None
    ordered = np.sort(times.service_ns)
    median = float(np.median(ordered))
    slow = ordered[ordered > max(_TIMES_MEDIAN * median, least_ns)]
    if len(slow) < _FEWEST:
        return None
    ends = np.maximum(slow * _NARROW, np.minimum(slow + later_ns, slow * _WIDEST))
    counts = np.searchsorted(slow, ends, side="right") - np.arange(len(slow))
    first = int(np.argmax(counts))
    low, high, count = float(slow[first]), float(ends[first]), int(counts[first])
    in_gap = int(np.searchsorted(ordered, low) - np.searchsorted(ordered, low * _GAP))
    if count < _FEWEST or in_gap > _MOST_IN_GAP * count:
        return None
    return Cluster(low, high, low - median, count, in_gap, len(ordered))

"""A wait of always the same length in some of the requests: a sleep, a time-out, a back-off."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.tail import RequestTimes, Times, share_of_tail
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.25
_FEWEST: Final = 20
_TIMES_MEDIAN: Final = 3.0
"""A wait below has to be told from how requests differ anyway."""
_NARROW: Final = 1.06
"""Upper bound of the cluster over its lower one: timers are late by up to a millisecond, requests differ."""
_GAP: Final = 0.75
"""Between this share of the cluster's lower bound and that bound there is nearly nobody."""
_MOST_IN_GAP: Final = 0.1
"""So many for each in the cluster."""
_WAITED_AND_QUEUED: Final = 1.5
"""Up to so many times the lower bound: those that waited, and then stood in a queue as well."""


@dataclass(frozen=True)
class _Cluster:
    low_ns: float
    high_ns: float
    count: int
    in_gap: int


class FixedWait:
    """Service times of the measure window: a narrow cluster far above the median, with a gap below it."""

    id = "fixed-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such a wait takes a quarter of the tail's time."""
        times = facts.times
        cluster = _cluster(times.service_ns) if times else None
        if times is None or cluster is None:
            return []
        wait = cluster.low_ns - float(np.median(times.service_ns))
        share = share_of_tail(times, _waited(times, cluster, wait))
        if share.point < _WORTH_A_FINDING:
            return []
        text = format_ns(wait, 2)
        found = finding(
            facts,
            self.id,
            text.replace(" ", ""),
            f"{format_share(cluster.count / len(times.service_ns))} of requests take {text} longer than the others, "
            "all of them nearly the same: a sleep, a time-out that is waited for, or a back-off",
            group=Group.CONCURRENCY,
            share=share,
            share_of=TAIL,
            strength=Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"{cluster.count} of {len(times.service_ns):,} answers took {format_ns(cluster.low_ns)} to "
                    f"{format_ns(cluster.high_ns)}, {cluster.in_gap} took less than that and more than "
                    f"{format_ns(_GAP * cluster.low_ns)}",
                    source="tables/requests.parquet",
                    count=cluster.count,
                )
            ],
            disproof="the cluster lies elsewhere at half the rate: then it is a queue, which depends on the load",
            proposal=f"Look for a sleep, a client's time-out or a back-off of about {text} in the path of requests; "
            "near 40 ms for small writes that wait for an acknowledgement (TCP_NODELAY), near 1 s for connection "
            "attempts that were lost.",
        )
        return [Cause(found, share.point)]


def _cluster(service_ns: Times) -> _Cluster | None:
    """Return the narrow range above three medians that holds most requests, if there is a gap below it."""
    ordered = np.sort(service_ns)
    slow = ordered[ordered > _TIMES_MEDIAN * np.median(ordered)]
    if len(slow) < _FEWEST:
        return None
    counts = np.searchsorted(slow, slow * _NARROW, side="right") - np.arange(len(slow))
    first = int(np.argmax(counts))
    low, count = float(slow[first]), int(counts[first])
    in_gap = int(np.searchsorted(ordered, low) - np.searchsorted(ordered, low * _GAP))
    if count < _FEWEST or in_gap > _MOST_IN_GAP * count:
        return None
    return _Cluster(low, low * _NARROW, count, in_gap)


def _waited(times: RequestTimes, cluster: _Cluster, wait_ns: float) -> Times:
    """Return how long each request waited: the fixed time, or not at all."""
    service = times.service_ns
    waited = (service >= cluster.low_ns) & (service <= _WAITED_AND_QUEUED * cluster.low_ns)
    return np.where(waited, wait_ns, 0.0)


RULE = FixedWait()

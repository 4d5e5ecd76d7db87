"""Which pairs of slices to leave out, decided by signals from outside the variants alone.

Latency, CPU time and everything else that a variant can influence is never looked at here: dropping
on the outcome would make differences. That includes the delay of the probe, which shares the service's
CPUs: a candidate that hogs them now and then delays it, and its worst slices would go. A pair goes as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.model.units import NS_PER_S, format_share

PairKey = tuple[int, int]
"""Epoch and pair."""

MOST_DROPPED: Final = 0.2
"""Beyond this share of the pairs the environment is too noisy for latency."""
_OUTLIER: Final = 5.0
"""Standard deviations, estimated by the median absolute deviation."""
_MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True)
class Signal:
    """One kind of interference, as a share of the slice's wall time on all CPUs."""

    name: str
    column: str
    floor: float
    """A rise of this share above the typical level is nothing."""
    ceiling: float
    """Above this share no latency is believed."""


SIGNALS: Final = (
    Signal("CPU time stolen by the hypervisor", "steal_ns", floor=0.005, ceiling=0.10),
    Signal("CPU time of other programs", "other_busy_ns", floor=0.05, ceiling=0.90),
)


@dataclass(frozen=True)
class Interference:
    """The pairs to leave out of latency figures, and what to say about it."""

    dropped: frozenset[PairKey]
    total: int
    causes: list[str]

    @property
    def too_noisy(self) -> bool:
        """Whether so many pairs are disturbed that latency cannot be compared."""
        return self.total > 0 and len(self.dropped) > MOST_DROPPED * self.total


def disturbed_pairs(slices: Sequence[Mapping[str, int]], cpus: int) -> Interference:
    """Find the pairs that something outside the variants disturbed.

    A pair counts as disturbed when, in one of its slices, a signal passes its ceiling or stands out
    from the experiment's other pairs by five standard deviations.

    Args:
        slices: rows of the SLICES table; with `wall_ns`, the time between the readings at a slice's edges, where that
            is known: it is longer than the load in between.
        cpus: CPUs that the signals were read on.
    """
    pairs = sorted({(row["epoch"], row["pair"]) for row in slices})
    dropped: set[PairKey] = set()
    causes = []
    for signal in SIGNALS:
        shares = _pair_shares(slices, signal, cpus)
        typical, limit = _limit([shares[pair] for pair in pairs], signal)
        beyond = {pair for pair in pairs if shares[pair] > limit}
        if beyond:
            causes.append(
                f"{signal.name} above {format_share(limit)} in {len(beyond)} of {len(pairs)} pairs "
                f"(typically {format_share(typical)})"
            )
        dropped |= beyond
    slept = {(row["epoch"], row["pair"]) for row in slices if row["suspended_ns"] > 0}
    if slept:
        causes.append(f"the machine slept in {len(slept)} of {len(pairs)} pairs")
        dropped |= slept
    return Interference(dropped=frozenset(dropped), total=len(pairs), causes=causes)


def _pair_shares(slices: Sequence[Mapping[str, int]], signal: Signal, cpus: int) -> dict[PairKey, float]:
    shares: dict[PairKey, float] = {}
    for row in slices:
        wall = max(row.get("wall_ns", row["ended_ns"] - row["started_ns"]), NS_PER_S // 1000) * cpus
        key = (row["epoch"], row["pair"])
        shares[key] = max(shares.get(key, 0.0), row[signal.column] / wall)
    return shares


def _limit(shares: Sequence[float], signal: Signal) -> tuple[float, float]:
    if not shares:
        return 0.0, signal.ceiling
    typical = float(np.median(shares))
    spread = float(np.median(np.abs(np.asarray(shares) - typical))) * _MAD_TO_SD
    return typical, min(signal.ceiling, typical + max(signal.floor, _OUTLIER * spread))

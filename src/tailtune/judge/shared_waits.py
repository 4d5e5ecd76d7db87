"""What was waited for CPUs, or for Go's processors, while all of them were taken: divided among those who had them.

Time is cut where any of that changes. Between two cuts, each of n who have one has one n-th of what is waited, so that
what all of them have adds up to what was waited while all were taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.stretches import Stretches, joined

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RequestWaits:
    """Waits of requests. Arrays have one element a wait."""

    names: tuple[str, ...]
    """Of the parts of latency that they are in."""
    part: Integers
    """Index in `names`."""
    spans: Stretches
    """By request, and thread or goroutine (`tid`)."""

    def __len__(self) -> int:
        return len(self.part)

    @classmethod
    def named(cls, waits: Mapping[str, Stretches]) -> "RequestWaits":
        """Return the waits of all parts, of which there is at least one, each given by its name."""
        part = np.repeat(np.arange(len(waits), dtype=np.int64), [len(one) for one in waits.values()])
        return cls(tuple(waits), part, joined(waits.values()))


class SharedWaits:
    """Turns, which are stretches of time in which somebody had a CPU, and how long was waited for each of them."""

    def __init__(self, begin_ns: Integers, end_ns: Integers, waits: Stretches, most: int) -> None:
        """Sum up.

        Args:
            begin_ns: of the turns; some may be at the same time.
            end_ns: not before it.
            waits: of requests; some may overlap.
            most: how many turns there can be at a time; 0: not known, as many as ever were.
        """
        self.begin_ns, self.end_ns = begin_ns, end_ns
        self._edges = np.unique(np.concatenate([begin_ns, end_ns, waits.begin_ns, waits.end_ns]))
        taken = self._count(begin_ns, end_ns)
        least = most or int(taken.max(initial=1))
        self._each: Floats = np.where(taken >= least, 1 / np.maximum(taken, 1), 0.0)
        self._waits = waits
        waiting = self._count(waits.begin_ns, waits.end_ns)
        self.waited_ns: Floats = self._between(self._each * waiting, begin_ns, end_ns)
        """For each turn, what was waited meanwhile, divided by the number of turns at that time."""

    def waited_for(self, chosen: Flags) -> Floats:
        """Return how much of each wait was for some of the turns, ns."""
        having = self._count(self.begin_ns[chosen], self.end_ns[chosen])
        return self._between(self._each * having, self._waits.begin_ns, self._waits.end_ns)

    def _count(self, begin_ns: Integers, end_ns: Integers) -> Integers:
        """Return how many stretches there are from each edge to the next one."""
        begun = np.searchsorted(np.sort(begin_ns), self._edges, side="right")
        return (begun - np.searchsorted(np.sort(end_ns), self._edges, side="right")).astype(np.int64)

    def _between(self, density: Floats, begin_ns: Integers, end_ns: Integers) -> Floats:
        """Integrate what is constant from each edge to the next one."""
        if not len(self._edges):
            return np.zeros(len(begin_ns))
        since = self._edges[0]  # small numbers are exact
        at = (self._edges - since).astype(np.float64)
        sums = np.concatenate([np.zeros(1), np.cumsum(density[:-1] * np.diff(at))])
        found: Floats = np.interp(end_ns - since, at, sums) - np.interp(begin_ns - since, at, sums)
        return found


def near(begin_ns: Integers, end_ns: Integers, waits: Stretches) -> Integers:
    """Return the positions of the stretches of time that overlap a wait."""
    begin, end = _union(waits)
    first = np.searchsorted(end, begin_ns, side="right")
    behind = np.searchsorted(begin, end_ns, side="left")
    found: Integers = np.flatnonzero((first < behind) & (end_ns > begin_ns))
    return found


def _union(waits: Stretches) -> tuple[Integers, Integers]:
    """Return the stretches of time in which anyone waits, ascending and apart."""
    order = np.argsort(waits.begin_ns, kind="stable")
    begin, latest = waits.begin_ns[order], np.maximum.accumulate(waits.end_ns[order])
    is_first = np.ones(len(begin), dtype=np.bool_)
    is_first[1:] = begin[1:] > latest[:-1]
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(begin)) - 1
    return begin[first], latest[last] if len(begin) else begin

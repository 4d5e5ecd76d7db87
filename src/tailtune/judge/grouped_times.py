"""Moments in groups, sorted once, so that hundreds of thousands of them are looked up without a loop."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NONE = -1
"""Stands for a position that there is not."""


class GroupedTimes:
    """Moments of many groups (connections, threads). Positions refer to the sorted order.

    All look-ups take arrays of one length, a group and a time each, and return one position for each. Times are
    compared by their ranks, so that no value of 64 bits overflows.
    """

    def __init__(self, group: Integers, t_ns: Integers) -> None:
        """Sort; equal moments of a group keep the order in which they are given."""
        self.order: Integers = np.lexsort((t_ns, group)).astype(np.int64)
        self.group = group[self.order]
        self.t_ns = t_ns[self.order]
        self._groups = _distinct(self.group)
        self._times = _distinct(np.sort(self.t_ns))
        self._keys = self._place(self.group) * len(self._times) + np.searchsorted(self._times, self.t_ns)

    def __len__(self) -> int:
        return len(self.t_ns)

    def count_until(self, group: Integers, t_ns: Integers, *, including: bool = True) -> Integers:
        """Return how many moments lie in earlier groups, or in the same and not after `t_ns`: a position.

        Args:
            group: the groups; one that does not occur lies between those that do.
            t_ns: the times.
            including: whether a moment at `t_ns` itself counts.
        """
        place = self._place(group)
        rank = np.searchsorted(self._times, t_ns, side="right" if including else "left")
        rank = np.where(self._is_known(group, place), rank, 0)
        return np.searchsorted(self._keys, place * len(self._times) + rank).astype(np.int64)

    def last(self, group: Integers, t_ns: Integers, *, including: bool = True) -> Integers:
        """Return the position of the last moment of the same group until `t_ns`; NONE where there is none."""
        return self._of(group, self.count_until(group, t_ns, including=including) - 1)

    def first(self, group: Integers, t_ns: Integers, *, including: bool = True) -> Integers:
        """Return the position of the first moment of the same group from `t_ns` on; NONE where there is none."""
        return self._of(group, self.count_until(group, t_ns, including=not including))

    def at(self, position: Integers, missing: int) -> Integers:
        """Return the times at positions, and `missing` where there is none."""
        return taken(self.t_ns, position, missing)

    def _of(self, group: Integers, position: Integers) -> Integers:
        """Keep the positions that lie in the group asked for."""
        if not len(self):
            return np.full(len(group), NONE, dtype=np.int64)
        inside = np.clip(position, 0, len(self) - 1)
        return np.where((inside == position) & (self.group[inside] == group), position, NONE)

    def _place(self, group: Integers) -> Integers:
        return np.searchsorted(self._groups, group).astype(np.int64)

    def _is_known(self, group: Integers, place: Integers) -> Flags:
        if not len(self._groups):
            return np.zeros(len(group), dtype=np.bool_)
        known: Flags = self._groups[np.minimum(place, len(self._groups) - 1)] == group
        return known


def _distinct(ascending: Integers) -> Integers:
    """Return each value once; where most of millions differ, several times as fast as `np.unique`."""
    changes = np.ones(len(ascending), dtype=np.bool_)
    changes[1:] = ascending[1:] != ascending[:-1]
    return ascending[changes]


def taken(values: Integers, position: Integers, missing: int) -> Integers:
    """Return the values at positions, and `missing` where a position is NONE."""
    if not len(values):
        return np.full(len(position), missing, dtype=np.int64)
    return np.where(position == NONE, missing, values[np.maximum(position, 0)])


def ranges(begin: Integers, end: Integers, most: int) -> tuple[Integers, Integers]:
    """Lay out many ranges of positions: return for each position the range it belongs to, and the position.

    Args:
        begin: first position of each range.
        end: position behind its last; not after `begin`: the range is empty.
        most: ranges from the one on with which there would be more positions than this are left out, so that
            memory stays bounded.
    """
    lengths = np.maximum(end - begin, 0)
    kept = int(np.searchsorted(np.cumsum(lengths), most, side="right"))
    lengths = lengths[:kept]
    owner = np.repeat(np.arange(kept, dtype=np.int64), lengths)
    first = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner), dtype=np.int64) - first[owner] + begin[:kept][owner]

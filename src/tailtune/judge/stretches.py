"""Stretches of time that threads or goroutines spent on requests."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tailtune.judge.grouped_times import Flags, Integers


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of time that a thread (or goroutine) spent on a request and on nothing else; of one, none overlap."""

    request: Integers
    """Row of the request."""
    tid: Integers
    """Number of the thread; where it is said so, of the goroutine."""
    begin_ns: Integers
    end_ns: Integers

    def __len__(self) -> int:
        return len(self.request)

    @property
    def lengths_ns(self) -> Integers:
        """How long each lasts."""
        return self.end_ns - self.begin_ns

    def chosen(self, which: Flags | Integers) -> "Stretches":
        """Return some of them."""
        return Stretches(self.request[which], self.tid[which], self.begin_ns[which], self.end_ns[which])


def joined(several: Iterable[Stretches]) -> Stretches:
    """Return all stretches, in the order given; there is at least one group of them."""
    columns = zip(*((one.request, one.tid, one.begin_ns, one.end_ns) for one in several), strict=True)
    return Stretches(*(np.concatenate(column) for column in columns))


def no_stretches() -> Stretches:
    """Return none."""
    empty = np.empty(0, dtype=np.int64)
    return Stretches(empty, empty, empty, empty)


def summed(owner: Integers, values: Integers, count: int) -> Integers:
    """Sum values by who owns them, exactly.

    Args:
        owner: ascending, in [0, count).
        values: one for each owner's element.
        count: how many owners there are.
    """
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
    edges = np.searchsorted(owner, np.arange(count + 1, dtype=np.int64))
    sums: Integers = total[edges[1:]] - total[edges[:-1]]
    return sums

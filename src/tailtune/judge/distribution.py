"""A distribution of times as sorted values with counts: raw requests and histograms alike."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_ROUNDING = 1e-9
"""Of a rank: 0.99 × 100 must not become rank 100."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Distinct values, ascending, each with how often it occurred (> 0). Any unit; latencies are in ns."""

    values: Values
    counts: Counts

    @classmethod
    def from_values(cls, values: npt.ArrayLike) -> Self:
        """Build from single observations in any order."""
        distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
        return cls(distinct, counts.astype(np.int64))

    @classmethod
    def from_counts(cls, values: npt.ArrayLike, counts: npt.ArrayLike) -> Self:
        """Build from values in any order, repeated ones allowed, each with a count."""
        occurrences = np.asarray(counts, dtype=np.int64)
        distinct, index = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True)
        sums = np.bincount(index, weights=occurrences, minlength=len(distinct)).astype(np.int64)
        return cls(distinct[sums > 0], sums[sums > 0])

    @classmethod
    def merge(cls, parts: Iterable["Distribution"]) -> Self:
        """Return all observations of the parts together; empty for no parts."""
        found = list(parts)
        if not found:
            return cls.from_values([])
        return cls.from_counts(
            np.concatenate([part.values for part in found]), np.concatenate([part.counts for part in found])
        )

    @cached_property
    def cumulative(self) -> Counts:
        """Number of observations up to and including each value."""
        return np.cumsum(self.counts)

    @property
    def n(self) -> int:
        """Number of observations."""
        return int(self.cumulative[-1]) if len(self.counts) else 0

    @property
    def mean(self) -> float:
        """Arithmetic mean; NaN when empty."""
        return float(self.values @ self.counts) / self.n if self.n else math.nan

    @property
    def maximum(self) -> float:
        """Largest value; NaN when empty."""
        return float(self.values[-1]) if self.n else math.nan

    def at_rank(self, rank: int) -> float:
        """Return the observation of a rank, 1 for the smallest and `n` for the largest.

        Raises:
            IndexError: if there is no such rank.
        """
        if not 1 <= rank <= self.n:
            raise IndexError(f"rank {rank} of {self.n} observations")
        return float(self.values[np.searchsorted(self.cumulative, rank)])

    def quantile(self, q: float) -> float:
        """Return the smallest value that at least the share `q` of the observations does not exceed.

        The inverse of the empirical distribution function: no interpolation, so that raw requests
        and their histogram give the same answer within the histogram's resolution. NaN when empty.

        Raises:
            ValueError: if `q` is outside [0, 1].
        """
        if not 0 <= q <= 1:
            raise ValueError(f"quantile {q} is outside [0, 1]")
        return self.at_rank(max(1, math.ceil(q * self.n - _ROUNDING))) if self.n else math.nan

    def count_up_to(self, value: float) -> int:
        """Return how many observations do not exceed `value`."""
        index = int(np.searchsorted(self.values, value, side="right"))
        return int(self.cumulative[index - 1]) if index else 0

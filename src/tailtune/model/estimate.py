"""A number that never travels without its right to be believed."""

from typing import Final

import msgspec

REQUESTS_PER_TAIL: Final = 7.3
"""A quantile q needs this many observations over (1 - q): its interval then exists with room to spare."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A point with its confidence interval; all in the same unit."""

    point: float
    low: float | None
    """Lower bound; absent when the data do not carry one at this confidence."""
    high: float | None
    confidence: float
    """Nominal coverage of the interval, in (0, 1)."""
    n: int
    """Number of independent units behind it: requests for a quantile of one run, epochs for a comparison."""


class QuantileEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """One quantile of latency in ns."""

    q: float
    """Quantile in [0, 1]."""
    estimate: Estimate | None
    """Absent when fewer than about 7.3 / (1 - q) requests were measured."""

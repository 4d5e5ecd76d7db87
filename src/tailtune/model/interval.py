"""One second of a load: the rows of the interval files."""

from typing import Final

import msgspec

from tailtune.model.estimate import QuantileEstimate

INTERVAL_QUANTILES: Final = (0.5, 0.9, 0.99, 0.999)


class IntervalSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one operation, or of all, whose intended start lies in one second; times in ns."""

    interval: int
    """Number of the second from the schedule's zero."""
    start_s: float
    seconds: float
    operation: str
    """Empty for all together."""
    requests: int
    outcomes: dict[str, int] | None
    """How many ended in which way; absent where this was not recorded."""
    latency: list[QuantileEstimate]
    """One for each of INTERVAL_QUANTILES; without an estimate where the second has too few requests."""
    latency_mean_ns: float | None
    latency_max_ns: float | None
    service_time: list[QuantileEstimate]
    service_time_max_ns: float | None
    send_lag: list[QuantileEstimate]
    send_lag_max_ns: float | None


class Buckets(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in full, as histogram files carry it."""

    operation: str
    """Empty for all together."""
    interval: int
    """Number of the second; -1 for the whole load."""
    start_s: float
    seconds: float
    values_ns: list[int]
    """Ascending, each the middle of a bucket at most 0.1 % wide on either side."""
    counts: list[int]
    """As many as values, > 0."""
    max_ns: float
    """0 when empty."""


class CumulativeBuckets(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution on bounds that grow by a constant factor, as OpenMetrics wants it."""

    operation: str
    bounds_ns: list[float]
    """Ascending, eight a doubling: those of Prometheus' native histograms of schema 3."""
    counts: list[int]
    """Requests up to and including each bound."""
    total: int
    sum_ns: float

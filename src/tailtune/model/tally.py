"""How often comparisons of a thing with itself were wrong on one machine."""

import msgspec

from tailtune.model.verdict import Metric


class MetricTally(msgspec.Struct, frozen=True, kw_only=True):
    """A/A verdicts on one metric."""

    metric: Metric
    verdicts: int
    """Refusals (unsteady, too noisy, invalid) are none."""
    false: int
    """`improved` or `regressed`."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All A/A comparisons that were counted on one machine."""

    comparisons: int
    metrics: list[MetricTally]
    verdicts: int
    """On CPU per request, p50 and p99 together."""
    false: int
    """Of these."""
    at_most: float
    """One-sided exact 95 % bound of the false share (Clopper and Pearson)."""

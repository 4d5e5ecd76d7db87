"""The answer of a comparison, metric by metric."""

from enum import StrEnum

import msgspec

from tailtune.model.estimate import Estimate


class Verdict(StrEnum):
    """Four answers and three refusals."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    UNSTEADY = "unsteady"
    TOO_NOISY = "too-noisy"
    INVALID = "invalid"

    @property
    def is_refusal(self) -> bool:
        """Whether the experiment answers nothing, for a reason that more epochs do not mend."""
        return self in (Verdict.UNSTEADY, Verdict.TOO_NOISY, Verdict.INVALID)


class Metric(StrEnum):
    """What is compared; all are better when lower."""

    CPU_PER_REQUEST = "cpu_per_request"
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"
    P999 = "p99.9"
    MEAN = "mean"
    PEAK_RSS = "peak_rss"


class MetricVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one metric."""

    metric: Metric
    verdict: Verdict
    ratio: Estimate | None
    """Candidate over baseline, n in epochs; absent when not measured."""
    baseline: float | None
    """Typical value of the baseline, ns or bytes."""
    candidate: float | None
    margin: float
    """Smallest relevant relative change."""
    p_permutation: float | None
    """Two-sided sign-flip permutation p."""
    epochs_needed: int | None
    """Estimated epochs that would decide, when inconclusive."""
    reason: str
    """Why this answer, in one sentence."""


class OperationRatio(msgspec.Struct, frozen=True, kw_only=True):
    """How one operation by itself changed; shown, not judged."""

    operation: str
    metric: Metric
    ratio: Estimate
    """Candidate over baseline, n in epochs."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one experiment."""

    experiment_id: str
    baseline: str
    candidate: str
    is_aa: bool
    """Both variants are the same artifact with the same settings."""
    epochs: int
    epochs_excluded: int
    pairs_total: int
    pairs_dropped: int
    metrics: list[MetricVerdict]
    warnings: list[str]
    operations: list[OperationRatio] = []
    """Empty where the workload has only one operation."""
    epoch_seconds: float | None = None
    """Time that one epoch took on average, restarts and warm-ups included; tells how long more epochs would take."""

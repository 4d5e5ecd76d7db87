"""The answer of a comparison, metric by metric."""

from enum import StrEnum
from typing import Final

import msgspec

from tailtune.model.answers import AnswersReport, GateResult
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
    """What is compared; all but the throughput are better when lower."""

    CPU_PER_REQUEST = "cpu_per_request"
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"
    P999 = "p99.9"
    MEAN = "mean"
    THROUGHPUT = "throughput"
    """Requests per second in a closed loop on many connections, where that was asked for."""
    CPU_USER = "cpu_user"
    """Part of the CPU time per request, in user mode."""
    CPU_SYSTEM = "cpu_system"
    """The same in the kernel."""
    OTHER_PROCESSES = "other_processes"
    """CPU time per request of processes that the service started."""
    GC_CPU = "gc_cpu"
    """CPU time of garbage collection per request (Go)."""
    ALLOCATED = "allocated"
    """Bytes allocated on the heap per request (Go), from the trace of collections: whole MiB a collection."""
    PEAK_RSS = "peak_rss"
    STEADY_RSS = "steady_rss"
    """Resident memory at the ends of slices."""
    PAGE_FAULTS = "page_faults"
    """Per request."""
    SWITCHES = "context_switches"
    """Per request."""

    @property
    def is_cost(self) -> bool:
        """Whether it is something that a faster candidate may pay with, rather than what an experiment is made for."""
        return self in _COSTS

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is an improvement."""
        return self is Metric.THROUGHPUT


PRIMARY: Final = (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
"""What an experiment is made for unless it says otherwise: each judged for itself."""
_COSTS: Final = frozenset(
    {
        *(Metric.CPU_USER, Metric.CPU_SYSTEM, Metric.OTHER_PROCESSES, Metric.GC_CPU, Metric.ALLOCATED),
        *(Metric.PEAK_RSS, Metric.STEADY_RSS, Metric.PAGE_FAULTS, Metric.SWITCHES),
    }
)


class MetricVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one metric."""

    metric: Metric
    verdict: Verdict
    ratio: Estimate | None
    """Candidate over baseline, n in epochs; absent when not measured."""
    baseline: float | None
    """Typical value of the baseline: ns, bytes, a number, or requests per second."""
    candidate: float | None
    margin: float
    """Smallest relevant relative change."""
    p_permutation: float | None
    """Two-sided sign-flip permutation p."""
    p_sequential: float | None = None
    """Two-sided p over all looks so far."""
    decided_at: int | None = None
    """Usable epochs at which it was decided; absent while it is not."""
    epochs_needed: int | None
    """Estimated epochs that would decide, when inconclusive."""
    reason: str
    """Why this answer, in one sentence."""


class Fulfilled(StrEnum):
    """What came of an expectation."""

    MET = "met"
    """The whole interval is as expected."""
    MISSED = "missed"
    """The whole interval is not."""
    UNDECIDED = "undecided"


class ExpectationResult(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation and what the experiment says of it."""

    expectation: str
    fulfilled: Fulfilled
    why: str


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
    regressions: list[Metric] = []
    """Those that a command may fail on: they hold for CPU per request, p50 and p99 together."""
    ended: str = ""
    """Why no more epochs were made."""
    because: str = ""
    """The hypothesis, in its author's words."""
    expectations: list[ExpectationResult] = []
    answers: AnswersReport | None = None
    """Whether both variants answer alike; absent where it was not asked. An improvement is withheld where not."""
    gates: list[GateResult] = []
    """What tests and race detector said of each variant, the baseline's first."""
    epoch_seconds: float | None = None
    """Time that one epoch took on average, restarts and warm-ups included; tells how long more epochs would take."""

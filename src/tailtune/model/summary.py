"""The figures of one run, computed once: everything that prints a percentile takes it from here."""

from enum import StrEnum
from typing import Final

import msgspec

from tailtune.model.condition import ConditionResult
from tailtune.model.estimate import Estimate, QuantileEstimate
from tailtune.model.load import Reason, Validity
from tailtune.model.recording import Kind
from tailtune.model.units import Duration

QUANTILES: Final = (0.5, 0.9, 0.99, 0.999)
"""The quantiles of every summary; the maximum is a field of its own."""


class ServiceTime(msgspec.Struct, frozen=True, kw_only=True):
    """Time from the actual send to the end of the answer, of the requests that were answered; ns."""

    requests: int
    quantiles: list[QuantileEstimate]
    """One for each of QUANTILES, in that order; without an estimate where the requests are too few."""
    mean_ns: float
    max_ns: float


class LatencySummary(msgspec.Struct, frozen=True, kw_only=True):
    """Latency from the intended start, errors and time-outs included; ns."""

    operation: str
    """Name of the operation; empty for all together."""
    requests: int
    errors: int
    """Unexpected status, time-outs and connection errors."""
    quantiles: list[QuantileEstimate]
    """One for each of QUANTILES, in that order; without an estimate where the requests are too few."""
    mean_ns: float | None
    max_ns: float | None
    service_time: ServiceTime | None = None
    """Absent where no request was answered."""


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the percentile curve; ns."""

    q: float
    """Quantile in [0, 1]; only those that the number of requests carries."""
    latency_ns: float
    service_ns: float | None
    """Absent where fewer requests were answered than the quantile needs."""


class HeatMap(msgspec.Struct, frozen=True, kw_only=True):
    """Requests by the time of their intended start and by latency; every request is in exactly one cell."""

    seconds_per_column: float
    edges_ns: list[float]
    """Bounds of the rows, ascending: row i holds latencies from `edges_ns[i]` to below `edges_ns[i + 1]`."""
    counts: list[list[int]]
    """Row, lowest latency first → column → requests."""


class CpuSummary(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time of the service's processes."""

    per_request_ns: Estimate
    """User and system together; its interval comes from the window's batches of seconds."""
    user_ns_per_request: float
    system_ns_per_request: float
    cores: float
    """CPU seconds per second."""


class CountersSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the processor counted of the service; what it does not count, or came to nothing, is absent."""

    kernel: bool
    """Whether what the kernel did for the service is in it."""
    lent_share: float
    """Of the time in which threads ran, the part in which the least lucky event had a counter; the rest is extended."""
    instructions_per_request: float | None
    instructions_per_cycle: float | None
    misses_per_request: float | None
    """Of the cache that the processor's driver counts: on Intel the last level, on AMD the second, on Arm the first."""
    misses_per_1000_instructions: float | None
    stalled_share: float | None
    """Of cycles, those in which nothing could go on for want of data or units."""


class SchedulingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What kept runnable threads from running."""

    run_delay_ns_per_request: float
    """Run-queue wait of the service's threads."""
    involuntary_switches_per_request: float
    throttled_ns: int
    """Time the service's control group was stopped for its CPU quota."""
    throttled_periods: int
    steal_share: float
    """Share of the machine's CPU time that the hypervisor gave to others."""


class StatesSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the service's threads did in the window, as the scheduler's events tell.

    The four numbers of threads add up to the threads that lived, averaged over the window.
    """

    on_cpu: float
    """Threads on a CPU, on average."""
    runnable: float
    """Threads that were ready and waited for a CPU, on average."""
    blocked: float
    """Threads that waited for something else, or had nothing to do, on average."""
    residue: float
    """Threads whose state is not known, on average."""
    residue_share: float
    """Of all threads' time, the share whose state is not known."""


class GcSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Go's garbage collections within the window, as gctrace tells."""

    cycles: int
    cycles_per_s: float
    cpu_share: float
    """Share of the service's CPU time, dedicated, assisting and pausing workers together; idle marking left out."""
    assist_share: float
    """Share of the service's CPU time that requests spent helping the collector."""
    pause_mean_ns: float
    """Stop-the-world time per cycle, both pauses together."""
    pause_max_ns: float
    heap_live_bytes: int
    """After the last cycle."""
    heap_goal_bytes: int


class WindowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One window of load."""

    window: str
    """`measure` or `diagnose`; figures of the two are never mixed."""
    seconds: float
    achieved_rate_per_s: float
    validity: Validity
    reasons: list[Reason]
    latency: LatencySummary
    operations: list[LatencySummary]
    """Empty where there is only one operation."""
    cpu: CpuSummary | None
    """Absent where the service's processes were not observed."""
    scheduling: SchedulingSummary | None
    peak_rss_bytes: int | None
    gc: GcSummary | None
    """Absent for services without gctrace."""
    states: StatesSummary | None = None
    """Absent where switches of threads were not recorded, as in `measure`."""
    counters: CountersSummary | None = None
    """Absent where the processor shows no counters, as in most virtual machines, and in `diagnose`."""
    curve: list[CurvePoint] = []
    """From p50 on, evenly spaced on the scale of 1/(1-q)."""
    heat_map: HeatMap | None = None


class DiagnosingCost(msgspec.Struct, frozen=True, kw_only=True):
    """What the costly collectors of the diagnose window cost: its figures over those of the measure window.

    Ratios, 1 where nothing differs. All other figures of a run come from the measure window, which is without them.
    """

    cpu_per_request: Estimate | None
    """Absent where the service's processes were not observed in both windows."""
    p50: Estimate | None
    """Of latency; absent where a window has too few requests."""
    p99: Estimate | None
    unknown: str = ""
    """Why nothing is known of it; empty: something is."""


class GoalStatus(StrEnum):
    """Whether a goal is reached, by the whole interval."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


class GoalResult(msgspec.Struct, frozen=True, kw_only=True):
    """One goal of `tailtune.toml` and what was measured."""

    goal: str
    """Its key in `[goals]`: `p99`, `cpu_per_request` ..."""
    limit: Duration
    measured: Estimate | None
    """ns; absent when it could not be measured."""
    status: GoalStatus


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a recording of kind `run` or `load`."""

    id: str
    kind: Kind
    variant: str
    """Empty for a load."""
    measure: WindowSummary
    diagnose: WindowSummary | None
    goals: list[GoalResult]
    warnings: list[str]
    conditions: list[ConditionResult] = []
    """What `--fail-if` asked, in that order."""
    diagnosing: DiagnosingCost | None = None
    """Absent where there was no diagnose window."""

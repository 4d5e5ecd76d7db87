"""The figures of one run, computed here and nowhere else."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from tailtune.bundle import Bundle
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge import resources
from tailtune.judge.conditions import judge_conditions
from tailtune.judge.counters import counters
from tailtune.judge.diagnosing import diagnosing_cost
from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_interval
from tailtune.judge.pictures import curve, heat_map
from tailtune.judge.quantiles import estimate_from_intervals
from tailtune.model.estimate import Estimate
from tailtune.model.load import LoadReport, OperationCount, Reason, Validity
from tailtune.model.recording import Kind, Manifest
from tailtune.model.summary import (
    QUANTILES,
    GoalResult,
    GoalStatus,
    LatencySummary,
    RunSummary,
    ServiceTime,
    WindowSummary,
)
from tailtune.model.units import NS_PER_S, Duration, format_share

MEASURE: Final = "measure"
DIAGNOSE: Final = "diagnose"
_GOAL_QUANTILES: Final = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
_STEAL_WORTH_A_WORD: Final = 0.01
_UNREPORTED: Final = Reason(
    code="no-report",
    validity=Validity.SUSPECT,
    message="the load engine was stopped before it could account for the load",
    remedy="let the load run to its end",
)


def summarize(bundle: Bundle) -> RunSummary:
    """Compute all figures of a recording of kind `run` or `load`.

    Raises:
        UsageError: if the recording is an experiment.
        NothingMeasuredError: if the measure window holds no request.
    """
    manifest = bundle.manifest
    if manifest.kind is Kind.EXPERIMENT:
        raise UsageError(f"recording {manifest.id} is an experiment", hint="`tailtune compare` judges experiments")
    latency = bundle.table("latency")
    measure = _window(bundle, latency, MEASURE, manifest.load)
    if measure is None:
        raise NothingMeasuredError(
            f"recording {manifest.id} holds no measured request: {manifest.failure or 'nothing was sent'}",
            hint=f"see the logs in {bundle.path / 'logs'}",
        )
    diagnose = _window(bundle, latency, DIAGNOSE, manifest.diagnose_load)
    return RunSummary(
        id=manifest.id,
        kind=manifest.kind,
        variant=next(iter(manifest.variants), ""),
        measure=measure,
        diagnose=diagnose,
        goals=_goals(manifest, measure),
        warnings=_warnings(manifest, measure),
        conditions=judge_conditions(manifest.fail_if, latency, MEASURE, manifest.load),
        diagnosing=diagnosing_cost(measure, diagnose),
    )


def latency_of(
    intervals: list[Distribution], operation: str, errors: int, service: Sequence[Distribution] = ()
) -> LatencySummary:
    """Summarize the consecutive seconds of one operation, or of all; intervals hold times in ns."""
    merged = Distribution.merge(intervals)
    return LatencySummary(
        operation=operation,
        requests=merged.n,
        errors=errors,
        quantiles=[estimate_from_intervals(intervals, q) for q in QUANTILES],
        mean_ns=merged.mean if merged.n else None,
        max_ns=merged.maximum if merged.n else None,
        service_time=_service_time(service),
    )


def _service_time(intervals: Sequence[Distribution]) -> ServiceTime | None:
    merged = Distribution.merge(intervals)
    if not merged.n:
        return None
    return ServiceTime(
        requests=merged.n,
        quantiles=[estimate_from_intervals(intervals, q) for q in QUANTILES],
        mean_ns=merged.mean,
        max_ns=merged.maximum,
    )


def _window(bundle: Bundle, latency: pa.Table, window: str, report: LoadReport | None) -> WindowSummary | None:
    intervals = by_interval(latency, window)
    if not intervals:
        return None
    counts = report.operations if report else []
    service = by_interval(latency, window, kind="service-time")
    overall = latency_of(intervals, "", sum(count.errors for count in counts), service)
    edges = resources.edges_of(bundle, window)
    completed = report.completed_requests if report else overall.requests
    cpu = resources.cpu(bundle.table("process"), window, intervals, completed)
    seconds = resources.seconds_of(edges)
    if report is not None:
        seconds = (report.elapsed_ns if report.interrupted else report.scheduled_duration_ns) / NS_PER_S
    return WindowSummary(
        window=window,
        seconds=seconds,
        achieved_rate_per_s=report.achieved_rate_per_s if report else overall.requests / max(seconds, 1e-9),
        validity=report.validity if report else _UNREPORTED.validity,
        reasons=report.reasons if report else [_UNREPORTED],
        latency=overall,
        operations=_operations(latency, window, counts),
        cpu=cpu,
        scheduling=resources.scheduling(bundle, window, overall.requests),
        peak_rss_bytes=resources.peak_rss(bundle.table("process"), window),
        gc=resources.collections(bundle.table("gc"), edges, cpu),
        states=resources.states(bundle.table("thread_states"), window),
        counters=counters(bundle.table("counters"), window, completed),
        curve=curve(Distribution.merge(intervals), Distribution.merge(service)),
        heat_map=heat_map(intervals),
    )


def _operations(latency: pa.Table, window: str, counts: list[OperationCount]) -> list[LatencySummary]:
    if len(counts) < 2:
        return []
    return [
        latency_of(
            by_interval(latency, window, index),
            count.name,
            count.errors,
            by_interval(latency, window, index, kind="service-time"),
        )
        for index, count in enumerate(counts)
    ]


def _goals(manifest: Manifest, measure: WindowSummary) -> list[GoalResult]:
    goals = manifest.goals
    limits = {"p50": goals.p50, "p99": goals.p99, "p99.9": goals.p999, "cpu_per_request": goals.cpu_per_request}
    quantiles = {quantile.q: quantile.estimate for quantile in measure.latency.quantiles}
    measured = {name: quantiles[q] for name, q in _GOAL_QUANTILES.items()}
    measured["cpu_per_request"] = measure.cpu.per_request_ns if measure.cpu else None
    return [
        GoalResult(goal=name, limit=limit, measured=measured[name], status=goal_status(measured[name], limit))
        for name, limit in limits.items()
        if limit is not None
    ]


def goal_status(measured: Estimate | None, limit: Duration) -> GoalStatus:
    """Return whether a goal is reached: met or missed only if the whole interval says so."""
    if measured is None:
        return GoalStatus.UNDECIDED
    if measured.high is not None and measured.high <= limit:
        return GoalStatus.MET
    if measured.low is not None and measured.low > limit:
        return GoalStatus.MISSED
    return GoalStatus.UNDECIDED


def _warnings(manifest: Manifest, measure: WindowSummary) -> list[str]:
    found = list(manifest.warnings)
    if manifest.partial:
        found.append(f"this recording is partial: {manifest.failure or 'the run was interrupted'}")
    if manifest.steady is not None and not manifest.steady.steady:
        found.append(f"the service was not steady when measuring began: {manifest.steady.reason}")
    scheduling = measure.scheduling
    if scheduling is not None and scheduling.steal_share > _STEAL_WORTH_A_WORD:
        found.append(f"the hypervisor gave {format_share(scheduling.steal_share)} of this machine's CPU time to others")
    if scheduling is not None and scheduling.throttled_periods:
        found.append(f"the CPU quota stopped the service in {scheduling.throttled_periods} periods")
    return found

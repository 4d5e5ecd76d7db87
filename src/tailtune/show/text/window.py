"""One window of load as text: latency, cost, interference, validity."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.condition import ConditionResult
from tailtune.model.estimate import QuantileEstimate
from tailtune.model.load import Reason
from tailtune.model.summary import (
    CpuSummary,
    DiagnosingCost,
    GcSummary,
    GoalResult,
    LatencySummary,
    SchedulingSummary,
    WindowSummary,
)
from tailtune.model.units import format_bytes, format_ns, format_quantile, format_share
from tailtune.show.phrases import condition_measured, counters, diagnosing, states
from tailtune.show.text.table import labelled, pairs, table
from tailtune.show.values import NOT_AVAILABLE, confidence, count, plural, quantile_value, with_interval

_GOAL_NAMES: Final = {"cpu_per_request": "CPU per request"}


def latency(summary: LatencySummary, *, closed: bool = False) -> list[str]:
    """Show the quantiles with their intervals; one without the requests for it says how many it needs.

    In a closed loop no start is intended before it happens.
    """
    estimates = [one.estimate for one in summary.quantiles if one.estimate is not None]
    sure = f"; {confidence(estimates[0])} intervals" if estimates else ""
    counted = f"{plural(summary.requests, 'request')}, {plural(summary.errors, 'error')}"
    start = "send, in a closed loop" if closed else "intended start"
    title = f"latency from the {start} ({counted}{sure})"
    rows = [quantile_value(one) for one in summary.quantiles]
    rows += [
        (name, format_ns(value), "")
        for name, value in (("max", summary.max_ns), ("mean", summary.mean_ns))
        if value is not None
    ]
    return [title, *table(rows, right=(1,))]


def operations(overall: LatencySummary, summaries: Sequence[LatencySummary]) -> list[str]:
    """Show latency and service time of each operation; empty where neither tells more than the latency above."""
    shown = [*summaries, overall] if summaries else [overall]
    if not summaries and overall.service_time is None:
        return []
    header = ["operation", "", "requests", "errors", *(format_quantile(one.q) for one in overall.quantiles), "max"]
    rows = [row for one in shown for row in _operation_rows(one)]
    return ["by operation", *table(rows, header=header, right=range(2, len(header)))]


def _operation_rows(one: LatencySummary) -> list[list[str]]:
    counted = [count(one.requests), count(one.errors)]
    rows = [[one.operation or "all", "latency", *counted, *_points(one.quantiles), _time(one.max_ns)]]
    if one.service_time is not None:
        service = one.service_time
        rows.append(
            ["", "service time", count(service.requests), "", *_points(service.quantiles), _time(service.max_ns)]
        )
    return rows


def _points(quantiles: Sequence[QuantileEstimate]) -> list[str]:
    return [_time(one.estimate.point if one.estimate else None) for one in quantiles]


def _time(value_ns: float | None) -> str:
    return NOT_AVAILABLE if value_ns is None else format_ns(value_ns)


def conditions(results: Sequence[ConditionResult]) -> list[str]:
    """Show each condition of `--fail-if` with what was measured."""
    rows = [(one.condition, str(one.outcome), condition_measured(one)) for one in results]
    return ["fail if", *table(rows)] if rows else []


def cost(window: WindowSummary, diagnosing_cost: DiagnosingCost | None = None) -> list[str]:
    """Show what the requests cost: CPU, instructions, memory, collections; and what diagnosing cost them elsewhere."""
    rows = [
        ("CPU per request", _cpu(window.cpu) if window.cpu else "n/a: the service's processes were not observed"),
        ("counters", counters(window.counters)),
        ("peak RSS", format_bytes(window.peak_rss_bytes) if window.peak_rss_bytes is not None else ""),
        ("garbage collector", _gc(window.gc) if window.gc else ""),
        ("diagnosing", diagnosing(diagnosing_cost)),
    ]
    return ["cost", *pairs(rows)]


def interference(window: WindowSummary, diagnose: WindowSummary | None = None) -> list[str]:
    """Show what kept the service from running; the states of its threads, if `diagnose` recorded them."""
    rows = _scheduling(window.scheduling) if window.scheduling else []
    told = states(diagnose)
    rows += [("threads", f"{told} (diagnose)")] if told else []
    return ["interference", *pairs(rows)] if rows else []


def goals(results: Sequence[GoalResult]) -> list[str]:
    """Show each goal with what was measured."""
    rows = [
        (
            f"{_GOAL_NAMES.get(one.goal, one.goal)} ≤ {one.limit}",
            str(one.status),
            with_interval(one.measured, format_ns),
        )
        for one in results
    ]
    return ["goals", *table(rows)] if rows else []


def reasons(failed: Sequence[Reason]) -> list[str]:
    """Show each failed self-check of the load with its remedy."""
    lines = []
    for one in failed:
        lines += labelled(f"{one.validity} {one.code}:", one.message)
        lines += labelled("  remedy:", one.remedy)
    return lines


def _cpu(cpu: CpuSummary) -> str:
    return (
        f"{with_interval(cpu.per_request_ns, format_ns)}"
        f" (user {format_ns(cpu.user_ns_per_request)}, system {format_ns(cpu.system_ns_per_request)});"
        f" {cpu.cores:.2f} cores"
    )


def _gc(gc: GcSummary) -> str:
    if not gc.cycles:
        return "no cycle in this window"
    return (
        f"{format_share(gc.cpu_share)} of CPU (assist {format_share(gc.assist_share)});"
        f" {plural(gc.cycles, 'cycle')}, {gc.cycles_per_s:.1f}/s;"
        f" pause mean {format_ns(gc.pause_mean_ns)}, max {format_ns(gc.pause_max_ns)};"
        f" heap {_heap(gc.heap_live_bytes)} live of {_heap(gc.heap_goal_bytes)} goal"
    )


def _heap(size: float) -> str:
    """Write a size that Go tells in whole MiB."""
    return format_bytes(size) if size else "under 1 MiB"


def _scheduling(seen: SchedulingSummary) -> list[tuple[str, str]]:
    switches = f"{seen.involuntary_switches_per_request:.2f} involuntary switches"
    throttled = f"{format_ns(seen.throttled_ns)} in {plural(seen.throttled_periods, 'period')}"
    return [
        ("run-queue wait", f"{format_ns(seen.run_delay_ns_per_request)} and {switches} a request"),
        ("CPU quota", throttled if seen.throttled_periods or seen.throttled_ns else "not throttled"),
        ("steal", f"{format_share(seen.steal_share)} of the machine"),
    ]

"""The parts of a report that are particular to a run or a load."""

from collections.abc import Sequence

from tailtune.model.condition import ConditionResult
from tailtune.model.finding import Finding
from tailtune.model.load import LoadReport, Reason
from tailtune.model.recording import Kind, Manifest
from tailtune.model.results import RecordingFacts
from tailtune.model.summary import GoalResult, LatencySummary, ServiceTime, WindowSummary
from tailtune.model.units import format_bytes, format_ns, format_quantile, format_share
from tailtune.show.headline import run_headline
from tailtune.show.markdown.bands import bands
from tailtune.show.markdown.blocks import bullets, code, escaped, table
from tailtune.show.phrases import (
    condition_measured,
    counters,
    diagnosing,
    errors,
    knobs,
    lags,
    layout,
    loop,
    losses,
    phases,
    share,
    states,
    warm_up,
)
from tailtune.show.values import NOT_AVAILABLE, confidence, count, plural, quantile_value, rate, with_interval


def title(manifest: Manifest) -> str:
    """Return the heading."""
    return f"tailtune {manifest.kind} {manifest.id}"


def headline(facts: RecordingFacts) -> str:
    """Return the answer in one line."""
    return run_headline(facts.summary) if facts.summary else "nothing was measured"


def question(manifest: Manifest) -> str:
    """Return what was asked."""
    if manifest.kind is Kind.LOAD:
        return "How long do requests take under this load?"
    variant = ", ".join(code(name) for name in manifest.variants)
    return f"How long do requests to variant {variant} take under this load, and what do they cost?"


def method(manifest: Manifest) -> list[str]:
    """Return how it was measured, one item a point."""
    load = manifest.workload
    sent = ""
    if load is not None:
        operations = ", ".join(f"{code(one.name)} (weight {one.weight:g})" for one in load.operations)
        sent = (
            f"Workload {code(manifest.workload_name)}: {load.arrival} arrivals, {load.demand}"
            f" for {load.duration}; operations {operations}."
        )
    return [
        sent,
        _loop(manifest.load),
        "Latency runs from the intended start; errors and time-outs stay in the distribution.",
        f"CPUs: {escaped(layout(manifest))}." if layout(manifest) else "",
        f"Knobs: {escaped(knobs(manifest))}." if manifest.applied else "",
        f"Phases: {escaped(phases(manifest.phases))}." if manifest.phases else "",
    ]


def _loop(report: LoadReport | None) -> str:
    """Say how starts followed answers."""
    if report is None or report.loop == "open":
        fixed = "The schedule was fixed by its seed before anything was sent, and starts did not wait for answers."
        return f"Loop: open. {fixed}"
    named = f"Loop: {loop(report)}."
    if report.loop == "closed":
        return f"{named} Each connection sent its next request when the answer was there: a slow service was sent less."
    return f"{named} Sessions began by the schedule; inside one, a request waited for the answer before it."


def result(facts: RecordingFacts) -> list[str]:
    """Return the figures: latency, cost, goals, what requests spend their time with, findings."""
    if facts.summary is None:
        return [f"Nothing was measured: {escaped(facts.manifest.failure or 'the recording does not say why')}."]
    window = facts.summary.measure
    return [
        _latency(window),
        _operations(window),
        _cost(window),
        _goals(facts.summary.goals),
        _conditions(facts.summary.conditions),
        bands(facts.requests),
        _findings(facts.findings),
    ]


def checks(facts: RecordingFacts) -> list[str]:
    """Return what speaks for and against the figures."""
    manifest = facts.manifest
    window = facts.summary.measure if facts.summary else None
    threads = states(facts.summary.diagnose) if facts.summary else ""
    cost = diagnosing(facts.summary.diagnosing) if facts.summary else ""
    return [
        *(_load_checks(manifest.load) if manifest.load else []),
        *(_reason(one) for one in (window.reasons if window else [])),
        f"Warm-up: {escaped(warm_up(manifest))}." if warm_up(manifest) else "",
        _interference(window) if window else "",
        f"Threads while diagnosing: {threads}." if threads else "",
        f"Diagnosing, against the measure window before it: {cost}." if cost else "",
        *(f"Not seen by {escaped(loss)}." for loss in losses(manifest)),
        "The recording is partial: the command was interrupted or failed." if manifest.partial else "",
    ]


def _latency(window: WindowSummary) -> str:
    summary = window.latency
    rows = [list(quantile_value(one)) for one in summary.quantiles]
    if summary.max_ns is not None:
        rows.append(["max", format_ns(summary.max_ns), ""])
    counted = f"{plural(summary.requests, 'request')}, {plural(summary.errors, 'error')}"
    sure = next((f"{confidence(one.estimate)} interval" for one in summary.quantiles if one.estimate), "interval")
    return f"{table(['latency', 'value', sure], rows, right=(1,))}\n\n{counted}."


def _cost(window: WindowSummary) -> str:
    rows = []
    if window.cpu is not None:
        rows.append(["CPU per request", with_interval(window.cpu.per_request_ns, format_ns)])
    if window.counters is not None:
        rows.append(["counters", counters(window.counters)])
    if window.peak_rss_bytes is not None:
        rows.append(["peak RSS", format_bytes(window.peak_rss_bytes)])
    if window.gc is not None:
        rows.append(["garbage collector", f"{format_share(window.gc.cpu_share)} of CPU"])
    return table(["cost", ""], rows)


def _goals(goals: Sequence[GoalResult]) -> str:
    rows = [[code(one.goal), str(one.limit), with_interval(one.measured, format_ns), str(one.status)] for one in goals]
    return table(["goal", "limit", "measured", ""], rows)


def _conditions(results: Sequence[ConditionResult]) -> str:
    rows = [[code(one.condition), str(one.outcome), escaped(condition_measured(one))] for one in results]
    return table(["fail if", "", "measured"], rows)


def _operations(window: WindowSummary) -> str:
    """Return latency and service time of each operation, or of all where there is only one."""
    shown = [*window.operations, window.latency] if window.operations else [window.latency]
    if not window.operations and window.latency.service_time is None:
        return ""
    header = ["operation", "", "requests", *(format_quantile(one.q) for one in window.latency.quantiles), "max"]
    rows = []
    for one in shown:
        rows.append([escaped(one.operation) or "all", "latency", count(one.requests), *_points(one)])
        if one.service_time is not None:
            rows.append(["", "service time", count(one.service_time.requests), *_points(one.service_time)])
    return table(header, rows, right=range(2, len(header)))


def _points(summary: LatencySummary | ServiceTime) -> list[str]:
    times = [*(one.estimate.point if one.estimate else None for one in summary.quantiles), summary.max_ns]
    return [NOT_AVAILABLE if one is None else format_ns(one) for one in times]


def _findings(findings: Sequence[Finding]) -> str:
    blocks = []
    for number, one in enumerate(findings, 1):
        evidence = [f"{escaped(seen.text)} ({code(seen.source)})" for seen in one.evidence]
        blocks.append(f"### f{number}. {escaped(one.title)}")
        blocks.append(
            bullets(
                [
                    f"{escaped(share(one))}; {one.group}; {one.strength} evidence; {code(one.id)}",
                    *evidence,
                    f"Try: {escaped(one.proposal)}",
                    f"Not so if: {escaped(one.disproof)}",
                    f"Prove: {code(one.confirm)}" if one.confirm else "",
                ]
            )
        )
    return "\n\n".join(blocks)


def _load_checks(load: LoadReport) -> list[str]:
    failed = errors(load.operations)
    return [
        f"Loop: {loop(load)}. {load.protocol} over {load.transport}; {plural(load.threads, 'engine thread')}.",
        f"Load {load.validity}: {count(load.sent_requests)} of {plural(load.scheduled_requests, 'request')} sent,"
        f" {rate(load.achieved_rate_per_s)} of {rate(load.scheduled_rate_per_s)}.",
        f"Send lag: {lags(load.send_lag_ns, load.sent_requests)}.",
        f"Little's law: {load.in_flight_time_average:.2f} requests in flight,"
        f" off by {format_share(load.little_error, 2)}.",
        f"Errors: {failed}." if failed else "No errors.",
    ]


def _reason(reason: Reason) -> str:
    return f"{reason.validity} {code(reason.code)}: {escaped(reason.message)} Remedy: {escaped(reason.remedy)}"


def _interference(window: WindowSummary) -> str:
    seen = window.scheduling
    if seen is None:
        return ""
    return (
        f"Interference: run-queue wait {format_ns(seen.run_delay_ns_per_request)} a request,"
        f" steal {format_share(seen.steal_share)}, throttled {format_ns(seen.throttled_ns)}."
    )

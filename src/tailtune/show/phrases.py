"""Short phrases that text and Markdown share, so that both say the same thing in the same words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tailtune.model.condition import ConditionResult, Outcome, Unit
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Finding
from tailtune.model.load import LoadReport, OperationCount
from tailtune.model.project import Variant
from tailtune.model.recording import Manifest, PhaseRecord
from tailtune.model.summary import QUANTILES, CountersSummary, DiagnosingCost, WindowSummary
from tailtune.model.tally import Tally
from tailtune.model.units import NS_PER_S, format_change, format_ns, format_quantile, format_share
from tailtune.model.verdict import Comparison, MetricVerdict, Verdict
from tailtune.show.values import (
    amount,
    change,
    count,
    interval,
    metric_name,
    plural,
    rate,
    requests_needed,
    with_interval,
)

_WRITTEN: Final[dict[Unit, Callable[[float], str]]] = {
    Unit.NS: format_ns,
    Unit.SHARE: lambda share: format_share(share, 2),
    Unit.REQUESTS: count,
    Unit.PER_S: rate,
}
_WITHOUT_DIAGNOSING: Final = {True: "figures are without it", False: "figures come from the window without it"}
"""In brief, and in full."""
_WHOLLY_COUNTED: Final = 0.99


def subject(manifest: Manifest) -> str:
    """Say what was measured: recording, variant, workload, rate."""
    parts = [f"{'PARTIAL ' if manifest.partial else ''}{manifest.kind} {manifest.id}"]
    if manifest.variants:
        parts.append(f"{'variant' if len(manifest.variants) == 1 else 'variants'} {', '.join(manifest.variants)}")
    if manifest.workload is not None:
        name = f"workload {manifest.workload_name}".rstrip()
        parts.append(f"{name} ({manifest.workload.arrival}, {manifest.workload.demand}, seed {manifest.seed})")
    return " · ".join(parts)


def tally_line(tally: Tally) -> str:
    """Say how often comparisons of a thing with itself were wrong on this machine."""
    most = format_share(tally.at_most)
    return f"this machine: {count(tally.false)} of {count(tally.verdicts)} A/A verdicts false (at most {most} at 95 %)"


def differences(variant: Variant) -> str:
    """Say how a variant differs from the service as it is."""
    environment = [f"{name}={value}" for name, value in {**variant.build_env, **variant.env}.items()]
    parts = {
        "git ref": variant.git_ref,
        "tags": ", ".join(variant.tags),
        "features": ", ".join(variant.features),
        "default features": "" if variant.default_features else "off",
        "environment": ", ".join(environment),
        "build flags": " ".join(variant.build_flags),
        "arguments": " ".join(variant.args) if variant.args is not None else "",
        "knobs": ", ".join(f"{knob}={level}" for knob, level in variant.knobs.items()),
    }
    return "; ".join(f"{name} {text}" for name, text in parts.items() if text) or "the service as it is"


def knobs(manifest: Manifest) -> str:
    """Say what the running processes showed of the knobs that were turned; empty where none was."""
    rows = manifest.applied
    named = len({one.variant for one in rows}) > 1
    told = [
        f"{f'{one.variant}: ' if named else ''}{one.knob}={one.level}"
        f"{'' if one.seen == f'{one.knob}={one.level}' else f' ({_shown(one.seen)})'}"
        for one in rows
    ]
    return ", ".join(told)


def _shown(seen: str | None) -> str:
    return "not to be seen in the process" if seen is None else f"the process shows {seen}"


def phases(records: Sequence[PhaseRecord]) -> str:
    """Write the phases with their seconds; one that failed says so."""
    return ", ".join(
        f"{one.phase} {(one.ended_ns - one.started_ns) / NS_PER_S:.1f} s{'' if one.ok else ' (failed)'}"
        for one in records
    )


def warm_up(manifest: Manifest) -> str:
    """Say how the warm-up ended; empty where there was none."""
    if manifest.steady is None:
        return ""
    state = "steady" if manifest.steady.steady else "not steady"
    return f"{state} after {manifest.steady.seconds:.1f} s: {manifest.steady.reason}"


def layout(manifest: Manifest) -> str:
    """Say which CPUs the engine and the service had; empty where it is not known."""
    if manifest.layout is None or manifest.layout.note:
        return manifest.layout.note if manifest.layout else ""
    engine, service = (", ".join(map(str, cpus)) or "any" for cpus in (manifest.layout.engine, manifest.layout.service))
    return f"load engine on CPU {engine}, service on CPU {service}"


def states(window: WindowSummary | None) -> str:
    """Say what the threads did in a window; empty where it is not known."""
    if window is None or window.states is None:
        return ""
    seen = window.states
    return (
        f"on average {seen.on_cpu:.2f} on CPU, {seen.runnable:.2f} runnable, {seen.blocked:.1f} blocked;"
        f" residue {format_share(seen.residue_share)}"
    )


def counters(seen: CountersSummary | None) -> str:
    """Say what the processor counted for each request; empty where it shows no counters."""
    if seen is None:
        return ""
    told = []
    if seen.instructions_per_request is not None:
        told.append(f"{amount(seen.instructions_per_request)} instructions per request")
    if seen.instructions_per_cycle is not None:
        told.append(f"{seen.instructions_per_cycle:.2f} instructions a cycle")
    if seen.misses_per_request is not None:
        each = seen.misses_per_1000_instructions
        by_instructions = "" if each is None else f" ({each:.2f} per 1,000 instructions)"
        told.append(f"{amount(seen.misses_per_request)} cache misses per request{by_instructions}")
    if seen.stalled_share is not None:
        told.append(f"{format_share(seen.stalled_share)} of cycles stalled")
    if not seen.kernel:
        told.append("without the kernel")
    if seen.lent_share < _WHOLLY_COUNTED:
        told.append(f"counted {format_share(seen.lent_share, 0)} of the time, the rest extended")
    return "; ".join(told)


def diagnosing(cost: DiagnosingCost | None, *, brief: bool = False) -> str:
    """Say what diagnosing cost, and where the figures come from; empty where there was no diagnose window.

    With `brief` the median is left out.
    """
    if cost is None:
        return ""
    if cost.unknown:
        return f"cost not known: {cost.unknown}; {_WITHOUT_DIAGNOSING[brief]}"
    known = {"p50": None if brief else cost.p50, "p99": cost.p99}
    told = [f"CPU per request {with_interval(cost.cpu_per_request, format_change)}"]
    told += [f"{name} {with_interval(one, format_change)}" for name, one in known.items() if one is not None]
    certain = [one for one in (cost.cpu_per_request, cost.p50, cost.p99) if one is not None and _differs(one)]
    return f"{'' if certain else 'no cost for sure: '}{', '.join(told)}; {_WITHOUT_DIAGNOSING[brief]}"


def _differs(ratio: Estimate) -> bool:
    """Whether the whole interval of a ratio lies on one side of 1."""
    return (ratio.low is not None and ratio.low > 1) or (ratio.high is not None and ratio.high < 1)


def losses(manifest: Manifest) -> list[str]:
    """Say what each collector could not see."""
    return [f"{one.name}: {one.lost}" for one in manifest.collectors if one.lost]


def lags(by_name: Mapping[str, float], requests: int) -> str:
    """Write lag quantiles in a row, those that the number of requests carries."""
    named = {format_quantile(q): q for q in QUANTILES}
    carried = [name for name, q in named.items() if name in by_name and requests >= requests_needed(q)]
    told = [*carried, *(name for name in by_name if name not in named)]
    return ", ".join(f"{name} {format_ns(by_name[name])}" for name in told)


def condition_measured(result: ConditionResult) -> str:
    """Write what was measured for a condition, whether the whole interval agrees, and why it is undecided."""
    write = _WRITTEN[result.unit]
    if result.measured is None:
        return result.why
    parts = [write(result.measured)]
    if result.low is not None or result.high is not None:
        bounds = Estimate(point=result.measured, low=result.low, high=result.high, confidence=0.95, n=0)
        side = "beyond the limit" if result.outcome is Outcome.FAILED else "within the limit"
        sure = f", wholly {side}" if result.certain else ", not wholly on one side of the limit"
        parts.append(f"{interval(bounds, write)}{sure}")
    return " ".join(parts) + (f"; {result.why}" if result.why else "")


def by_kind(operation: OperationCount) -> dict[str, int]:
    """Return the errors of one operation by kind, those that occurred."""
    kinds = {
        "unexpected status": operation.unexpected_status,
        "unexpected body": operation.unexpected_body,
        "time-out": operation.timeouts,
        "connection error": operation.connection_errors,
    }
    return {kind: number for kind, number in kinds.items() if number}


def loop(report: LoadReport) -> str:
    """Name the loop with its arrivals; in a closed loop the answers decide when requests start."""
    return f"{report.loop_name}, {report.arrival} arrivals" if report.loop == "open" else report.loop_name


def errors(operations: Sequence[OperationCount]) -> str:
    """Write the errors by kind, and by operation where there are several; empty without any."""
    failed = [(one.name, by_kind(one)) for one in operations if one.errors]
    told = [
        (name if len(operations) > 1 else "", ", ".join(f"{count(number)} {kind}" for kind, number in kinds.items()))
        for name, kinds in failed
    ]
    return "; ".join(f"{name}: {text}" if name else text for name, text in told)


def share(finding: Finding) -> str:
    """Write the share of a finding with its interval and what it is a share of."""
    return f"{with_interval(finding.share, format_share)} of {finding.share_of}"


def reasons(comparison: Comparison, answers: Iterable[MetricVerdict]) -> list[tuple[str, str]]:
    """Return the metrics and why they were answered so, those with the same reason together.

    An undecided one says how many epochs would decide, and how much more time they take.
    """
    by_reason: dict[str, list[str]] = {}
    for one in answers:
        told = "; ".join(text for text in (one.reason, _deciding(comparison, one.epochs_needed)) if text)
        by_reason.setdefault(told, []).append(metric_name(one.metric))
    return [(", ".join(names), reason) for reason, names in by_reason.items() if reason]


def _deciding(comparison: Comparison, needed: int | None) -> str:
    if needed is None:
        return ""
    more = (needed - comparison.epochs) * (comparison.epoch_seconds or 0) / 60
    minutes = f", {more:.0f} minutes more" if more >= 1 else ""
    return f"about {count(needed)} epochs would decide{minutes}"


def cost_moved(costs: Sequence[MetricVerdict]) -> str:
    """Say whether the candidate pays with something else, and with what."""
    dearer = [one for one in costs if one.verdict is Verdict.REGRESSED]
    if dearer:
        return "yes: " + ", ".join(f"{metric_name(one.metric)} {change(one)}" for one in dearer)
    undecided = [one for one in costs if one.verdict not in (Verdict.IMPROVED, Verdict.EQUIVALENT)]
    if undecided:
        return f"not that it is known; undecided: {', '.join(metric_name(one.metric) for one in undecided)}"
    return "no"


def units(comparison: Comparison) -> str:
    """Write what the verdicts rest on."""
    used = comparison.pairs_total - comparison.pairs_dropped
    return (
        f"{plural(comparison.epochs, 'epoch')} (excluded: {comparison.epochs_excluded}),"
        f" {count(used)} of {plural(comparison.pairs_total, 'pair')} of slices used"
    )

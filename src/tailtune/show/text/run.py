"""One recorded trial as text, right after `tailtune run` and later from its recording."""

from collections.abc import Sequence

from tailtune.model.finding import Finding
from tailtune.model.recording import Manifest, PhaseRecord
from tailtune.model.results import RunResult
from tailtune.model.summary import RunSummary
from tailtune.model.units import NS_PER_S
from tailtune.show.headline import run_headline
from tailtune.show.text.engine import engine
from tailtune.show.text.findings import finding_lines
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, pairs
from tailtune.show.text.window import cost, goals, interference, latency, operations
from tailtune.show.values import rate


def run_result(result: RunResult) -> str:
    """Show a run that was just recorded, and what to do with it."""
    return page(
        *trial_sections(result.manifest, result.summary),
        finding_lines(result.findings),
        trial_warnings(result.manifest, result.summary, result.warnings),
        _next(result.bundle_id, result.path, result.findings),
    )


def trial_sections(manifest: Manifest, summary: RunSummary) -> list[list[str]]:
    """Return the sections of one trial: headline, latency, cost, interference, goals, load, phases."""
    window = summary.measure
    return [
        [run_headline(summary), subject(manifest)],
        latency(window.latency),
        operations(window.operations),
        goals(summary.goals),
        cost(window),
        interference(window),
        engine(manifest.load) if manifest.load else [],
        _trial(manifest),
    ]


def trial_warnings(manifest: Manifest, summary: RunSummary, more: Sequence[str]) -> list[str]:
    """Show the warnings of the recording, of its summary and of the judging, each once."""
    engine_warnings = manifest.load.warnings if manifest.load else []
    return warnings(manifest.warnings, summary.warnings, engine_warnings, more)


def subject(manifest: Manifest) -> str:
    """Say what was measured: recording, variant, workload, rate."""
    parts = [f"{manifest.kind} {manifest.id}"]
    if manifest.variants:
        parts.append(f"{'variant' if len(manifest.variants) == 1 else 'variants'} {', '.join(manifest.variants)}")
    if manifest.workload is not None:
        name = f"workload {manifest.workload_name}".rstrip()
        parts.append(
            f"{name} ({manifest.workload.arrival}, {rate(manifest.workload.rate_per_s)}, seed {manifest.seed})"
        )
    if manifest.partial:
        parts.append("partial")
    return " · ".join(parts)


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
    if manifest.layout is None:
        return ""
    engine_cpus, service_cpus = (
        ", ".join(map(str, cpus)) or "any" for cpus in (manifest.layout.engine, manifest.layout.service)
    )
    note = f" ({manifest.layout.note})" if manifest.layout.note else ""
    return f"load engine {engine_cpus}; service {service_cpus}{note}"


def losses(manifest: Manifest) -> list[str]:
    """Say what each collector could not see."""
    return [f"{one.name}: {one.lost}" for one in manifest.collectors if one.lost]


def _trial(manifest: Manifest) -> list[str]:
    rows = [
        ("phases", phases(manifest.phases)),
        ("warm-up", warm_up(manifest)),
        ("CPUs", layout(manifest)),
        ("failure", manifest.failure),
        *(("not seen", loss) for loss in losses(manifest)),
    ]
    return ["trial", *pairs(rows)] if any(text for _, text in rows) else []


def _next(bundle_id: str, path: str, findings: Sequence[Finding]) -> list[str]:
    lines = [f"recording: {path}", f"  tailtune explain {bundle_id}"]
    confirm = next((one.confirm for one in findings if one.confirm), "")
    return [*lines, f"  {confirm}"] if confirm else lines

"""One recorded trial as text, right after `tailtune run` and later from its recording."""

from collections.abc import Sequence

from tailtune.model.finding import Finding
from tailtune.model.recording import Manifest
from tailtune.model.results import InstrumentCost, RunResult
from tailtune.model.summary import RunSummary
from tailtune.show.headline import run_headline
from tailtune.show.phrases import knobs, layout, losses, phases, subject, warm_up
from tailtune.show.text.bands import bands_headline
from tailtune.show.text.charts import charts as drawn
from tailtune.show.text.engine import engine
from tailtune.show.text.findings import finding_lines
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, pairs, paragraph
from tailtune.show.text.window import conditions, cost, goals, interference, latency, operations
from tailtune.show.values import change


def run_result(result: RunResult, *, charts: bool = False) -> str:
    """Show a run that was just recorded, and what to do with it."""
    return page(
        *trial_sections(result.manifest, result.summary, result.findings, charts=charts),
        trial_warnings(result.manifest, result.summary, result.warnings),
        _instrument_cost(result.instrument_cost),
        bands_headline(result.requests),
        [f"recording: {result.path}", f"  tailtune explain {result.bundle_id}"],
    )


def trial_sections(
    manifest: Manifest,
    summary: RunSummary,
    findings: Sequence[Finding],
    *,
    full: bool = False,
    charts: bool = False,
) -> list[list[str]]:
    """Return the sections of one trial: figures, findings, what disturbed them, load, phases.

    With `full` the load engine accounts for everything; else for what bears on the figures. With `charts` the
    percentile curve and the heat map are drawn.
    """
    window = summary.measure
    return [
        [run_headline(summary), *paragraph(subject(manifest))],
        latency(window.latency, closed=manifest.load is not None and manifest.load.loop == "closed"),
        operations(window.latency, window.operations),
        goals(summary.goals),
        conditions(summary.conditions),
        *(drawn(window) if charts else []),
        cost(window, summary.diagnosing),
        finding_lines(findings),
        interference(window, summary.diagnose),
        engine(manifest.load, full=full) if manifest.load else [],
        _trial(manifest),
    ]


def trial_warnings(manifest: Manifest, summary: RunSummary, more: Sequence[str]) -> list[str]:
    """Show the warnings of the recording, of its summary and of the judging, each once."""
    engine_warnings = manifest.load.warnings if manifest.load else []
    return warnings(manifest.warnings, summary.warnings, engine_warnings, more)


def _instrument_cost(found: InstrumentCost | None) -> list[str]:
    if found is None:
        return []
    measure = f"tailtune compare {found.variant} --instrument"
    if found.cpu_per_request is None:
        return ["cost of profiling: not measured yet", f"  {measure}"]
    told = f"CPU per request {change(found.cpu_per_request)} against {found.variant} without it"
    return paragraph(f"cost of profiling: {told}; experiment {found.experiment}")


def _trial(manifest: Manifest) -> list[str]:
    rows = [
        ("phases", phases(manifest.phases)),
        ("warm-up", warm_up(manifest)),
        ("CPUs", layout(manifest)),
        ("knobs", knobs(manifest)),
        ("failure", manifest.failure),
        *(("not seen", loss) for loss in losses(manifest)),
    ]
    return ["trial", *pairs(rows)] if any(text for _, text in rows) else []

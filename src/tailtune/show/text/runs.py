"""`tailtune runs` as text: the list, one recording, a removal."""

from tailtune.model.recording import Entry, Manifest
from tailtune.model.results import RecordingFacts, Removal, RunList
from tailtune.model.units import format_bytes
from tailtune.show.phrases import subject
from tailtune.show.text.bands import bands_headline
from tailtune.show.text.compare import comparison_sections
from tailtune.show.text.notes import warnings
from tailtune.show.text.run import trial_sections, trial_warnings
from tailtune.show.text.sweep import sweep_sections
from tailtune.show.text.table import page, pairs, paragraph, table
from tailtune.show.values import count, plural

_HEADER = ("id", "kind", "created (UTC)", "variants", "workload", "requests", "load", "size")


def run_list(result: RunList) -> str:
    """Show one line a recording, newest first."""
    if not result.recordings:
        return page([f"no recordings in {result.directory}"], ["  tailtune run"])
    head, *rows = table([_row(one) for one in result.recordings], header=_HEADER, right=(5, 7), indent=0)
    lines = [head]
    for entry, row in zip(result.recordings, rows, strict=True):
        lines += [row, *(paragraph(_remark(entry), indent=4) if _remark(entry) else [])]
    return page(lines, [f"{plural(len(rows), 'recording')} in {result.directory}"])


def one_run(facts: RecordingFacts, *, charts: bool = False) -> str:
    """Show one recording: the figures of a run or load, or the verdicts of an experiment."""
    manifest = facts.manifest
    where = [f"recording: {facts.path}"]
    if facts.summary is not None:
        told = trial_warnings(manifest, facts.summary, facts.warnings)
        figures = trial_sections(manifest, facts.summary, facts.findings, full=True, charts=charts)
        return page(*figures, told, bands_headline(facts.requests), where)
    about = paragraph(subject(manifest))
    if facts.comparison is not None:
        told = [*manifest.warnings, *facts.warnings]
        return page(*comparison_sections(facts.comparison, told, tally=facts.tally), about, where)
    if facts.sweep is not None:
        return page(*sweep_sections(facts.sweep, [*manifest.warnings, *facts.warnings]), about, where)
    return page(about, _without_figures(manifest), warnings(manifest.warnings, facts.warnings), where)


def removal(result: Removal) -> str:
    """Say what is gone."""
    return f"removed {result.bundle_id}, {format_bytes(result.freed_bytes)} freed\n"


def _without_figures(manifest: Manifest) -> list[str]:
    return ["nothing was measured", *pairs([("failure", manifest.failure)])]


def _row(entry: Entry) -> list[str]:
    return [
        entry.id,
        str(entry.kind or "damaged"),
        entry.created_utc[:16].replace("T", " "),
        ", ".join(entry.variants),
        entry.workload,
        count(entry.requests) if entry.requests is not None else "",
        str(entry.validity or ""),
        format_bytes(entry.size_bytes),
    ]


def _remark(entry: Entry) -> str:
    if entry.damaged:
        return entry.damaged
    return f"partial: {entry.failure}".rstrip(": ") if entry.partial else entry.failure

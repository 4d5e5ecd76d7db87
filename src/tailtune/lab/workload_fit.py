"""`tailtune workload fit`: a workload that behaves as a log did, without the log's data."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tailtune import config
from tailtune.config.toml_text import workload_text
from tailtune.errors import UsageError
from tailtune.judge.fit import Learned, Learner
from tailtune.lab.workload_import import ImportChoices, check_output, empty, write_text
from tailtune.model.imports import FittedWorkload
from tailtune.record import registry
from tailtune.record.imports.lines import open_source
from tailtune.record.imports.notes import Notes
from tailtune.record.imports.ordering import put_in_order, sort_all, spread, to_one_host
from tailtune.record.ports import ImportOptions, Progress, Recorded

_WINDOW_NS: Final = 1_000_000_000
_COUNT_EVERY: Final = 10_000
_FEW: Final = 1_000


def fit_workload(
    format_name: str, source: Path, output: Path, choices: ImportChoices, seed: int, progress: Progress
) -> FittedWorkload:
    """Learn from `source` and write the workload.

    Raises:
        UsageError: for a source that holds no request or cannot be used, or an output that is there already.
        SetupError: if the file cannot be written.
    """
    importer = registry.importer(format_name)
    notes = Notes()
    check_output(output, force=choices.force)
    options = ImportOptions(root=source.parent, host=choices.host, fields=choices.fields)
    with open_source(source) as stream:
        requests = to_one_host(importer.read(stream, options, notes), choices.host, notes)
        ordered = sort_all(requests) if choices.sort else put_in_order(requests, choices.tolerance)
        learner = _taught(spread(ordered), progress)
    if not learner.requests:
        raise empty(notes)
    learned = learner.learned(seed)
    write_text(output, workload_text(learned.workload, comments=_comments(learned)))
    config.load_workload(output)  # what was written is what is read
    return FittedWorkload(
        source=str(source),
        requests=learned.requests,
        seconds=learned.seconds,
        skipped=notes.skipped,
        files=[str(output)],
        dispersion=learned.dispersion,
        window_seconds=learned.window_seconds,
        popularity=learned.popularity,
        workload=learned.workload,
        warnings=[*notes.warnings, *_warnings(learned)],
    )


def _taught(requests: Iterable[Recorded], progress: Progress) -> Learner:
    learner = Learner(_WINDOW_NS)
    for count, request in enumerate(requests, 1):
        if request.at_ns is None:
            raise UsageError("the source has no times, so there is no rate to learn", hint="use a log")
        kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
        learner.add(
            request.at_ns,
            request.method,
            request.path,
            status=request.status,
            client=request.client,
            body_bytes=len(request.body or b""),
            content_type=kind,
        )
        if count % _COUNT_EVERY == 0:
            progress.advance(0, 0, f"{count:,} requests")
    return learner


def _comments(learned: Learned) -> tuple[str, ...]:
    return (
        "Fitted to a log: rates, mix, popularity and sizes are like its own; keys and values are made.",
        "Words of paths and names of parameters are the log's frequent ones: read them before you share this file.",
        f"Dispersion of arrivals in windows of {learned.window_seconds:g} s: {learned.dispersion:.2f} (Poisson: 1).",
    )


def _warnings(learned: Learned) -> list[str]:
    warnings = []
    if learned.requests < _FEW:
        warnings.append(f"{learned.requests} requests say little about popularity and bursts")
    if learned.without_bodies:
        names = ", ".join(learned.without_bodies[:5])
        warnings.append(f"the log does not tell the bodies of {names}: they are sent without one")
    return warnings

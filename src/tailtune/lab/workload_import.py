"""`tailtune workload import`: from a log, a capture or a command to a workload that replays it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from tailtune import config
from tailtune.config.toml_text import workload_text
from tailtune.errors import SetupError, UsageError
from tailtune.model.imports import Imported
from tailtune.model.units import Duration
from tailtune.model.workload import Protocol, Tls, Workload
from tailtune.record import registry
from tailtune.record.imports.lines import open_source
from tailtune.record.imports.notes import Notes
from tailtune.record.imports.ordering import put_in_order, sort_all, spread, to_one_host
from tailtune.record.imports.timed import replay
from tailtune.record.imports.untimed import Files, at_rate, draw_among
from tailtune.record.ports import ImportOptions, Origin, Progress, Recorded

FIVE_SECONDS: Final = Duration(5_000_000_000)
_COUNT_EVERY: Final = 10_000


class ImportChoices(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    host: str = ""
    fields: dict[str, str] = {}
    sort: bool = False
    tolerance: Duration = FIVE_SECONDS
    rate: float | None = None
    """For sources without times: the rate of the trace that keeps their order."""
    force: bool = False


def import_workload(
    format_name: str, source: Path, output: Path, choices: ImportChoices, progress: Progress
) -> Imported:
    """Read requests out of `source` and write a workload, and beside it what the workload refers to.

    Raises:
        UsageError: for an unknown format, a source that holds no request or cannot be used, or an output that is
            there already.
        SetupError: if a file cannot be written.
    """
    importer = registry.importer(format_name)
    notes = Notes()
    check_output(output, force=choices.force)
    options = ImportOptions(root=source.parent, host=choices.host, fields=choices.fields)
    with open_source(source) as stream:
        requests = to_one_host(importer.read(stream, options, notes), choices.host, notes)
        watched = _Watched(requests, progress)
        try:
            workload, count, files = _written(iter(watched), output, choices, notes)
        except OSError as error:
            raise SetupError(f"{error.filename or output}: cannot be written: {error.strerror}") from error
    workload = _connected(workload, watched.origin)
    comments = (f"Imported from {source.name} ({format_name}): {count:,} requests.",)
    write_text(output, workload_text(workload, comments=comments))
    config.load_workload(output)  # what was written is what is read
    if watched.whole_seconds:
        notes.warn("the source knows whole seconds only: requests were spread evenly over theirs")
    return Imported(
        source=str(source),
        format=format_name,
        requests=count,
        skipped=notes.skipped,
        files=[str(path) for path in [output, *files]],
        url=_url(watched.origin),
        workload=workload,
        warnings=notes.warnings,
    )


def check_output(output: Path, *, force: bool) -> None:
    """Refuse to overwrite a file without being told to.

    Raises:
        UsageError: if there is one.
    """
    if output.exists() and not force:
        raise UsageError(f"{output} exists already", hint="choose another --output, or overwrite it with --force")


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        SetupError: if it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path}: cannot be written: {error.strerror}") from error


class _Watched:
    """Passes requests on, and keeps what the first one says of all."""

    def __init__(self, requests: Iterable[Recorded], progress: Progress) -> None:
        self._requests = requests
        self._progress = progress
        self.origin = Origin()
        self.whole_seconds = False

    def __iter__(self) -> Iterator[Recorded]:
        for count, request in enumerate(self._requests, 1):
            if count == 1:
                self.origin, self.whole_seconds = request.origin, request.whole_seconds
            if count % _COUNT_EVERY == 0:
                self._progress.advance(0, 0, f"{count:,} requests")
            yield request


def _written(
    requests: Iterator[Recorded], output: Path, choices: ImportChoices, notes: Notes
) -> tuple[Workload, int, list[Path]]:
    first = next(requests, None)
    if first is None:
        raise empty(notes)
    stream: Iterable[Recorded] = _again(first, requests)
    if first.at_ns is None and choices.rate is not None:
        stream = at_rate(stream, choices.rate)
    elif first.at_ns is None:
        files = Files(output)
        workload, count = draw_among(stream, files, notes)
        return workload, count, files.written
    trace = output.with_name(f"{output.stem}.trace.tsv")
    ordered = sort_all(stream) if choices.sort else put_in_order(stream, choices.tolerance)
    workload, count = replay(spread(ordered), trace, notes)
    return workload, count, [trace]


def _again(first: Recorded, rest: Iterator[Recorded]) -> Iterator[Recorded]:
    yield first
    yield from rest


def empty(notes: Notes) -> UsageError:
    """Return the error that tells why a source gave no request."""
    if not notes.skipped:
        return UsageError("the source is empty: it holds no request", hint="is it the right file?")
    worst = notes.skipped[0]
    return UsageError(
        f"the source holds no request of this format: {notes.skipped_count:,} lines or entries were left out, first"
        f" line {worst.first_line}: {worst.why}",
        hint="choose the format that it has, or name its fields",
        detail=worst.example,
    )


def _connected(workload: Workload, origin: Origin) -> Workload:
    """Let the workload speak as the requests did."""
    tls = Tls(insecure=origin.insecure, ca_file=origin.ca_file) if origin.insecure or origin.ca_file else None
    protocol = Protocol.HTTP2 if origin.http2 else Protocol.HTTP1
    return msgspec.structs.replace(workload, tls=tls, protocol=protocol)


def _url(origin: Origin) -> str:
    if origin.unix:
        return f"http+unix://{quote(origin.unix, safe='')}"
    return f"{origin.scheme}://{origin.authority}" if origin.authority else ""

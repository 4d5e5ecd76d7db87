"""Requests with times → a trace, and the workload that replays it."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

from tailtune.errors import UsageError
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Arrival, Trace, Workload
from tailtune.record.imports.operations import Kind, Kinds, column_of
from tailtune.record.imports.ordering import read_spool, write_spool
from tailtune.record.ports import ImportNotes, Recorded

_MOST_BODY_BYTES: Final = 256 * 1024
_NS_PER_MS: Final = 1_000_000


def replay(requests: Iterable[Recorded], trace: Path, notes: ImportNotes) -> tuple[Workload, int]:
    """Write requests, which are in order, as a trace; return the workload and how many they are.

    Raises:
        UsageError: if there is none, or they cannot be told by few operations.
        OSError: if the trace cannot be written.
    """
    kinds = Kinds()
    with tempfile.TemporaryDirectory(prefix="tailtune-") as folder:
        spool = Path(folder) / "requests"
        count = write_spool(spool, _sorted_out(requests, kinds, notes))
        if not count:
            raise UsageError("the source holds no request", hint="is it the right format and the right file?")
        length_ns = _write(trace, spool, kinds)
    rounded = (length_ns // _NS_PER_MS + 1) * _NS_PER_MS
    workload = Workload(
        arrival=Arrival.TRACE,
        trace=Trace(file=trace.name),
        duration=Duration(rounded),
        operations=[kind.operation() for kind in kinds.all],
    )
    return workload, count


def _sorted_out(requests: Iterable[Recorded], kinds: Kinds, notes: ImportNotes) -> Iterator[Recorded]:
    """Leave out what no trace can hold, and take down the kinds of the others."""
    for request in requests:
        if problem := _problem(request.body):
            notes.skip(request.line, problem, f"{request.method} {request.path}".encode())
            continue
        kinds.add(request)
        yield request


def _problem(body: bytes | None) -> str:
    if body is None:
        return ""
    if len(body) > _MOST_BODY_BYTES:
        return f"a body of more than {_MOST_BODY_BYTES // 1024} KiB, which a trace cannot hold"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "a body that is not text, which a trace cannot hold"
    return ""


def _write(trace: Path, spool: Path, kinds: Kinds) -> int:
    """Write the rows; return the time from the first start to the last in ns."""
    headers = sorted({one for kind in kinds.all for one in kind.varies if one not in ("path", "body")})
    columns = [*(["body"] if any("body" in kind.varies for kind in kinds.all) else []), *headers]
    columns += ["path"] if any("path" in kind.varies for kind in kinds.all) else []
    # The operation's name stands last: a body that ended in a carriage return would lose it to the line's end.
    again = Kinds()
    first_ns: int | None = None
    at_ns = 0
    with trace.open("w", encoding="utf-8", newline="") as file:
        _row(file, ["t", *(_column(name) for name in columns), "operation"])
        for request in read_spool(spool):
            kind = kinds.all[again.add(request)]
            first_ns = request.at_ns or 0 if first_ns is None else first_ns
            at_ns = (request.at_ns or 0) - first_ns
            _row(file, [f"{at_ns // NS_PER_S}.{at_ns % NS_PER_S:09d}", *_values(request, kind, columns), kind.name])
    return at_ns


def _column(name: str) -> str:
    return column_of(name.removeprefix("header ")) if name.startswith("header ") else name


def _values(request: Recorded, kind: Kind, columns: list[str]) -> Iterator[str]:
    for name in columns:
        if name not in kind.varies:
            yield ""
        elif name == "path":
            yield request.path.removeprefix("/")
        elif name == "body":
            yield (request.body or b"").decode()
        else:
            yield request.headers.get(name.removeprefix("header "), "")


def _row(file: TextIO, fields: list[str]) -> None:
    file.write("\t".join(map(escaped, fields)) + "\n")


def escaped(text: str) -> str:
    """Return a field as a trace writes it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

"""Logs with one JSON object a line: time, method and path in named fields."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from tailtune.model.units import NS_PER_S, Duration
from tailtune.record.imports.lines import lines
from tailtune.record.imports.times import any_ns, to_the_second
from tailtune.record.imports.urls import split_url
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_USUAL: Final[dict[str, tuple[str, ...]]] = {
    "time": ("time", "timestamp", "@timestamp", "ts", "time_iso8601", "msec", "start_time", "time_local", "date"),
    "method": ("method", "request_method", "http_method", "verb", "http.request.method"),
    "path": ("path", "uri", "request_uri", "url", "target", "http.target", "url.path", "RequestPath"),
    "request": ("request",),
    "status": ("status", "status_code", "response_code", "code", "http.response.status_code"),
    "bytes": ("bytes", "body_bytes_sent", "bytes_sent", "size", "response_size"),
    "duration": (),
}
"""Meaning → names of fields that are tried when the user names none. Durations have no usual unit, so none is tried."""
_REQUEST: Final = re.compile(r"([A-Z]{1,20}) (\S+)(?: HTTP/\d(?:\.\d)?)?")


class JsonLinesImporter:
    """Reads logs of JSON lines."""

    name: str = "json-lines"
    help: str = "log with one JSON object a line; fields are named by --time-field and others, or have usual names"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the requests in the order of the log."""
        names = {meaning: _names(options, meaning) for meaning in _USUAL}
        for number, line in lines(source, notes):
            try:
                record = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError, ValueError):
                record = None
            if not isinstance(record, dict):
                notes.skip(number, "not a JSON object", line)
            elif found := _request(number, line, record, names, notes):
                yield found


def _names(options: ImportOptions, meaning: str) -> tuple[str, ...]:
    given = options.fields.get(meaning)
    return (given,) if given else _USUAL[meaning]


def _field(record: Mapping[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    """Return the first field that is there; `a.b` is also looked up as `b` inside `a`."""
    for name in names:
        if name in record:
            return record[name]
        inner: Any = record
        for part in name.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        if inner is not None:
            return inner
    return None


def _request(
    number: int, line: bytes, record: Mapping[str, Any], names: Mapping[str, tuple[str, ...]], notes: ImportNotes
) -> Recorded | None:
    method, path = _field(record, names["method"]), _field(record, names["path"])
    if whole := _REQUEST.fullmatch(str(_field(record, names["request"]) or "")[:65_536]):
        method, path = method or whole[1], path or whole[2]
    split = split_url(path) if isinstance(path, str) else None
    if split is None or not re.fullmatch(r"[A-Za-z]{1,20}", str(method or "GET")):
        notes.skip(number, f"no path in {_shown(names['path'])}", line)
        return None
    raw_time = _field(record, names["time"])
    at_ns = any_ns(raw_time)
    if at_ns is None:
        notes.skip(number, f"no time in {_shown(names['time'])}", line)
        return None
    duration_ns = _duration_ns(_field(record, names["duration"]))
    return Recorded(
        method=str(method or "GET").upper(),
        path=split[1],
        at_ns=at_ns - duration_ns,
        whole_seconds=to_the_second(raw_time) and duration_ns == 0,
        status=_whole(_field(record, names["status"]), 0),
        answer_bytes=_whole(_field(record, names["bytes"]), -1),
        origin=split[0],
        line=number,
    )


def _shown(names: tuple[str, ...]) -> str:
    return f"`{names[0]}`" if len(names) == 1 else "any field with a usual name"


def _whole(value: object, absent: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and 0 <= value < 2**63 else absent


def _duration_ns(value: object) -> int:
    """Return a duration in ns: a number of seconds, or text with a unit."""
    if isinstance(value, str):
        try:
            return int(Duration.parse(value[:64]))
        except ValueError:
            pass
    try:
        seconds = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0
    return int(seconds * NS_PER_S) if 0 <= seconds < 86_400 else 0


IMPORTER: Final = JsonLinesImporter()

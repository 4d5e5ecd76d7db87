"""HAR captures of browsers and proxies, read as a stream: answers are passed over, whatever their size."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final
from urllib.parse import quote_plus

import ijson
from ijson.common import ObjectBuilder

from tailtune.errors import UsageError
from tailtune.record.imports.cutting import MARK, CutSource
from tailtune.record.imports.times import any_ns
from tailtune.record.imports.urls import split_url, usable_header
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_ENTRY: Final = ("log", "entries", "item")
_REQUEST: Final = (*_ENTRY, "request")
_KEPT: Final = {(*_ENTRY, "startedDateTime"): "started", (*_ENTRY, "response", "status"): "status"}
_DEEPEST: Final = 1_000
_DEEPEST_SHOWN: Final = 5
_DROPPED: Final = frozenset({"host"})
_MOST_FIELDS: Final = 100_000
_MULTIPART: Final = "multipart/"


class HarImporter:
    """Reads HAR captures."""

    name: str = "har"
    help: str = "HAR capture of a browser or proxy"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the requests in the order of the capture.

        Raises:
            UsageError: if the file is not JSON, is cut short, or is no capture.
        """
        del options
        number = 0
        for number, entry in enumerate(_entries(source), 1):
            if found := _recorded(number, entry, notes):
                yield found
        if not number:
            raise UsageError("the capture has no entries (log.entries)", hint="is it a HAR file?")


def _entries(source: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield what is used of each entry: `request`, `started` and `status`."""
    try:
        yield from _gathered(ijson.basic_parse(CutSource(source), use_float=True))
    except ijson.IncompleteJSONError as error:
        raise UsageError(f"the capture is cut short or not JSON: {_told(error)}", hint="save it again") from None
    except (ijson.JSONError, ValueError, RecursionError) as error:
        raise UsageError(f"the capture is not JSON: {_told(error)}", hint="is it a HAR file?") from None


def _gathered(events: Iterable[tuple[str, Any]]) -> Iterator[dict[str, Any]]:
    entry: dict[str, Any] = {}
    builder: ObjectBuilder | None = None
    fields = 0
    for path, event, value in _placed(events):
        if path == _REQUEST and event == "start_map":
            builder, fields = ObjectBuilder(), 0
        if builder is not None:
            builder.event(event, value)
            fields += 1
            if fields > _MOST_FIELDS:
                raise UsageError(f"a request of the capture has more than {_MOST_FIELDS:,} fields")
            if path == _REQUEST and event == "end_map":
                entry["request"], builder = builder.value, None
        elif path in _KEPT:
            entry[_KEPT[path]] = value
        elif path == _ENTRY and event == "end_map":
            yield entry
            entry = {}


def _placed(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Tell of each event where it stands: the keys from the root, `item` for those of a list.

    ijson's own way to tell it writes the whole path at each event, which hostile nesting makes very long.
    """
    stack: list[str] = []
    shown: tuple[str, ...] = ()
    for event, value in events:
        if event == "map_key":
            stack[-1] = value
            shown = tuple(stack) if len(stack) <= _DEEPEST_SHOWN else shown
        elif event in ("end_map", "end_array"):
            stack.pop()
            shown = tuple(stack) if len(stack) <= _DEEPEST_SHOWN else shown
        yield (shown if len(stack) <= _DEEPEST_SHOWN else ()), event, value
        if event in ("start_map", "start_array"):
            stack.append("item" if event == "start_array" else "")
            if len(stack) > _DEEPEST:
                raise UsageError(f"the capture is nested deeper than {_DEEPEST}", hint="is it a HAR file?")
            shown = tuple(stack) if len(stack) <= _DEEPEST_SHOWN else shown


def _told(error: Exception) -> str:
    """Return the parser's message on one line, without the excerpt that it draws below."""
    text = str(error).strip() or type(error).__name__
    return re.sub(r"[^ -~]+", " ", text.splitlines()[0])[:200]


def _recorded(number: int, entry: dict[str, Any], notes: ImportNotes) -> Recorded | None:
    given = entry.get("request")
    request: dict[str, Any] = given if isinstance(given, dict) else {}
    url = request.get("url")
    split = split_url(url) if isinstance(url, str) and MARK not in url else None
    method = request.get("method")
    if (
        split is None
        or not split[0].authority
        or not isinstance(method, str)
        or not re.fullmatch("[A-Z]{1,20}", method)
    ):
        notes.skip(number, "no request for an http:// or https:// URL", str(url or "").encode("utf-8", "replace"))
        return None
    at_ns = any_ns(entry.get("started"))
    if at_ns is None:
        notes.skip(number, "no time in startedDateTime", str(entry.get("started")).encode("utf-8", "replace"))
        return None
    headers = _headers(request)
    problem, body = _body(request, headers)
    if problem:
        notes.skip(number, problem, f"{method} {url}".encode("utf-8", "replace"))
        return None
    status = entry.get("status")
    return Recorded(
        method=method,
        path=split[1],
        headers={name: value for name, value in headers.items() if name.lower() not in _DROPPED},
        body=body,
        at_ns=at_ns,
        status=status if isinstance(status, int) and 100 <= status < 600 else 0,
        origin=split[0],
        line=number,
    )


def _headers(request: dict[str, Any]) -> dict[str, str]:
    """Return the headers that can be sent; those of HTTP/2 that begin with a colon are said elsewhere."""
    headers: dict[str, str] = {}
    listed = request.get("headers")
    for one in listed if isinstance(listed, list) else []:
        name, value = (one.get("name"), one.get("value")) if isinstance(one, dict) else (None, None)
        if isinstance(name, str) and isinstance(value, str) and MARK not in value and usable_header(name, value):
            join = "; " if name.lower() == "cookie" else ", "
            headers[name] = f"{headers[name]}{join}{value}" if name in headers else value
    return headers


def _body(request: dict[str, Any], headers: dict[str, str]) -> tuple[str, bytes | None]:
    """Return why the body cannot be imported, or an empty text, and the body."""
    data = request.get("postData")
    if not isinstance(data, dict):
        return "", None
    text, params = data.get("text"), data.get("params")
    kind = data.get("mimeType") if isinstance(data.get("mimeType"), str) else ""
    if isinstance(text, str) and text:
        if MARK in text:
            return "a body of more than 256 KiB", None
        if data.get("encoding") == "base64":
            return "a body in base64", None
        _default_type(headers, kind)
        return "", text.encode("utf-8", "replace")
    if isinstance(params, list) and params:
        if str(kind).startswith(_MULTIPART) or any(isinstance(one, dict) and "fileName" in one for one in params):
            return "a multipart body whose text the capture does not hold", None
        _default_type(headers, kind)
        return "", _form(params)
    return "", None


def _default_type(headers: dict[str, str], kind: object) -> None:
    known = any(name.lower() == "content-type" for name in headers)
    if not known and isinstance(kind, str) and kind and usable_header("Content-Type", kind):
        headers["Content-Type"] = kind


def _form(params: list[Any]) -> bytes:
    pairs = ((str(one.get("name", "")), str(one.get("value", ""))) for one in params if isinstance(one, dict))
    return "&".join(
        f"{quote_plus(name, errors='replace')}={quote_plus(value, errors='replace')}" for name, value in pairs
    ).encode()


IMPORTER: Final = HarImporter()

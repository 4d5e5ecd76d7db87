"""Targets of vegeta in both of its forms: `METHOD URL` with headers and `@body`, and JSON lines with base64 bodies."""

import base64
import binascii
import itertools
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from tailtune.errors import UsageError
from tailtune.record.imports.lines import lines
from tailtune.record.imports.urls import split_url, usable_header
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_REQUEST: Final = re.compile(r"([A-Z]+)[ \t]+(\S+)")
_MOST_HEADERS: Final = 200


class _Target(msgspec.Struct, frozen=True):
    """One line of the JSON form."""

    method: str
    url: str
    header: dict[str, list[str]] | None = None
    body: str = ""


class VegetaImporter:
    """Reads targets of vegeta."""

    name: str = "vegeta"
    help: str = "targets of vegeta, as text or as JSON lines"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the targets in their order."""
        numbered = lines(source, notes)
        first = next(numbered, None)
        if first is None:
            return
        rest = itertools.chain([first], numbered)
        if first[1].lstrip().startswith(b"{"):
            yield from (found for number, line in rest if (found := _from_json(number, line, notes)))
        else:
            yield from _from_text(rest, options, notes)


def _from_json(number: int, line: bytes, notes: ImportNotes) -> Recorded | None:
    try:
        target = msgspec.json.decode(line, type=_Target)
        body = base64.b64decode(target.body, validate=True) if target.body else None
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        notes.skip(number, "not a target in JSON", line)
        return None
    headers = {name: _joined(name, values) for name, values in (target.header or {}).items()}
    return _recorded(number, target.method, target.url, headers, body, notes, line)


def _joined(name: str, values: list[str]) -> str:
    return ("; " if name.lower() == "cookie" else ", ").join(values)


def _from_text(numbered: Iterator[tuple[int, bytes]], options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
    """Gather each target's lines; a line with a method and an URL begins the next one."""
    begun: dict[str, Any] | None = None
    for number, line in numbered:
        text = line.decode("utf-8", "replace").strip()
        if not text or text.startswith("#"):
            continue
        if request := _REQUEST.fullmatch(text):
            if begun and (found := _recorded(**begun, notes=notes)):
                yield found
            method, url = request.groups()
            begun = {"number": number, "method": method, "url": url, "headers": {}, "body": None, "line": line}
        elif begun is None:
            notes.skip(number, "a header or body before the first target", line)
        elif text.startswith("@"):
            begun["body"] = _body(text[1:], number, options)
        elif not _header(text, begun["headers"]):
            notes.skip(number, "neither a target nor a header nor a body", line)
    if begun and (found := _recorded(**begun, notes=notes)):
        yield found


def _header(text: str, headers: dict[str, str]) -> bool:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not name or len(headers) >= _MOST_HEADERS:
        return False
    headers[name] = _joined(name, [headers[name], value]) if name in headers else value
    return True


def _body(name: str, number: int, options: ImportOptions) -> bytes:
    path = options.root / name
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"line {number}: the body {path} cannot be read: {error}",
            hint="names of bodies are relative to the file of the targets",
        ) from None


def _recorded(
    number: int, method: str, url: str, headers: dict[str, str], body: bytes | None, notes: ImportNotes, line: bytes
) -> Recorded | None:
    split = split_url(url)
    if split is None or not re.fullmatch(r"[A-Z]+", method):
        notes.skip(number, "no method in capitals and http:// URL", line)
        return None
    origin, path = split
    usable = {name: value for name, value in headers.items() if usable_header(name, value)}
    return Recorded(method=method, path=path, headers=usable, body=body, origin=origin, line=number)


IMPORTER: Final = VegetaImporter()

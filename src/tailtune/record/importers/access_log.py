"""Access logs of nginx and Apache: common and combined format, with or without the name of the virtual host."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from tailtune.record.imports.lines import lines
from tailtune.record.imports.times import common_log_ns
from tailtune.record.imports.urls import split_url
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_LONGEST: Final = 64 * 1024
# Repetitions are bounded, so that no line takes long. Groups: host, client, time, request, status, bytes.
_LINE: Final = re.compile(
    rb"(?:([^\s\"]{1,255}:\d{1,5}) )?([^\s\"]{1,255}) [^\s\"]{1,255} [^\"\[]{0,255}\[([^\]]{1,40})\] "
    rb'"((?:[^"\\]|\\.)*)" (\d{3}|-) (\d{1,18}|-)(?: .*)?',
    re.DOTALL,
)
_REQUEST: Final = re.compile(r"([A-Z]{1,20}) (\S.*?)(?: HTTP/\d(?:\.\d)?)?", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LETTERS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class AccessLogImporter:
    """Reads access logs."""

    name: str = "access-log"
    help: str = "access log of nginx or Apache, common or combined format, perhaps packed by gzip"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the requests in the order of the log."""
        del options
        for number, line in lines(source, notes):
            if found := _request(number, line, notes):
                yield found


def _request(number: int, line: bytes, notes: ImportNotes) -> Recorded | None:
    found = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
    if found is None:
        notes.skip(number, "not in common or combined format", line)
        return None
    at_ns = common_log_ns(found[3].decode("latin-1"))
    if at_ns is None:
        notes.skip(number, "no time of an access log", line)
        return None
    request = _REQUEST.fullmatch(unescaped(found[4]).decode("utf-8", "surrogateescape"))
    split = split_url(request[2]) if request else None
    if request is None or split is None:
        notes.skip(number, "no request for a path", line)
        return None
    return Recorded(
        method=request[1],
        path=split[1],
        at_ns=at_ns,
        whole_seconds=b"." not in found[3],
        status=int(found[5]) if found[5] != b"-" else 0,
        answer_bytes=int(found[6]) if found[6] != b"-" else 0,
        client=found[2].decode("latin-1"),
        line=number,
    )


def unescaped(text: bytes) -> bytes:
    r"""Undo the escapes of the log: `\"`, `\\`, `\x22`, `\n`."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else _LETTERS.get(found[2], found[2]), text)


IMPORTER: Final = AccessLogImporter()

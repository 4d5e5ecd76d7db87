"""Sources of requests: plain or compressed files, read line by line with bounded memory."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from tailtune.errors import UsageError
from tailtune.record.ports import ImportNotes

LONGEST_LINE: Final = 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_SHOWN: Final = 80


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a source for reading: a file, packed by gzip or not, or stdin as `-`.

    Raises:
        UsageError: if it cannot be read or its compression is damaged.
    """
    try:
        if str(path) == "-":
            yield sys.stdin.buffer
            return
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            if file.seekable():
                file.seek(0)
            with gzip.open(file) if packed else file as source:
                yield cast("BinaryIO", source)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"{path}: its gzip compression is damaged or cut short: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def lines(source: BinaryIO, notes: ImportNotes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines without their ends, numbered from 1; blank ones and those beyond LONGEST_LINE are left out."""
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            notes.skip(number, f"longer than {LONGEST_LINE:,} bytes", line[:_SHOWN])
            while line and not line.endswith(b"\n"):
                line = source.readline(LONGEST_LINE)
        elif stripped := line.strip(b"\r\n"):
            yield number, stripped


def small_text(source: BinaryIO, most_bytes: int, what: str) -> str:
    """Return a whole small source as text.

    Raises:
        UsageError: if it is larger than `most_bytes` or not UTF-8.
    """
    data = source.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise UsageError(f"{what} is larger than {most_bytes:,} bytes", hint="is it the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 text: {error}") from None

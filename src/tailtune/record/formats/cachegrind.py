"""What Cachegrind writes when a program ends: events counted for each line of code.

Format: Valgrind manual, Cachegrind, "Cachegrind File Format". The file is somebody else's program's, cut where that
was killed: whatever it holds gives counts or a ValueError that names the line, in memory that is bounded.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

import pyarrow as pa

from tailtune.record.formats import rows

EVENTS: Final = ("Ir", "I1mr", "ILmr", "Dr", "D1mr", "DLmr", "Dw", "D1mw", "DLmw")
"""Instructions read, their misses of the first and last level; data read, with misses; data written, with misses."""
MOST_BYTES: Final = 128 << 20
"""Of a file; that of a large service is a tenth of it."""
MOST_LINE_BYTES: Final = 64 << 10
"""Of a line: generic functions have long names."""
MOST_PLACES: Final = 500_000
_MOST_LINE_NUMBER: Final = 2**31 - 1
_MOST_COUNT: Final = 2**63 - 1
_SHOWN: Final = 40

Place = tuple[str, str, int]
"""Function, file and line; `???` and 0 where Cachegrind does not know."""
Counts = tuple[int, ...]
"""In the order of EVENTS."""


class Cachegrind(NamedTuple):
    """The content of one file."""

    caches: dict[str, str]
    """Cache → its size, line and ways in Cachegrind's words."""
    places: dict[Place, Counts]


def read_cachegrind(stream: BinaryIO) -> Cachegrind:
    """Read a file to its end.

    Raises:
        ValueError: if it is not Cachegrind's, was cut short, is too large, or its counts do not add up to its summary.
    """
    reader = _Reader()
    number = 0
    try:
        for number, line in enumerate(_lines(stream), 1):  # noqa: B007 - the error names it
            reader.take(line)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None
    return reader.result()


def beyond(whole: Mapping[Place, Counts], first: Mapping[Place, Counts]) -> dict[Place, Counts]:
    """Return the counts of `whole` that `first` does not have, none below 0; places without any are left out."""
    nothing = (0,) * len(EVENTS)
    found = {
        place: tuple(max(0, more - less) for more, less in zip(counts, first.get(place, nothing), strict=True))
        for place, counts in whole.items()
    }
    return {place: counts for place, counts in found.items() if any(counts)}


def table(places: Mapping[Place, Counts]) -> pa.Table:
    """Return counts as the table `caches`."""
    columns = ("function", "file", "line", *(event.lower() for event in EVENTS))
    return rows.table("caches", ((*place, *counts) for place, counts in places.items()), columns)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    taken = 0
    while line := stream.readline(MOST_LINE_BYTES + 1):
        taken += len(line)
        if len(line) > MOST_LINE_BYTES:
            raise ValueError(f"the next one has more than {MOST_LINE_BYTES:,} bytes")
        if taken > MOST_BYTES:
            raise ValueError(f"the file has more than {MOST_BYTES:,} bytes")
        yield line.rstrip(b"\r\n")


class _Reader:
    """The state between two lines."""

    def __init__(self) -> None:
        self._caches: dict[str, str] = {}
        self._places: dict[Place, Counts] = {}
        self._at: list[int] = []
        """Where the events stand on a line, in the order of EVENTS."""
        self._width = 0
        self._file = self._function = ""
        self._summary: Counts | None = None

    def take(self, line: bytes) -> None:
        """Take the next line, without its end."""
        if not line:
            return
        if self._summary is not None:
            raise ValueError("there is more behind the summary")
        if line[:1].isdigit():
            self._count(line.split())
            return
        kind, sign, rest = line.partition(b"=" if line.startswith((b"fl=", b"fn=")) else b":")
        if kind == b"fl":
            self._file = _text(rest)
        elif kind == b"fn":
            self._function = _text(rest)
        elif kind == b"desc" and sign:
            name, _, described = _text(rest).partition(":")
            self._caches[name.strip()] = " ".join(described.split())
        elif kind == b"events":
            self._name(rest.split())
        elif kind == b"summary":
            self._summary = self._numbers(rest.split())
        elif kind != b"cmd" or not sign:
            raise ValueError(f"not of Cachegrind: {_text(line[:_SHOWN])!r}")

    def result(self) -> Cachegrind:
        """Return all, once the last line was taken."""
        if self._summary is None:
            raise ValueError("it ends before its summary: it was cut short")
        totals = tuple(map(sum, zip(*self._places.values(), strict=True))) or (0,) * len(EVENTS)
        if totals != self._summary:
            raise ValueError("its counts do not add up to its summary: it is damaged")
        return Cachegrind(self._caches, self._places)

    def _name(self, names: list[bytes]) -> None:
        if self._at:
            raise ValueError("the events are named twice")
        if missing := [event for event in EVENTS if names.count(event.encode()) != 1]:
            raise ValueError(f"the events {', '.join(missing)} are not there once: were caches simulated?")
        self._at = [names.index(event.encode()) for event in EVENTS]
        self._width = len(names)

    def _count(self, words: list[bytes]) -> None:
        """Add the counts of a line of code: several rows may be about the same one."""
        if not self._file or not self._function:
            raise ValueError("counts of no file or function")
        number = _number(words[0], _MOST_LINE_NUMBER)
        counts = self._numbers(words[1:])
        place = (self._function, self._file, number)
        before = self._places.get(place)
        if before is None and len(self._places) >= MOST_PLACES:
            raise ValueError(f"more than {MOST_PLACES:,} lines of code")
        self._places[place] = tuple(map(sum, zip(before, counts, strict=True))) if before else counts

    def _numbers(self, words: list[bytes]) -> Counts:
        """Return counts in the order of EVENTS; those that are left out at the end are 0."""
        if not self._at:
            raise ValueError("counts before the names of the events")
        if len(words) > self._width:
            raise ValueError(f"{len(words)} counts of {self._width} events")
        values = [_number(word, _MOST_COUNT) for word in words] + [0] * (self._width - len(words))
        return tuple(values[at] for at in self._at)


def _number(word: bytes, most: int) -> int:
    if word == b".":
        return 0
    if not word.isdigit() or len(word) > len(str(most)) or int(word) > most:
        raise ValueError(f"not a count: {_text(word[:_SHOWN])!r}")
    return int(word)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")

"""A JSON source whose longest texts are cut short while it is read, so that parsing it takes bounded memory.

A capture holds answers, and an answer may be a text of hundreds of megabytes. A parser that gives
whole values would hold it whole. So texts far beyond what a request may have lose their middle on
the way, and carry a mark that says so.
"""

import re
from typing import BinaryIO, Final

MARK: Final = "\N{REPLACEMENT CHARACTER}cut short\N{REPLACEMENT CHARACTER}"
"""Stands in a text that lost its middle."""
PIECE: Final = 256 * 1024
"""Texts up to this long are never cut; longer ones may be."""
_MARK_BYTES: Final = MARK.encode()
_PLAIN: Final = re.compile(rb'[^"]*"')
_TEXT: Final = re.compile(rb'(?:[^"\\]|\\.)*+"', re.DOTALL)
_PARTIAL: Final = re.compile(rb"(?:[^\"\\]|\\u[0-9A-Fa-f]{4}|\\[^u])*+", re.DOTALL)
_LONGEST_UNIT: Final = 6
"""Bytes of an escaped character; a character in UTF-8 has at most 4."""


class CutSource:
    """Reads from a source as `read` does, long texts cut."""

    def __init__(self, source: BinaryIO, piece: int = PIECE) -> None:
        """Begin outside of any text; texts up to `piece` bytes are never cut."""
        self._source = source
        self._piece = piece
        self._inside = False
        self._dropped = False
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, none at the end; `size` is a wish only, but 0 is a question for the type."""
        if size == 0:
            return b""
        while piece := self._rest + self._source.read(self._piece):
            grew = len(piece) > len(self._rest)
            self._rest = b""
            kept = self._kept(piece, last=not grew)
            if kept or not grew:
                return kept
        return b""

    def _kept(self, piece: bytes, *, last: bool) -> bytes:
        """Return what is kept of a piece; drops it if it lies inside one text as a whole."""
        if self._inside and not _TEXT.match(piece):
            if last:
                return piece  # cut short at the end of the file: the parser will say so
            self._rest = piece[_whole_characters(piece, 0) :]
            if self._dropped:
                return b""
            self._dropped = True
            return _MARK_BYTES
        return self._walked(piece)

    def _walked(self, piece: bytes) -> bytes:
        """Find out whether the piece ends inside a text."""
        position = 0
        while position < len(piece):
            found = (_TEXT if self._inside else _PLAIN).match(piece, position)
            if found is None:
                break
            self._inside, self._dropped = not self._inside, False
            position = found.end()
        if self._inside and position < len(piece):
            end = _whole_characters(piece, position)
            self._rest = piece[end:]
            return piece[:end]
        return piece


def _whole_characters(piece: bytes, start: int) -> int:
    """Return where the last whole character of a text that began before or at `start` ends.

    Where nothing makes sense, everything is whole: the parser will say what is wrong.
    """
    found = _PARTIAL.match(piece, start)
    end = found.end() if found else start
    for back in range(1, 4):
        byte = piece[end - back] if end - back >= start else 0
        if byte >= 0xC0:  # begins a character of several bytes
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            end -= back if back < length else 0
            break
        if byte < 0x80:
            break
    return end if len(piece) - end < 2 * _LONGEST_UNIT else len(piece)

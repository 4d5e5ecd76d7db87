"""Reads a growing text file line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CHUNK_BYTES: Final = 1 << 20


class LineReader:
    """Gives the lines completed since the last look; an unfinished line waits for its end."""

    def __init__(self, path: Path) -> None:
        """Read `path` from its beginning; it need not exist yet."""
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self) -> Iterator[str]:
        """Give the new complete lines, without their ends; undecodable bytes are replaced."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                while data := stream.read(_CHUNK_BYTES):
                    self._offset += len(data)
                    *lines, self._rest = (self._rest + data).split(b"\n")
                    yield from (line.decode(errors="replace") for line in lines)
        except OSError:
            return

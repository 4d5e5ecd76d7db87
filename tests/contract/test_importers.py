"""Every importer that is found keeps the promises of `ports.Importer`."""

import contextlib
import io
import os
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.imports import SOURCES, imported, read

from tailtune.errors import UsageError
from tailtune.record import registry
from tailtune.record.imports.notes import Notes
from tailtune.record.ports import Importer, ImportOptions

NAMES = sorted(registry.importers())
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
"""Hostile sources for each importer; `make fuzz` tries more."""
LONG = 300
"""So many times a source is repeated where memory is looked at."""


def test_there_is_a_source_for_each() -> None:
    assert set(SOURCES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_an_importer_with_a_name_and_help(name: str) -> None:
    importer = registry.importer(name)
    assert isinstance(importer, Importer)
    assert importer.name == name
    assert len(importer.help) > 10


@pytest.mark.parametrize("name", NAMES)
def test_its_requests_can_be_sent(name: str, tmp_path) -> None:
    (tmp_path / "body.txt").write_text("x")
    requests, _ = read(name, SOURCES[name], tmp_path)
    assert len(requests) >= 3
    for request in requests:
        assert request.path.startswith("/")
        assert request.path.isascii()
        assert not {" ", "\t", "{", "}", "#"} & set(request.path)
        assert request.method.isupper()
        assert request.line > 0
        assert not {"content-length", "host"} & {header.lower() for header in request.headers}
    assert len({request.at_ns is None for request in requests}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_source_is_told(name: str, tmp_path) -> None:
    for source in (b"", b"\n\n \n"):
        with pytest.raises(UsageError) as told:
            imported(name, source, tmp_path)
        assert told.value.hint


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=EXAMPLES)
@given(source=st.binary(max_size=300))
def test_any_bytes_give_requests_or_a_usage_error_never_panic(name: str, source: bytes) -> None:
    survives(name, source)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32))
def test_damaged_sources_give_requests_or_a_usage_error_never_panic(name: str, seed: int) -> None:
    draw = random.Random(seed)
    source = bytearray(SOURCES[name])
    for _ in range(draw.randint(1, 8)):
        place = draw.randrange(len(source))
        match draw.randrange(4):
            case 0:
                source[place] = draw.randrange(256)
            case 1:
                del source[place : place + draw.randint(1, 20)]
            case 2:
                source[place:place] = source[draw.randrange(len(source)) :][:20]
            case _:
                del source[max(place, 1) :]
        if not source:
            break
    survives(name, bytes(source))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "source",
    [
        b"[" * 100_000,
        b'{"log": {"entries": [' + b'{"a":' * 50_000,
        b'"' * 100_000,
        b"\\" * 100_001,
        b"GET " * 50_000,
        b"1" * 200_000,
        b"\xff\xfe" * 1000,
        b'a b c [x] "' + b"\\x" * 40_000,
        b"a b c " + b"[" * 60_000,
        b"curl " + b"'" * 9_999,
        b"curl " + b"-d x " * 10_000,
        b"{" + b'"a":1,' * 20_000,
        b'{"log":{"entries":[{"request":{"url":' + b"9" * 10_000 + b"}}]}}",
    ],
    ids=range(13),
)
def test_hostile_sources_end_soon(name: str, source: bytes) -> None:
    survives(name, source)


@pytest.mark.parametrize("name", ["access-log", "json-lines", "h2load", "vegeta", "har"])
def test_memory_does_not_grow_with_the_source(name: str, tmp_path) -> None:
    (tmp_path / "body.txt").write_text("x")
    importer = registry.importer(name)
    source = Endless(name, LONG)
    tracemalloc.start()
    count = sum(1 for _ in importer.read(source, ImportOptions(root=tmp_path), Notes()))  # type: ignore[arg-type, misc]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count >= 3 * LONG
    assert peak < 12 * 1024 * 1024


class Endless(io.RawIOBase):
    """A source of a format, many times over, made as it is read."""

    def __init__(self, name: str, times: int) -> None:
        self._pieces = self._made(name, times)
        self._left = b""

    @staticmethod
    def _made(name: str, times: int):
        if name == "har":
            yield b'{"log":{"entries":['
            inside = SOURCES[name].partition(b'"entries": [')[2].removesuffix(b"]}}")
            answer = b'"response":{"content":{"text":"' + b"x\\n" * 100_000 + b'"}},"request"'
            for number in range(times):
                yield (b"," if number else b"") + inside.replace(b'"request"', answer, 1)
            yield b"]}}"
        elif name == "h2load":
            yield from (f"{number}.5\t/a/{number}\n".encode() for number in range(3 * times))
        else:
            yield from (SOURCES[name] + b"\n" for _ in range(times))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def readline(self, size: int | None = -1) -> bytes:
        if b"\n" not in self._left:
            self._left += next(self._pieces, b"")
        line, end, self._left = self._left.partition(b"\n")
        return line + end


def survives(name: str, source: bytes) -> None:
    with contextlib.suppress(UsageError):
        requests, notes = read(name, source)
        assert all(request.path.startswith("/") for request in requests)
        assert all(one.example.isprintable() for one in notes.skipped)

"""Files beside the result of a load: which formats there are, which one a file name asks for, writing them safely."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Protocol

import msgspec
import pyarrow as pa

from tailtune.errors import UsageError
from tailtune.model.interval import Buckets, CumulativeBuckets, IntervalSummary
from tailtune.model.results import LoadResult
from tailtune.show.export import files
from tailtune.show.export.whole import refused, write_whole


@dataclass(frozen=True, kw_only=True)
class LoadFacts:
    """All that files are made of. What is large comes when it is asked for."""

    result: LoadResult
    started_s: float
    """When the load began, seconds since 1970."""
    intervals: Callable[[], list[IntervalSummary]]
    interval_buckets: Callable[[], Iterator[Buckets]]
    total: Callable[[], Buckets]
    cumulative: Callable[[], list[CumulativeBuckets]]
    requests: Callable[[], Iterator[pa.Table]]
    """The request log in batches of the recording's table `requests`; empty unless an export needs it."""


class Export(Protocol):
    """One format."""

    name: str
    """What stands before the colon of `FORMAT:FILE`."""
    suffixes: tuple[str, ...]
    """Ends of file names that mean this format; the longest that fits counts."""
    needs_requests: bool
    """Whether it is made of the request log, which is kept only then."""

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""


class OutputFile(msgspec.Struct, frozen=True):
    """A file to be written."""

    format: str
    path: Path

    @property
    def needs_requests(self) -> bool:
        """Whether the request log has to be kept for it."""
        return exports()[self.format].needs_requests


@cache
def exports() -> dict[str, Export]:
    """Return all formats by name."""
    names = [module.name for module in pkgutil.iter_modules(files.__path__)]
    found: list[Export] = [importlib.import_module(f"{files.__name__}.{name}").EXPORT for name in names]
    return {one.name: one for one in found}


def output_file(text: str) -> OutputFile:
    """Read an `--output`: `FILE`, whose end names the format, or `FORMAT:FILE`.

    Raises:
        UsageError: if no format fits; the message lists them.
    """
    prefix, colon, rest = text.partition(":")
    if colon and rest and prefix in exports():
        return OutputFile(prefix, Path(rest))
    fitting = [(suffix, one.name) for one in exports().values() for suffix in one.suffixes if text.endswith(suffix)]
    if not fitting:
        known = ", ".join(f"{one.name} ({' '.join(one.suffixes)})" for one in exports().values())
        raise UsageError(f"--output {text}: the name does not tell the format", hint=f"FORMAT:FILE, of {known}")
    return OutputFile(max(fitting, key=lambda one: len(one[0]))[1], Path(text))


def write_output(output: OutputFile, facts: LoadFacts) -> None:
    """Write a file whole or not at all; an older one of its name is replaced.

    Raises:
        SetupError: if the disk refuses.
    """
    try:
        write_whole(output.path, lambda stream: exports()[output.format].write(facts, stream))
    except pa.ArrowException as error:
        raise refused(output.path, error) from error

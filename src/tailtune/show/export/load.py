"""Files beside the result of a load: which formats there are, which one a file name asks for, writing them safely."""

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Protocol

import msgspec
import pyarrow as pa

from tailtune.errors import SetupError, UsageError
from tailtune.model.interval import Buckets, CumulativeBuckets, IntervalSummary
from tailtune.model.results import LoadResult
from tailtune.show.export import files


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


def check_writable(output: OutputFile) -> None:
    """Find out before the load whether the file can be written after it.

    Raises:
        SetupError: if it cannot.
    """
    try:
        if _is_special(output.path):
            return
        part = _part(output.path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise _refused(output.path, error) from error


def write_output(output: OutputFile, facts: LoadFacts) -> None:
    """Write a file whole or not at all; an older one of its name is replaced.

    Raises:
        SetupError: if the disk refuses.
    """
    target = output.path if _is_special(output.path) else _part(output.path)
    try:
        with target.open("wb") as stream:
            exports()[output.format].write(facts, stream)
            stream.flush()
            if target != output.path:
                os.fsync(stream.fileno())
        if target != output.path:
            target.replace(output.path)
    except (OSError, pa.ArrowException) as error:
        if target != output.path:
            target.unlink(missing_ok=True)
        raise _refused(output.path, error) from error


def _is_special(path: Path) -> bool:
    """Whether it is something like /dev/null, a pipe or a terminal, that cannot be replaced."""
    return path.exists() and not path.is_file()


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _refused(path: Path, error: BaseException) -> SetupError:
    reason = getattr(error, "strerror", None) or str(error)
    return SetupError(f"--output {path} cannot be written: {reason}", hint="does its folder exist, and is there room?")

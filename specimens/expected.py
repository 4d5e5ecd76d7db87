"""What a specimen promises: its folder and its expected.toml."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

CAUSES: Final = (
    *("hot-function", "recomputation", "quadratic", "allocation", "garbage-collection", "allocator", "lock"),
    *("hand-off", "oversubscription", "throttling", "run-queue", "blocking-call", "false-sharing", "page-faults"),
    *("cache-misses", "logging", "retries", "connection-setup", "sleep", "gomaxprocs", "memory-growth", "long-run"),
)
_NAMED: Final = 0.95
_NAMED_OF_TASKS: Final = 0.90
TWIN: Final = "healthy"
"""Name of the variant without the cause."""


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much the planted cause takes, where that is known."""

    tail: float
    """Of the wall time of requests above p99, in [0, 1]."""
    tolerance: float


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of expected.toml."""

    language: Literal["go", "rust"]
    cause: str
    """One of CAUSES."""
    planted: str
    """What is planted, and where, in one sentence."""
    finding: str
    """Regular expression, searched in the id of a finding."""
    cpu_signature: bool
    """Whether the cause needs CPU time at all."""
    seconds: int
    """Length of the measure window."""
    tasks: bool = False
    """Whether requests are tasks of an asynchronous runtime, of which less can be seen than of threads."""
    simulate_caches: bool = False
    """Whether the cause needs `--simulate-caches` to be told from others."""
    variant: str = "base"
    """The variant that has the cause."""
    share: Share | None = None

    @property
    def named_goal(self) -> float:
        """How much of the time of the slowest hundredth has to be in parts that are named, in [0, 1]."""
        return _NAMED_OF_TASKS if self.tasks else _NAMED


@dataclass(frozen=True)
class Specimen:
    """One service with one cause."""

    folder: Path
    expected: Expected

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def config(self) -> Path:
        """Its tailtune.toml."""
        return self.folder / "tailtune.toml"


def read(folder: Path) -> Specimen:
    """Read the expectation of one specimen.

    Raises:
        ValueError: naming the file and what is wrong in it.
    """
    path = folder / "expected.toml"
    try:
        expected = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Expected)
        re.compile(expected.finding)
    except (OSError, ValueError, msgspec.MsgspecError, re.error) as error:
        raise ValueError(f"{path}: {error}") from error
    if expected.cause not in CAUSES:
        raise ValueError(f"{path}: no cause is called {expected.cause}; known: {', '.join(CAUSES)}")
    if expected.share is not None and not 0 <= expected.share.tail <= 1:
        raise ValueError(f"{path}: share.tail is {expected.share.tail}, not in [0, 1]")
    return Specimen(folder, expected)


def every(folder: Path) -> list[Specimen]:
    """Read all specimens below a folder, by name.

    Raises:
        ValueError: naming the first wrong file.
    """
    return [read(path.parent) for path in sorted(folder.glob("*/expected.toml"))]

"""Knobs as they are told: where one acts, what it takes, and what of it was seen in a running service."""

from enum import StrEnum
from typing import Final

import msgspec

EACH_CPU: Final = "each"
"""The level of `pinning` that names no CPUs: threads take turns on those that the service has anyway."""
_MOST_CPUS: Final = 1 << 16


class KnobPlace(StrEnum):
    """Where a knob acts, and so how long its level lasts."""

    BUILD = "build"
    """Settings of the build: another binary."""
    LAUNCH = "launch"
    """Settings of the start: they end with the process."""
    MACHINE = "machine"
    """Something around the running process: undone when it ends."""
    LOAD = "load"
    """The workload, not the service."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A knob's level at one start of a variant."""

    variant: str
    knob: str
    level: str
    """As asked for."""
    seen: str | None = None
    """What the running process showed of it: `gogc=400` where it is in force as asked; absent: not readable."""


class KnobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One knob, and whether it can act on this project's service on this machine."""

    name: str
    place: KnobPlace
    help: str
    """What it changes."""
    levels: str
    """Accepted levels in words."""
    examples: list[str]
    takes: str
    """What it needs, and what is lost without; empty: nothing."""
    undo: str
    """How it is undone."""
    refused: dict[str, str] = {}
    """Level → why it cannot act here; empty where all levels tried can."""


class KnobList(msgspec.Struct, frozen=True, kw_only=True):
    """All knobs."""

    service: str
    """Whom they were tried for, in words."""
    knobs: list[KnobFacts]


def cpus_of(text: str) -> set[int]:
    """Read numbers and ranges with commas, `0,2-3`.

    Raises:
        ValueError: if it is no such list, or longer than any machine has CPUs.
    """
    found = set[int]()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(text)
        edges = range(int(first), int(last or first) + 1)
        if not edges or edges.stop > _MOST_CPUS:
            raise ValueError(text)
        found.update(edges)
    return found

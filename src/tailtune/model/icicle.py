"""What an icicle is drawn from: a tree of stacks in columns."""

from enum import StrEnum
from typing import Protocol

import msgspec


class FrameKind(StrEnum):
    """Whose code a function is."""

    OWN = "code"
    """The service's own, and what it depends on."""
    STANDARD = "standard library"
    RUNTIME = "runtime and servers"
    """What carries requests to the code that answers them, garbage collection included."""
    KERNEL = "kernel"
    UNKNOWN = "without a name"


class TreeColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A tree of calls; row 0 is the root, every other row comes after its parent."""

    parents: bytes
    """Little-endian i32 a row; the root's is not read."""
    names: list[str]
    own: bytes
    """Little-endian i64 a row: value of the samples that end here."""
    totals: bytes
    """Little-endian i64 a row: of those and all below."""
    before: bytes = b""
    """Of a diff: the part of `totals` that is base's, the rest being the candidate's; empty: not a diff."""
    changes: bytes = b""
    """Of a diff: one i8 a row: 1 certainly more in the candidate, -1 certainly less, 0 not certain."""


class IcicleSource(Protocol):
    """A profile as the icicle asks for it."""

    @property
    def values(self) -> list[tuple[str, str]]:
        """Sample types, (kind, unit)."""

    @property
    def first_value(self) -> int:
        """The sample type to begin with."""

    def tree(self, value: int, *, bottom_up: bool) -> TreeColumns:
        """Return the tree of one sample type: from callers to callees, or `bottom_up` from leaves to their callers."""

    def kind(self, function: str) -> FrameKind:
        """Return whose code a function is."""

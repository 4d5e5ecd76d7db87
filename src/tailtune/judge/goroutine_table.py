"""What each goroutine did when, from Go's execution trace, as arrays on the clock of the load engine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tailtune.errors import NativeError
from tailtune.judge.grouped_times import Integers
from tailtune.judge.names import owner, short
from tailtune.judge.stack_table import NO_NAME

MOST_INTERVALS: Final = 4_000_000
"""Kept of a trace, 64 bytes each."""
RUNNING, ASSISTING, RUNNABLE, WAITING, SYSCALL = range(5)
"""States, in the order of the trace's reader."""
NOBODY: Final = -1
"""In place of a thread or a goroutine that there is none of, or that is not known."""

_COLUMNS: Final = (
    ("goroutine", "<i8"),
    ("begin_ns", "<i8"),
    ("end_ns", "<i8"),
    ("state", "u1"),
    ("reason", "<i4"),
    ("tid", "<i4"),
    ("stack", "<i4"),
    ("waker", "<i8"),
)
_ANOTHER_CLOCK_NS: Final = 10_000
"""By less than this, clocks differ only because one is read after the other."""


class GoroutineStacks:
    """Stacks of goroutines by their number; one that there is not has no functions."""

    def __init__(self, ends: Sequence[int], functions: Sequence[int], names: Sequence[str]) -> None:
        """Take where each stack ends among `functions`, which are places in `names`, leaf first."""
        self._ends, self._functions, self._names = ends, functions, names
        self._owners: dict[int, str] = {}

    def functions(self, stack: int) -> list[str]:
        """Return the functions of a stack, leaf first."""
        if not 0 <= stack < len(self._ends):
            return []
        begin = self._ends[stack - 1] if stack else 0
        return [self._names[at] or NO_NAME for at in self._functions[begin : self._ends[stack]]]

    def owner(self, stack: int) -> str:
        """Return the short name of the innermost function that is the service's or a library's, else of the leaf."""
        if stack not in self._owners:
            functions = self.functions(stack)
            self._owners[stack] = short(owner(functions) or (functions[0] if functions else NO_NAME))
        return self._owners[stack]


@dataclass(frozen=True, eq=False)
class GoroutineTable:
    """Intervals in which a goroutine was in one state; rows in any order."""

    goroutine: Integers
    begin_ns: Integers
    """CLOCK_MONOTONIC, as all times here."""
    end_ns: Integers
    state: Integers
    reason: Integers
    """Index into `reasons`."""
    tid: Integers
    """Thread that it was on; NOBODY: none."""
    stack: Integers
    """Number of the stack at which it waits or left its thread."""
    waker: Integers
    """The goroutine that woke a runnable one; NOBODY: a timer, the network, or not known."""
    reasons: Sequence[str]
    stacks: GoroutineStacks
    warnings: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.goroutine)


def read_goroutines(path: Path, most: int = MOST_INTERVALS) -> GoroutineTable | str:
    """Read an execution trace; return why it cannot be read where it cannot.

    Of a trace that is cut or damaged, or has more than `most` intervals, what was read is returned. What its reader
    warns of is left to whoever reads the trace as a profile.
    """
    from tailtune._native import read_go_intervals

    try:
        columns, told = read_go_intervals(path, most)
    except NativeError as error:
        return f"Go's execution trace cannot be read: {error.message}"
    values = {
        name: np.frombuffer(column, dtype=kind).astype(np.int64)
        for column, (name, kind) in zip(columns, _COLUMNS, strict=True)
    }
    about: Mapping[str, Any] = json.loads(told)
    offset = about["monotonic_offset_ns"] or 0
    if abs(offset) >= _ANOTHER_CLOCK_NS:
        for name in ("begin_ns", "end_ns"):
            values[name] = values[name] + offset
    warnings = []
    if about["left_out"]:
        warnings.append(
            f"Go's execution trace has {about['left_out'] + most:,} intervals, of which the first {most:,} are used: "
            "the requests behind them are not divided by their goroutines"
        )
    stacks = GoroutineStacks(about["stack_ends"], about["stack_functions"], about["functions"])
    return GoroutineTable(**values, reasons=about["reasons"], stacks=stacks, warnings=warnings)

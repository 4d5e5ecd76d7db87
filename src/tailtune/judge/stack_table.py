"""The tables `stacks` and `frames`, looked up by the number of a stack."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from tailtune.judge.blocked_causes import Cause, Told, cause_of, told_by
from tailtune.judge.grouped_times import Integers
from tailtune.judge.names import owner, short

NO_NAME: Final = "[unknown]"


class StackFrame(NamedTuple):
    """One function of a stack."""

    function: str
    kernel: bool


class StackTable:
    """Stacks of a recording. A stack or a frame that the tables lack has no functions."""

    def __init__(self, stacks: pa.Table, frames: pa.Table) -> None:
        """Sort the rows, in whatever order they come."""
        number, depth, frame = (stacks[name].to_numpy().astype(np.int64) for name in ("stack", "depth", "frame"))
        order = np.lexsort((depth, number))
        self._numbers, self._begins = np.unique(number[order], return_index=True)
        self._frames: Integers = frame[order]
        names, kernel = frames["function"].to_pylist(), frames["kernel"].to_pylist()
        of_frame = {key: at for at, key in enumerate(frames["frame"].to_pylist())}
        self._of_frame = of_frame
        self._known = [StackFrame(name or NO_NAME, inside) for name, inside in zip(names, kernel, strict=True)]
        self._owners: dict[int, str] = {}

    def frames(self, stack: int) -> list[StackFrame]:
        """Return the frames of a stack, leaf first."""
        return [self._frame(frame) for frame in self._rows(stack)]

    def functions(self, stack: int) -> list[str]:
        """Return the functions of a stack, leaf first."""
        return [frame.function for frame in self.frames(stack)]

    def owner(self, stack: int) -> str:
        """Return the short name of the innermost function that is the service's or a library's, else of the leaf."""
        if stack not in self._owners:
            functions = self.functions(stack)
            found = owner(functions) or (functions[0] if functions else NO_NAME)
            self._owners[stack] = short(found)
        return self._owners[stack]

    def causes(self, stacks: Integers) -> Integers:
        """Return for each number of a stack the index in `blocked_causes.CAUSES` of why a thread left its CPU there."""
        numbers, place = np.unique(stacks, return_inverse=True)
        found = [self._cause(int(number)) for number in numbers]
        return np.array(found, dtype=np.int64)[place.ravel()] if found else np.empty(0, dtype=np.int64)

    def _cause(self, stack: int) -> int:
        return list(Cause).index(cause_of([self._told_of(int(frame)) for frame in self._rows(stack)]))

    def _told_of(self, frame: int) -> Told:
        return self._told[self._of_frame[frame]] if frame in self._of_frame else told_by(NO_NAME, kernel=False)

    @cached_property
    def _told(self) -> Sequence[Told]:
        """What each frame says of a wait, found once a frame: stacks share them."""
        return [told_by(frame.function, kernel=frame.kernel) for frame in self._known]

    def _rows(self, stack: int) -> list[int]:
        at = int(np.searchsorted(self._numbers, stack))
        if at == len(self._numbers) or self._numbers[at] != stack:
            return []
        begin = int(self._begins[at])
        end = int(self._begins[at + 1]) if at + 1 < len(self._begins) else len(self._frames)
        rows: list[int] = self._frames[begin:end].tolist()
        return rows

    def _frame(self, frame: int) -> StackFrame:
        at = self._of_frame.get(frame)
        return self._known[at] if at is not None else StackFrame(NO_NAME, kernel=False)

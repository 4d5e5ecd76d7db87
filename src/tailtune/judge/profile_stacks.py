"""One value of a native profile as arrays, so that tables, trees and listings are sums over the same numbers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tailtune.judge.profile_groups import NAME_OF, FrameRow, Sums, group_frames, kind_index, weights_of
from tailtune.model.profile_diff import Grouping

if TYPE_CHECKING:
    from tailtune._native import Profile

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Group(NamedTuple):
    """Sums of one group: values, and the samples behind them."""

    name: str
    own: float
    cumulative: float
    own_samples: float
    cumulative_samples: float


class Line(NamedTuple):
    """Sums of one line."""

    file: str
    line: int
    own: float
    cumulative: float


@dataclass(frozen=True)
class Grouped:
    """One profile summed by groups."""

    names: list[str]
    own: Sums
    cumulative: Sums
    total: Sums
    """Of one element."""


@dataclass(frozen=True)
class Stacks:
    """Stacks with the weights of one sample type. All arrays over stacks have the same length."""

    kind: str
    unit: str
    frames: list[FrameRow]
    flat: Integers
    """Frames of all stacks, leaf first, one stack after the other."""
    stack_of: Integers
    """The stack of each element of `flat`."""
    starts: Integers
    """Where each stack begins in `flat`."""
    weights: Sums

    @classmethod
    def of(cls, profile: "Profile", kind: str) -> Self:
        """Take one sample type of a profile.

        Raises:
            UsageError: if it has no such values.
        """
        lengths, flat = (np.frombuffer(column, dtype="<u4").astype(np.int64) for column in profile.stack_columns())
        return cls(
            kind=kind,
            unit=profile.sample_types[kind_index(profile, kind)][1],
            frames=profile.frames(),
            flat=flat,
            stack_of=np.repeat(np.arange(len(lengths)), lengths),
            starts=np.cumsum(lengths) - lengths,
            weights=weights_of(profile, kind),
        )

    @property
    def total(self) -> float:
        """Value of all stacks."""
        return float(self.weights.value.sum())

    @property
    def samples(self) -> float:
        """Samples of all stacks, estimated where the source has scaled them up."""
        return float(self.weights.samples.sum())

    @property
    def effective_samples(self) -> float:
        """How many samples of equal weight would be as certain (Kish): at most `samples`."""
        squares = float(self.weights.squares.sum())
        return self.total**2 / squares if squares else 0.0

    def frame_ids(self, stack: int) -> list[int]:
        """Return the frames of one stack, leaf first."""
        end = self.starts[stack + 1] if stack + 1 < len(self.starts) else len(self.flat)
        found: list[int] = self.flat[self.starts[stack] : end].tolist()
        return found

    def only(self, kept: npt.NDArray[np.bool_]) -> Self:
        """Return the same stacks, those that are not kept without weight."""
        return replace(self, weights=Sums(*(np.where(kept, column, 0.0) for column in self._weights)))

    def grouped(self, by: Grouping) -> Grouped:
        """Sum by function, line, file, module or package; also groups without value are named."""
        of_frame, names = group_frames(self.frames, by)
        own, cumulative = self._sums(of_frame, len(names))
        return Grouped(names, own, cumulative, Sums(*(np.array([column.sum()]) for column in self._weights)))

    def groups(self, by: Grouping) -> list[Group]:
        """Return the groups that have a value; largest own value first."""
        found = self.grouped(by)
        columns = (found.own.value, found.cumulative.value, found.own.samples, found.cumulative.samples)
        rows = (Group(*row) for row in zip(found.names, *(column.tolist() for column in columns), strict=True))
        return sorted((row for row in rows if row.cumulative), key=lambda row: (-row.own, -row.cumulative, row.name))

    def hottest(self, by: Grouping) -> dict[str, FrameRow]:
        """Return for each group the frame with most of its value: where it ends, else where it is passed through."""
        ends = np.bincount(self.flat[self._leaves], self.weights.value[self.stack_of[self._leaves]], len(self.frames))
        passes = np.bincount(self.flat, self.weights.value[self.stack_of], len(self.frames))
        order = np.lexsort((passes, ends))
        return {NAME_OF[by](self.frames[at]): self.frames[at] for at in order}

    def lines(self, function: str) -> list[Line]:
        """Return the lines of a function that have a value; the function is named as in a table."""
        function_of = NAME_OF[Grouping.FUNCTION]
        places: dict[tuple[str, int] | None, int] = {None: 0}
        of_frame = np.array(
            [
                places.setdefault((frame[1], frame[3]) if function_of(frame) == function else None, len(places))
                for frame in self.frames
            ],
            dtype=np.int64,
        )
        own, cumulative = self._sums(of_frame, len(places))
        found = zip(places, own.value.tolist(), cumulative.value.tolist(), strict=True)
        return [Line(*place, here, below) for place, here, below in found if place and below]

    @property
    def _leaves(self) -> Integers:
        ends = np.append(self.starts[1:], len(self.flat))
        return self.starts[ends > self.starts]

    @property
    def _weights(self) -> tuple[Floats, Floats, Floats]:
        return self.weights.value, self.weights.squares, self.weights.samples

    def _sums(self, of_frame: Integers, size: int) -> tuple[Sums, Sums]:
        """Sum what ends in each group of frames, and what passes through it: a stack once, however often it does."""
        leaves, width = self._leaves, max(size, 1)
        once = _distinct(self.stack_of * width + of_frame[self.flat])
        ends = self._summed(of_frame[self.flat[leaves]], self.stack_of[leaves], size)
        return ends, self._summed(once % width, once // width, size)

    def _summed(self, groups: Integers, stacks: Integers, size: int) -> Sums:
        return Sums(*(np.bincount(groups, column[stacks], size).astype(np.float64) for column in self._weights))


def _distinct(keys: Integers) -> Integers:
    """Return each key once, in order; sorting them all is much quicker than `np.unique`, which hashes millions."""
    ordered = np.sort(keys)
    return ordered[np.diff(ordered, prepend=-1) > 0]

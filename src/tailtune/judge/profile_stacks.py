"""One value of a native profile as arrays, so that tables, trees and listings are sums over the same numbers."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tailtune.judge.profile_groups import NAME_OF, FrameRow, Sums, group_frames, kind_index, weights_of
from tailtune.model.profile_diff import Grouping

if TYPE_CHECKING:
    from tailtune._native import Profile

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint32]
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
    flat: Rows
    """Frames of all stacks, leaf first, one stack after the other."""
    lengths: Rows
    """Number of frames of each stack."""
    weights: Sums

    @classmethod
    def of(cls, profile: "Profile", kind: str) -> Self:
        """Take one sample type of a profile.

        Raises:
            UsageError: if it has no such values.
        """
        lengths, flat = (np.frombuffer(column, dtype="<u4") for column in profile.stack_columns())
        return cls(
            kind=kind,
            unit=profile.sample_types[kind_index(profile, kind)][1],
            frames=profile.frames(),
            flat=flat,
            lengths=lengths,
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

    @cached_property
    def starts(self) -> Integers:
        """Where each stack begins in `flat`."""
        return np.cumsum(self.lengths, dtype=np.int64) - self.lengths

    @property
    def stack_of(self) -> Integers:
        """The stack of each element of `flat`."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def frame_ids(self, stack: int) -> list[int]:
        """Return the frames of one stack, leaf first."""
        start = self.starts[stack]
        found: list[int] = self.flat[start : start + self.lengths[stack]].tolist()
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
        own, cumulative = self._sums(np.arange(len(self.frames)), len(self.frames))
        order = np.lexsort((cumulative.value, own.value))
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
    def _weights(self) -> tuple[Floats, Floats, Floats]:
        return self.weights.value, self.weights.squares, self.weights.samples

    def _sums(self, of_frame: Integers, size: int) -> tuple[Sums, Sums]:
        """Sum what ends in each group of frames, and what passes through it: a stack once, however often it does."""
        from tailtune._native import group_sums

        lengths, groups = self.lengths.tobytes(), of_frame.astype("<u4")[self.flat].tobytes()
        sums = [group_sums(lengths, groups, column.tobytes(), size) for column in self._weights]
        own, cumulative = (Sums(*(np.frombuffer(column, "<f8") for column in side)) for side in zip(*sums, strict=True))
        return own, cumulative

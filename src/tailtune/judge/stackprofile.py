"""Stacks with counts, from whatever profile: the view that diagnosis rules work on."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tailtune.model.estimate import Estimate

Stacks = frozenset[int]
"""Indices of stacks of one profile."""

FEWEST_SAMPLES: Final = 20
"""Fewer say nothing: 20 of anything is known to about ±45 %."""
_CONFIDENCE = 0.95


class Frame(NamedTuple):
    """One function on a stack, inlined calls expanded."""

    function: str
    file: str = ""
    module: str = ""
    line: int = 0
    inlined: bool = False
    kernel: bool = False


@dataclass(frozen=True, eq=False)
class StackProfile:
    """Distinct stacks, each with the number of its samples and their value."""

    source: str
    """File of the recording, for evidence."""
    frames: list[Frame]
    stacks: list[tuple[int, ...]]
    """Indices of frames, leaf first."""
    counts: npt.NDArray[np.int64]
    """Samples, or sampled events, of each stack."""
    values: npt.NDArray[np.float64]
    """What they stand for: ns or bytes."""

    @classmethod
    def from_pprof(cls, data: bytes, source: str, value: str) -> Self:
        """Read a pprof profile; `value` is the sample type to weigh stacks by, for example `cpu`.

        Raises:
            NativeError: if the profile is damaged.
            ValueError: if it has no such sample type.
        """
        from tailtune._native import Profile

        profile = Profile.from_pprof(data)
        names = [name for name, _ in profile.sample_types]
        if value not in names:
            raise ValueError(f"{source} has no values of type {value!r}, only {', '.join(names)}")
        values = np.array(profile.values(names.index(value)), dtype=np.float64)
        counts = np.array(profile.values(_count_type(profile.sample_types)), dtype=np.int64)
        stacks = [tuple(stack) for stack in profile.stacks()]
        return cls(source, [Frame(*frame) for frame in profile.frames()], stacks, counts, values)

    @classmethod
    def from_collapsed(cls, lines: Iterable[str], source: str = "collapsed") -> Self:
        """Read collapsed text, root first: `a;b;c 12`; kernel functions end in `_[k]`."""
        frames: dict[Frame, int] = {}
        stacks, counts = [], []
        for line in lines:
            text, _, count = line.rpartition(" ")
            names = reversed(text.split(";"))
            found = [Frame(name.removesuffix("_[k]"), kernel=name.endswith("_[k]")) for name in names]
            stacks.append(tuple(frames.setdefault(frame, len(frames)) for frame in found))
            counts.append(int(count))
        return cls(source, list(frames), stacks, np.array(counts, dtype=np.int64), np.array(counts, dtype=np.float64))

    @property
    def samples(self) -> int:
        """All samples."""
        return int(self.counts.sum())

    @property
    def everything(self) -> Stacks:
        """All stacks."""
        return frozenset(range(len(self.stacks)))

    @cached_property
    def by_function(self) -> Mapping[str, Stacks]:
        """Function → the stacks it is on."""
        found: dict[str, set[int]] = {}
        for index, stack in enumerate(self.stacks):
            for frame in stack:
                found.setdefault(self.frames[frame].function, set()).add(index)
        return {function: frozenset(stacks) for function, stacks in found.items()}

    def containing(self, pattern: re.Pattern[str]) -> Stacks:
        """Return the stacks on which some function's name matches the pattern from its beginning."""
        found = (stacks for function, stacks in self.by_function.items() if pattern.match(function))
        return frozenset().union(*found)

    def leaves(self, matches: Callable[[Frame], bool]) -> Stacks:
        """Return the stacks whose leaf matches."""
        return frozenset(index for index, stack in enumerate(self.stacks) if stack and matches(self.frames[stack[0]]))

    def count(self, stacks: Stacks) -> int:
        """Return the samples of some stacks."""
        return int(self.counts[list(stacks)].sum()) if stacks else 0

    def value(self, stacks: Stacks) -> float:
        """Return the value of some stacks, ns or bytes."""
        return float(self.values[list(stacks)].sum()) if stacks else 0.0

    def share(self, stacks: Stacks) -> Estimate:
        """Return the share of samples on some stacks, with Wilson's interval: samples fall independently."""
        return share_of_counts(self.count(stacks), self.samples)

    def names(self, stack: int) -> list[str]:
        """Return the functions of a stack, leaf first."""
        return [self.frames[frame].function for frame in self.stacks[stack]]

    def owners(self, stacks: Stacks, owner: Callable[[list[str]], str | None]) -> list[tuple[str, float]]:
        """Attribute each of some stacks to a function; return functions with their share of the value, largest first.

        Args:
            stacks: the stacks to attribute.
            owner: given the functions of a stack, leaf first, returns the one to attribute it to, or None.
        """
        total = self.value(stacks)
        found: dict[str, float] = {}
        for stack in stacks:
            name = owner(self.names(stack))
            if name is not None:
                found[name] = found.get(name, 0.0) + float(self.values[stack])
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [(name, value / total) for name, value in ranked] if total > 0 else []

    def owned_by(self, name: str, owner: Callable[[list[str]], str | None]) -> Stacks:
        """Return the stacks that `owner` attributes to a function."""
        return frozenset(stack for stack in self.everything if owner(self.names(stack)) == name)


def share_of_counts(count: int, total: int) -> Estimate:
    """Return `count` of `total` as a share with Wilson's interval; no bounds for a total of 0."""
    from scipy import stats

    if total <= 0:
        return Estimate(point=0.0, low=None, high=None, confidence=_CONFIDENCE, n=0)
    interval = stats.binomtest(count, total).proportion_ci(_CONFIDENCE, method="wilson")
    return Estimate(
        point=count / total, low=float(interval.low), high=float(interval.high), confidence=_CONFIDENCE, n=total
    )


def relative_interval(point: float, events: float) -> Estimate:
    """Return a share made of `events` sampled events with the interval of their Poisson number, at most 1.

    For what was not sampled, the seconds of the window stand in for events: requests are not independent.
    """
    from scipy import stats

    n = max(1, math.floor(events))  # a damaged count may be too large for twice of it to be an integer of 64 bits
    low = float(stats.chi2.ppf((1 - _CONFIDENCE) / 2, 2.0 * n)) / 2 / n
    high = float(stats.chi2.ppf((1 + _CONFIDENCE) / 2, 2.0 * (n + 1))) / 2 / n
    return Estimate(point=point, low=point * low, high=min(1.0, point * high), confidence=_CONFIDENCE, n=n)


def _count_type(types: list[tuple[str, str]]) -> int:
    return next((index for index, (_, unit) in enumerate(types) if unit == "count"), 0)

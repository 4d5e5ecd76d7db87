"""From arrays of tests to what may be said of each function."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tailtune.judge.poisson_rates import Bounds
from tailtune.judge.profile_sides import Part, Side, columns
from tailtune.judge.profile_tests import Family, Tested, family, tested
from tailtune.model.estimate import Estimate
from tailtune.model.profile_diff import Basis, Change, FunctionChange, ValueChange

Floats = npt.NDArray[np.float64]

_UNLISTED_BELOW: Final = 0.001


@dataclass(frozen=True)
class Asked:
    """What a diff is asked for."""

    margin: float = 0.1
    """Relative change that matters."""
    relevant_share: float = 0.05
    """Share of a side's total from which a function must be decided."""
    confidence: float = 0.95
    paired: bool = False
    """Whether the n-th profiles of both sides were taken under the same conditions."""


@dataclass(frozen=True)
class JudgedPart:
    """Own values, cumulative ones or the total, of all names."""

    tests: Tested
    able: npt.NDArray[np.bool_]
    """Whether the samples could have decided anything."""
    adjusted: Floats
    """p with the whole family considered."""
    times_for_margin: Floats
    """How many times as long one must sample to find a change by the margin."""
    times_for_change: Floats
    """The same for the change seen."""
    asked: Asked

    @classmethod
    def of(cls, tests: Tested, able: npt.NDArray[np.bool_], adjusted: Floats, size: int, asked: Asked) -> Self:
        """Add to tests what they would need."""
        alpha = (1 - asked.confidence) / max(size, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = tests.candidate.rate / tests.base.rate
        for_margin, for_change = (tests.times_longer(ratio, alpha) for ratio in (1 + asked.margin, seen))
        return cls(tests, able, adjusted, for_margin, for_change, asked)

    def change(self, at: int) -> Change:
        """Return what may be said of one name."""
        low, high = self.tests.ratio.low[at], self.tests.ratio.high[at]
        if self.able[at] and self.adjusted[at] <= 1 - self.asked.confidence:
            return Change.HIGHER if self.tests.candidate.rate[at] > self.tests.base.rate[at] else Change.LOWER
        within = 1 - self.asked.margin <= low and high <= 1 + self.asked.margin
        return Change.SAME if within else Change.UNDECIDED

    def value(self, at: int, seconds: float) -> ValueChange:
        """Return one name's value as the model has it; `seconds` of profiling on each side, 0 where not known."""
        change, tests = self.change(at), self.tests
        return ValueChange(
            base=float(tests.base.rate[at]),
            candidate=float(tests.candidate.rate[at]),
            base_samples=float(tests.base_samples[at]),
            candidate_samples=float(tests.candidate_samples[at]),
            difference=self._estimate(tests.candidate.rate - tests.base.rate, tests.difference, at),
            ratio=self._ratio(at),
            p=float(tests.p[at]),
            p_adjusted=float(self.adjusted[at]) if self.able[at] else None,
            change=change,
            seconds_for_margin=more_seconds(float(self.times_for_margin[at]), seconds),
            seconds_for_change=None
            if change.is_significant
            else more_seconds(float(self.times_for_change[at]), seconds),
        )

    def _ratio(self, at: int) -> Estimate | None:
        if self.tests.base.value[at] <= 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._estimate(self.tests.candidate.rate / self.tests.base.rate, self.tests.ratio, at)

    def _estimate(self, points: Floats, bounds: Bounds, at: int) -> Estimate:
        low, high = float(bounds.low[at]), float(bounds.high[at])
        return Estimate(
            point=float(points[at]),
            low=low if math.isfinite(low) else None,
            high=high if math.isfinite(high) else None,
            confidence=self.asked.confidence,
            n=self.tests.units(at),
        )

    def is_relevant(self, total: Self) -> npt.NDArray[np.bool_]:
        """Return which names have the relevant share of either side's total."""
        share = self.asked.relevant_share
        return np.asarray(
            (self.tests.base.value >= share * total.tests.base.value[0])
            | (self.tests.candidate.value >= share * total.tests.candidate.value[0])
        )


@dataclass(frozen=True)
class Judged:
    """A diff in arrays over names."""

    names: list[str]
    asked: Asked
    own: JudgedPart
    cumulative: JudgedPart
    total: JudgedPart
    family: Family
    seconds: float
    """Time profiled on the side that has more of it; 0 where not known."""
    repeated: bool

    @classmethod
    def of(cls, base: Side, candidate: Side, basis: Basis, asked: Asked) -> Self:
        """Test all functions of two sides."""
        names = sorted({name for side in (base, candidate) for table in side.groups for name in table.names})

        def tests(part: Part) -> Tested:
            before, after = columns(base, names, part, basis), columns(candidate, names, part, basis)
            return tested(before, after, asked.confidence, paired=asked.paired)

        own, cumulative, total = tests("own"), tests("cumulative"), tests("total")
        all_tests = family(own, cumulative, 1 - asked.confidence)
        size = len(names)
        return cls(
            names=names,
            asked=asked,
            own=JudgedPart.of(own, all_tests.able[:size], all_tests.adjusted[:size], all_tests.size, asked),
            cumulative=JudgedPart.of(
                cumulative, all_tests.able[size:], all_tests.adjusted[size:], all_tests.size, asked
            ),
            total=JudgedPart.of(total, np.array([True]), total.p, 1, asked),
            family=all_tests,
            seconds=float(max(base.seconds.sum(), candidate.seconds.sum())),
            repeated=total.profiles > 0,
        )

    @property
    def weighs_the_same(self) -> bool:
        """Whether all samples have one weight."""
        tests = self.total.tests
        sides = ((tests.base, tests.base_samples), (tests.candidate, tests.candidate_samples))
        counted = all(bool(np.allclose(side.count, samples, rtol=1e-3)) for side, samples in sides)
        return counted and bool(np.allclose(tests.base.weight, tests.candidate.weight, rtol=1e-3))

    def functions(self, moves: Mapping[str, str]) -> Iterator[FunctionChange]:
        """Return all functions that are worth listing, given new → old names of those that moved."""
        relevant = self.own.is_relevant(self.total)
        for at in np.flatnonzero(self._listed()):
            name = self.names[at]
            yield FunctionChange(
                name=name,
                moved_from=moves.get(name, ""),
                is_relevant=bool(relevant[at]),
                own=self.own.value(int(at), self.seconds),
                cumulative=self.cumulative.value(int(at), self.seconds),
            )

    def _listed(self) -> npt.NDArray[np.bool_]:
        """Leave out what is too rare to decide anything and a thousandth of neither total."""
        whole, tests = self.total.tests, self.cumulative.tests
        shown = self.own.able | self.cumulative.able
        for side, of in ((tests.base, whole.base), (tests.candidate, whole.candidate)):
            shown = shown | ((side.value > 0) & (side.value >= _UNLISTED_BELOW * of.value[0]))
        return np.asarray(shown)

    def times_missing(self) -> float:
        """Return how many times as long one must sample to decide a change by the margin wherever it is relevant."""
        times = [1.0]
        for part in (self.own, self.cumulative):
            undecided = [
                at for at in np.flatnonzero(part.is_relevant(self.total)) if part.change(int(at)) is Change.UNDECIDED
            ]
            times += [float(part.times_for_margin[at]) for at in undecided if math.isfinite(part.times_for_margin[at])]
        return max(times)


def more_seconds(times: float, seconds: float) -> float | None:
    """Return what is missing when `times` as long as `seconds` is needed; nothing where one of them is not known."""
    return max(0.0, times - 1) * seconds if seconds > 0 and math.isfinite(times) else None

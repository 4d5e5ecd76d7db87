"""What the samples say of each function's change: intervals, p, and how much longer one would have to sample."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailtune.judge import poisson_rates, repeated_rates
from tailtune.judge.families import holm, testable
from tailtune.judge.poisson_rates import Bounds, Events, events_of
from tailtune.judge.profile_sides import Columns
from tailtune.judge.repeated_rates import FEWEST, Repeats

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tested:
    """Arrays over names."""

    base: Events
    candidate: Events
    base_samples: Floats
    candidate_samples: Floats
    ratio: Bounds
    difference: Bounds
    p: Floats
    smallest_p: Floats
    excess: Floats
    """Variance between profiles over that of counting, at least 1; 1 without repeated profiles."""
    profiles: int = 0
    """Of both sides together, where their spread is in the intervals; 0: it is not."""

    def units(self, at: int) -> int:
        """Return how many independent units stand behind one name: profiles, else samples."""
        return self.profiles or round(self.base_samples[at] + self.candidate_samples[at])

    def times_longer(self, ratio: Floats | float, alpha: float) -> Floats:
        """Return how many times as long one must sample to find a change by `ratio`."""
        return poisson_rates.times_longer(self.base, self.candidate, ratio, alpha) * self.excess


def has_repeats(base: Columns, candidate: Columns) -> bool:
    """Whether there are profiles enough on both sides to see how they differ among themselves."""
    return min(len(base.value), len(candidate.value)) >= FEWEST


def tested(base: Columns, candidate: Columns, confidence: float, *, paired: bool) -> Tested:
    """Compare two sides, function by function.

    With repeated profiles, intervals are the wider of two, and p the larger: profiles of few samples may be more alike
    than counting permits, by luck.
    """
    sides = events_of(_pooled(base), _pooled(candidate))
    found = Tested(
        *sides,
        base.samples.sum(axis=0),
        candidate.samples.sum(axis=0),
        poisson_rates.ratio_bounds(*sides, confidence),
        poisson_rates.difference_bounds(*sides, confidence),
        poisson_rates.p_values(*sides),
        poisson_rates.smallest_p(*sides),
        np.ones(base.value.shape[1]),
    )
    return _with_repeats(found, base, candidate, confidence, paired) if has_repeats(base, candidate) else found


def _pooled(one: Columns) -> tuple[Floats, Floats, float]:
    return one.value.sum(axis=0), one.squares.sum(axis=0), float(one.exposures.sum())


def _with_repeats(found: Tested, base: Columns, candidate: Columns, confidence: float, paired: bool) -> Tested:
    sides = Repeats(base.value, base.exposures), Repeats(candidate.value, candidate.exposures)
    between = repeated_rates.ratio_bounds(*sides, confidence, paired=paired)
    usable = np.isfinite(between.low)
    ratio = Bounds(
        np.where(usable, between.low, found.ratio.low),
        np.where(usable, between.high, found.ratio.high),
    )
    difference = repeated_rates.difference_bounds(*sides, confidence, paired=paired)
    with np.errstate(divide="ignore"):
        counting = 1 / found.base.count + 1 / found.candidate.count
    error = repeated_rates.log_spread(*sides, paired=paired).error
    return Tested(
        found.base,
        found.candidate,
        found.base_samples,
        found.candidate_samples,
        found.ratio.wider(ratio),
        found.difference.wider(difference),
        np.maximum(found.p, repeated_rates.p_values(*sides, paired=paired)),
        found.smallest_p,
        np.maximum(1.0, np.nan_to_num(error**2 / counting, nan=1.0)),
        len(base.value) + len(candidate.value),
    )


@dataclass(frozen=True)
class Family:
    """All tests of a diff together."""

    able: Flags
    """Whether the samples could have decided anything: own values of all names, then cumulative ones."""
    adjusted: Floats
    """p with all of them considered; 1 where not able."""
    size: int


def family(own: Tested, cumulative: Tested, alpha: float) -> Family:
    """Adjust p over the own and cumulative values of all functions.

    Holm's method, because each row of the table is read as a statement of its own: the chance that any of them is wrong
    is bounded, not the share of wrong ones, and callers depend on callees in any way. Where a function calls nothing,
    both values are one and the same test.
    """
    p, smallest = (np.concatenate([getattr(own, name), getattr(cumulative, name)]) for name in ("p", "smallest_p"))
    same = (own.base.value == cumulative.base.value) & (own.candidate.value == cumulative.candidate.value)
    distinct = np.concatenate([np.ones(len(same), dtype=bool), ~same])
    able = np.zeros(len(p), dtype=bool)
    able[distinct] = testable(smallest[distinct], alpha)
    adjusted = np.ones(len(p))
    adjusted[able] = holm(p[able])
    size = int(able.sum())
    names = len(same)
    for column in (able, adjusted):
        column[names:][same] = column[:names][same]
    return Family(able, adjusted, size)

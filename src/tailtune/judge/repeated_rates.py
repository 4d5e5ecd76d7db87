"""Two rates from several profiles on each side: what differs from one profile to the next is in the interval.

A rate is the sum of values over the sum of exposures, and its error that of a ratio estimator (Cochran 1977, Sampling
Techniques, section 6.4): the deviations `value - rate * exposure` of the profiles. Sides are compared by Welch's t, or
by the t of their paired deviations; ratios by the delta method on the logarithm.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tailtune.judge.poisson_rates import Bounds

Floats = npt.NDArray[np.float64]

FEWEST: Final = 3
"""Profiles on each side from which the spread between them is used."""


@dataclass(frozen=True)
class Repeats:
    """Values of each profile (rows) and function (columns), and the exposure of each profile."""

    values: Floats
    exposures: Floats

    @property
    def rate(self) -> Floats:
        """Value for each unit of exposure, over all profiles."""
        return np.asarray(self.values.sum(axis=0) / self.exposures.sum())

    @property
    def deviations(self) -> Floats:
        """How far each profile is from the rate of all, in the rate's unit."""
        return np.asarray((self.values - self.exposures[:, None] * self.rate) / self.exposures.mean())

    def relative(self) -> Self:
        """Return deviations from a rate of 1: what the logarithm of the rate deviates by."""
        rate = np.where(self.rate > 0, self.rate, np.nan)
        return type(self)(self.values / rate, self.exposures)


@dataclass(frozen=True)
class Spread:
    """Standard error of a difference, for each function, with its degrees of freedom."""

    error: Floats
    freedom: Floats

    def half_width(self, confidence: float) -> Floats:
        """Return half of the interval's width."""
        from scipy import special

        return np.asarray(self.error * special.stdtrit(self.freedom, (1 + confidence) / 2))


def spread(base: Repeats, candidate: Repeats, *, paired: bool) -> Spread:
    """Return the standard error of candidate's rate minus base's.

    Raises:
        ValueError: if pairs are asked for and the sides differ in number.
    """
    if paired:
        if len(base.values) != len(candidate.values):
            raise ValueError("pairs need as many profiles on one side as on the other")
        together = candidate.deviations - base.deviations
        size = len(together)
        error = together.std(axis=0, ddof=1) / np.sqrt(size)
        return Spread(error, np.full_like(error, size - 1))
    parts = [side.deviations.var(axis=0, ddof=1) / len(side.values) for side in (base, candidate)]
    whole = parts[0] + parts[1]
    squares = parts[0] ** 2 / (len(base.values) - 1) + parts[1] ** 2 / (len(candidate.values) - 1)
    fewest = min(len(base.values), len(candidate.values)) - 1.0
    freedom = np.divide(whole**2, squares, out=np.full_like(whole, fewest), where=squares > 0)
    return Spread(np.sqrt(whole), freedom)


def difference_bounds(base: Repeats, candidate: Repeats, confidence: float, *, paired: bool) -> Bounds:
    """Return the interval of candidate's rate minus base's."""
    half = spread(base, candidate, paired=paired).half_width(confidence)
    change = candidate.rate - base.rate
    return Bounds(change - half, change + half)


def log_spread(base: Repeats, candidate: Repeats, *, paired: bool) -> Spread:
    """Return the standard error of the logarithm of candidate's rate over base's; NaN where a side has nothing."""
    return spread(base.relative(), candidate.relative(), paired=paired)


def ratio_bounds(base: Repeats, candidate: Repeats, confidence: float, *, paired: bool) -> Bounds:
    """Return the interval of candidate's rate over base's; NaN where a side has nothing."""
    half = log_spread(base, candidate, paired=paired).half_width(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = candidate.rate / base.rate
    return Bounds(ratio * np.exp(-half), ratio * np.exp(half))


def p_values(base: Repeats, candidate: Repeats, *, paired: bool) -> Floats:
    """Return the two-sided p of equal rates: of the logarithms, or of the difference where a side has nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log(candidate.rate / base.rate)
    by_ratio = _two_sided(logarithm, log_spread(base, candidate, paired=paired))
    by_difference = _two_sided(candidate.rate - base.rate, spread(base, candidate, paired=paired))
    return np.where(np.isfinite(by_ratio), by_ratio, by_difference)


def _two_sided(size: Floats, of: Spread) -> Floats:
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(size) / of.error
    return np.where(size == 0, 1.0, 2 * special.stdtr(of.freedom, -t))

"""Two rates of sampled events: is one higher, by how much, and how much more would have to be sampled to tell?

Samples of one weight are counts, and the intervals are exact: given their sum, one of two Poisson counts is
binomial (Przyborowski and Wilenski 1940), whose interval is that of Clopper and Pearson (1934). Samples of different
weights (bytes of an allocation, time off the CPU) make a compound Poisson value. Its variance is estimated by the sum
of the squared weights, and it is treated as a count of `value² / squares` events of the mean weight
`squares / value`, as Fay and Feuer (1997, Statistics in Medicine 16, 791-801) and Fay (1999, Communications in
Statistics 28, 2141-2160) do with weighted rates. For one weight both are the same. Simulated, 95 % intervals of
lognormal weights (sigma 1) cover 94 % from 20 samples on; of wilder ones (sigma 2) 92 % at 100 and 94 % at 1,000.

All functions take arrays over functions of a program.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POWER: Final = 0.8
"""Probability with which a change is to be found, where it is said how much sampling that takes."""


@dataclass(frozen=True)
class Events:
    """What was sampled on one side, for each function, while `exposure` seconds passed or requests were served."""

    value: Floats
    """Sum of the samples' weights, ns or bytes."""
    weight: Floats
    """Mean weight of an event; of one that was not seen, that on the other side."""
    count: Floats
    """Events of that weight; the number of samples where all weigh the same."""
    exposure: float

    @property
    def rate(self) -> Floats:
        """Value for each unit of exposure."""
        return self.value / self.exposure


@dataclass(frozen=True)
class Bounds:
    """Lower and upper ends of intervals; `inf` where there is no upper one."""

    low: Floats
    high: Floats

    def wider(self, other: Self) -> Self:
        """Return what contains both."""
        return type(self)(np.minimum(self.low, other.low), np.maximum(self.high, other.high))


def events_of(base: tuple[Floats, Floats, float], candidate: tuple[Floats, Floats, float]) -> tuple[Events, Events]:
    """Return the events of two sides, each given as values, sums of squared weights and exposure."""
    weights = [
        np.divide(squares, value, out=np.zeros_like(value), where=value > 0) for value, squares, _ in (base, candidate)
    ]
    known = [np.where(own > 0, own, other) for own, other in (weights, weights[::-1])]
    return (
        _events(base[0], known[0], base[2]),
        _events(candidate[0], known[1], candidate[2]),
    )


def _events(value: Floats, weight: Floats, exposure: float) -> Events:
    safe = np.where(weight > 0, weight, 1.0)
    return Events(value, safe, value / safe, exposure)


def ratio_bounds(base: Events, candidate: Events, confidence: float) -> Bounds:
    """Return the interval of candidate's rate over base's: of a binomial share, turned into odds."""
    from scipy import special

    tail = (1 - confidence) / 2
    low = special.betaincinv(np.maximum(candidate.count, 1e-300), base.count + 1, tail)
    high = special.betaincinv(candidate.count + 1, np.maximum(base.count, 1e-300), 1 - tail)
    unit = candidate.weight / base.weight * (base.exposure / candidate.exposure)
    with np.errstate(divide="ignore"):
        return Bounds(
            np.where(candidate.count > 0, low / (1 - low), 0.0) * unit,
            np.where(base.count > 0, high / (1 - high), np.inf) * unit,
        )


def p_values(base: Events, candidate: Events) -> Floats:
    """Return the two-sided p of equal rates: twice the smaller tail, so that it agrees with the interval."""
    from scipy import special

    x, y = candidate.count, base.count
    share = null_share(base, candidate)
    at_least = np.where(x > 0, special.betainc(np.maximum(x, 1e-300), y + 1, share), 1.0)
    at_most = np.where(y > 0, special.betainc(np.maximum(y, 1e-300), x + 1, 1 - share), 1.0)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(at_least, at_most)))


def smallest_p(base: Events, candidate: Events) -> Floats:
    """Return the smallest p that so many events could give at all: when all of them fall on the rarer side."""
    share = null_share(base, candidate)
    rarer = np.minimum(share, 1 - share)
    return np.asarray(np.minimum(1.0, 2 * rarer ** (base.count + candidate.count)))


def null_share(base: Events, candidate: Events) -> Floats:
    """Return the share of all events that falls to the candidate when the rates are equal."""
    expected = candidate.exposure / candidate.weight
    return np.asarray(expected / (expected + base.exposure / base.weight))


def difference_bounds(base: Events, candidate: Events, confidence: float) -> Bounds:
    """Return the interval of candidate's rate minus base's.

    Each rate's own exact interval (Garwood 1936; Fay and Feuer for different weights) is combined with the other's by
    the method of variance estimates recovery (Donner and Zou 2012, Statistical Methods in Medical
    Research 21, 347-359).
    """
    own, other = _rate_bounds(candidate, confidence), _rate_bounds(base, confidence)
    change = candidate.rate - base.rate
    down = np.hypot(candidate.rate - own.low, other.high - base.rate)
    up = np.hypot(own.high - candidate.rate, base.rate - other.low)
    return Bounds(change - down, change + up)


def _rate_bounds(side: Events, confidence: float) -> Bounds:
    from scipy import special

    tail = (1 - confidence) / 2
    low = np.where(side.count > 0, special.gammaincinv(np.maximum(side.count, 1e-300), tail), 0.0)
    high = special.gammaincinv(side.count + 1, 1 - tail)
    scale = side.weight / side.exposure
    return Bounds(low * scale, high * scale)


def times_longer(base: Events, candidate: Events, ratio: Floats | float, alpha: float) -> Floats:
    """Return how many times as long both sides must be sampled for a change by `ratio` to be found.

    By the normal approximation of the logarithm, whose variance is the sum of 1 / count on both sides, with the
    probability POWER of falling below `alpha`, two-sided. The counts expected are those of equal rates. `inf` without
    any event, or for no change.
    """
    from scipy import special

    total = base.count + candidate.count
    share = null_share(base, candidate)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(total > 0, 1 / (total * share) + 1 / (total * (1 - share)), np.inf)
        needed = ((special.ndtri(1 - alpha / 2) + special.ndtri(POWER)) / np.log(ratio)) ** 2 * variance
    return np.where(np.isnan(needed), np.inf, needed)

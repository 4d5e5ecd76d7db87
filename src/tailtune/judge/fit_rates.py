"""The rate over time as stages, and how much burstier arrivals are than independent ones."""

from typing import Final

import msgspec
import numpy as np
from scipy import stats

MOST_BINS: Final = 100_000
_MOST_STAGES: Final = 40
_FEWEST_IN_STAGE: Final = 5
_PENALTY: Final = 3.0
_FEWEST_BINS: Final = 30
_FEWEST_PER_BIN: Final = 1.0
_OVER: Final = 1.5
"""Dispersion from which on bursts are worth a stage of their own kind."""
_CERTAIN: Final = 1e-4


class RateBins:
    """Counts of requests in equal stretches of time; the stretches double when there are too many."""

    def __init__(self, width_ns: int) -> None:
        """Begin with stretches of `width_ns`."""
        self.width_ns = width_ns
        self._zero_ns: int | None = None
        self._counts: list[int] = []
        self._last_ns = 0

    def add(self, at_ns: int) -> None:
        """Count a request; times must not fall."""
        self._zero_ns = at_ns if self._zero_ns is None else self._zero_ns
        self._last_ns = max(at_ns - self._zero_ns, self._last_ns)
        while (index := self._last_ns // self.width_ns) >= MOST_BINS:
            self._halve()
        self._counts.extend([0] * (index + 1 - len(self._counts)))
        self._counts[index] += 1

    def _halve(self) -> None:
        padded = [*self._counts, *([0] * (len(self._counts) % 2))]
        self._counts = [padded[index] + padded[index + 1] for index in range(0, len(padded), 2)]
        self.width_ns *= 2

    @property
    def counts(self) -> np.ndarray:
        """The counts; the last stretch, which is not over, is left out where there are others."""
        whole = self._counts[:-1] if len(self._counts) > 1 else self._counts
        return np.asarray(whole, dtype=np.float64)

    @property
    def span_ns(self) -> int:
        """From the first request to the last."""
        return self._last_ns


class Level(msgspec.Struct, frozen=True):
    """A stretch of bins of one rate."""

    first: int
    end: int
    mean: float
    """Requests in a bin."""


class Bursts(msgspec.Struct, frozen=True):
    """Two levels that take turns, relative to the mean."""

    on: float
    off: float
    on_bins: float
    """Mean length of a stretch on the upper level."""
    off_bins: float


def levels(counts: np.ndarray) -> list[Level]:
    """Split counts where their rate changes: the split that gains most likelihood, again and again.

    A split has to gain more than chance would, given how much neighbouring counts differ.

    Args:
        counts: arrivals in consecutive windows of one width, shape (windows,).
    """
    noise = max(1.0, _dispersion_of_neighbours(counts))
    penalty = _PENALTY * np.log(max(len(counts), 2)) * noise
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    found = [(0, len(counts))]
    while len(found) < _MOST_STAGES:
        gains = [(*_best_split(sums, first, end), first, end) for first, end in found]
        gain, place, first, end = max(gains)
        if gain <= penalty:
            break
        found.remove((first, end))
        found += [(first, place), (place, end)]
    return [Level(first, end, (sums[end] - sums[first]) / (end - first)) for first, end in sorted(found)]


def _dispersion_of_neighbours(counts: np.ndarray) -> float:
    """Return variance over mean from differences of neighbours, which no slow change of the rate disturbs."""
    if len(counts) < 2 or not counts.sum():
        return 1.0
    return float(np.mean(np.diff(counts) ** 2) / 2 / np.mean(counts))


def _best_split(sums: np.ndarray, first: int, end: int) -> tuple[float, int]:
    """Return the gain in log-likelihood (Poisson) of the best split of a stretch, and its place."""
    if end - first < 2 * _FEWEST_IN_STAGE:
        return 0.0, first
    places = np.arange(first + _FEWEST_IN_STAGE, end - _FEWEST_IN_STAGE + 1)
    before = _likelihood(sums[places] - sums[first], places - first)
    after = _likelihood(sums[end] - sums[places], end - places)
    gains = before + after - _likelihood(sums[end] - sums[first], np.asarray(end - first))
    best = int(np.argmax(gains))
    return float(gains[best]), int(places[best])


def _likelihood(total: np.ndarray, bins: np.ndarray) -> np.ndarray:
    mean = total / bins
    return np.asarray(np.where(total > 0, total * np.log(np.maximum(mean, 1e-300)), 0.0))


def dispersion(counts: np.ndarray, found: list[Level]) -> float:
    """Return variance over mean of counts around the rate of their stage; 1 for independent arrivals.

    Args:
        counts: arrivals in consecutive windows of one width, shape (windows,).
        found: the stages, as `levels` found them.
    """
    expected = _expected(counts, found)
    usable = expected > 0
    free = int(usable.sum()) - len(found)
    if free < 1:
        return 1.0
    return float(np.sum((counts[usable] - expected[usable]) ** 2 / expected[usable]) / free)


def _expected(counts: np.ndarray, found: list[Level]) -> np.ndarray:
    expected = np.zeros_like(counts)
    for one in found:
        expected[one.first : one.end] = one.mean
    return expected


def bursts(counts: np.ndarray, found: list[Level]) -> Bursts | None:
    """Return the two levels between which arrivals switch, or None if they are no burstier than independent ones.

    Args:
        counts: arrivals in consecutive windows of one width, shape (windows,).
        found: the stages, as `levels` found them.
    """
    expected = _expected(counts, found)
    over = dispersion(counts, found)
    free = len(counts) - len(found)
    if free < _FEWEST_BINS or counts.mean() < _FEWEST_PER_BIN or over < _OVER:
        return None
    if stats.chi2.sf(over * free, free) > _CERTAIN:
        return None
    relative = np.divide(counts, expected, out=np.ones_like(counts), where=expected > 0)
    upper = _upper(relative)
    if not 0 < upper.sum() < len(upper):
        return None
    on_runs, off_runs = _mean_run(upper), _mean_run(~upper)
    return Bursts(float(relative[upper].mean()), float(relative[~upper].mean()), on_runs, off_runs)


def _upper(relative: np.ndarray) -> np.ndarray:
    """Tell the upper level from the lower one: two means (Lloyd), from the quartiles on."""
    low, high = np.quantile(relative, [0.25, 0.99])
    upper = np.asarray(relative > (low + high) / 2)
    for _ in range(50):
        if not 0 < upper.sum() < len(upper):
            break
        border = (relative[upper].mean() + relative[~upper].mean()) / 2
        again = np.asarray(relative > border)
        if np.array_equal(again, upper):
            break
        upper = again
    return upper


def _mean_run(flags: np.ndarray) -> float:
    begins = int(np.sum(flags[1:] & ~flags[:-1])) + int(flags[0])
    return float(flags.sum() / max(begins, 1))

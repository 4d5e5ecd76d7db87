"""Quantiles with confidence intervals by order statistics, widened where requests are not independent."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge.distribution import Distribution
from tailtune.model.estimate import REQUESTS_PER_TAIL, Estimate, QuantileEstimate

_ROUNDING: Final = 1e-6
_FEWEST_BATCHES: Final = 3
_BATCHES: Final = 20
_MOST_ALIKE: Final = 0.9


def enough(n: int, q: float) -> bool:
    """Whether `n` observations carry the quantile `q`."""
    return n * min(q, 1 - q) >= REQUESTS_PER_TAIL - _ROUNDING


def estimate_quantile(
    distribution: Distribution, q: float, confidence: float = 0.95, *, inflation: float = 1.0
) -> QuantileEstimate:
    """Estimate a quantile from one distribution.

    The interval runs between two order statistics whose ranks are binomial quantiles: no assumption
    on the shape, exact coverage of at least `confidence` for independent observations.

    Args:
        distribution: the observations.
        q: quantile in (0, 1).
        confidence: nominal coverage.
        inflation: variance over that of independent observations, >= 1; see `variance_inflation`.

    Returns:
        Without an estimate when there are fewer than about 7.3 / (1 - q) observations; without a
        bound where dependence leaves none.
    """
    if not enough(distribution.n, q):
        return QuantileEstimate(q=q, estimate=None)
    low, high = _ranks(distribution.n, q, confidence, inflation)
    return QuantileEstimate(
        q=q,
        estimate=Estimate(
            point=distribution.quantile(q),
            low=distribution.at_rank(low) if low is not None else None,
            high=distribution.at_rank(high) if high is not None else None,
            confidence=confidence,
            n=distribution.n,
        ),
    )


def estimate_from_intervals(intervals: Sequence[Distribution], q: float, confidence: float = 0.95) -> QuantileEstimate:
    """Estimate a quantile of a run from its consecutive intervals, with the dependence between requests in it."""
    merged = Distribution.merge(intervals)
    return estimate_quantile(merged, q, confidence, inflation=variance_inflation(intervals, q, confidence))


def variance_inflation(intervals: Sequence[Distribution], q: float, confidence: float = 0.95) -> float:
    """Return by how much dependence inflates the variance of the share below the quantile; at least 1.

    Batch means: intervals are joined to 20 to 39 batches, and the spread of the batches' counts
    around their expectation is set against the binomial one. Slow phases of the machine, queues and
    garbage collections make neighbors alike; taking requests for independent understates the interval
    of a p99 by an order of magnitude (arXiv 1903.08762). Phases longer than a batch are taken into
    account by `persistence`, the uncertainty of the spread itself by Student's t. 1 with fewer than 3 batches.
    """
    batches = join_batches(intervals)
    if len(batches) < _FEWEST_BATCHES:
        return 1.0
    from scipy import stats

    value = Distribution.merge(batches).quantile(q)
    sizes = np.array([batch.n for batch in batches], dtype=np.float64)
    below = np.array([batch.count_up_to(value) for batch in batches], dtype=np.float64)
    share = below.sum() / sizes.sum()
    if not 0 < share < 1:
        return 1.0
    residuals = below - sizes * share
    count = len(batches)
    observed = float(residuals @ residuals) * count / (count - 1)
    binomial = float(sizes.sum()) * share * (1 - share)
    tail = (1 + confidence) / 2
    uncertainty = float(stats.t.ppf(tail, count - 1) / stats.norm.ppf(tail)) ** 2
    return float(max(1.0, observed / binomial * uncertainty * persistence(residuals)))


def persistence(residuals: npt.NDArray[np.float64]) -> float:
    """Return by how much likeness of successive batches inflates the variance of their sum; at least 1.

    (1 + a) / (1 - a) for a first-order autoregression; a, the correlation of neighbors, is corrected for its
    bias in short series (Marriott and Pope 1954), and counts only beyond one standard error.
    """
    count, total = len(residuals), float(residuals @ residuals)
    found = float(residuals[1:] @ residuals[:-1]) / total if total else 0.0
    if found <= 1 / math.sqrt(count):
        return 1.0
    correlation = min(_MOST_ALIKE, found + (1 + 3 * found) / count)
    return (1 + correlation) / (1 - correlation)


def join_batches(intervals: Sequence[Distribution]) -> list[Distribution]:
    """Join consecutive intervals, empty ones left out, to 20 to 39 batches (fewer if there are fewer)."""
    filled = [interval for interval in intervals if interval.n]
    size = max(1, len(filled) // _BATCHES)
    whole = len(filled) // size * size
    return [Distribution.merge(filled[start : start + size]) for start in range(0, whole, size)]


def join_sizes(sizes: Sequence[int]) -> list[int]:
    """Return the sizes that consecutive intervals have once joined to 20 to 39 batches, a rest left out."""
    size = max(1, len(sizes) // _BATCHES)
    whole = len(sizes) // size * size
    return [sum(sizes[start : start + size]) for start in range(0, whole, size)]


def _ranks(n: int, q: float, confidence: float, inflation: float) -> tuple[int | None, int | None]:
    """Ranks of the bounds; None where none exists.

    Dependent observations count as fewer independent ones: ranks are found for those and scaled up.
    """
    from scipy import stats

    effective = max(1, math.floor(n / inflation))
    alpha = 1 - confidence
    lower = int(stats.binom.ppf(alpha / 2, effective, q))
    upper = int(stats.binom.ppf(1 - alpha / 2, effective, q)) + 1
    low = math.floor(lower * n / effective)
    high = math.ceil(upper * n / effective)
    return (low if lower >= 1 else None, min(high, n) if upper <= effective else None)

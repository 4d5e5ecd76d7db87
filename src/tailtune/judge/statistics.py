"""The two statistics of a comparison: the trimmed mean with its interval and the sign-flip permutation test."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from tailtune.model.estimate import Estimate

TRIM: Final = 0.2
"""Share cut off each end before the mean is taken."""
_EXACT_UP_TO: Final = 16
_DRAWS: Final = 20_000
_ROUNDING: Final = 1e-12


def trimmed_interval(values: Sequence[float], confidence: float = 0.95, trim: float = TRIM) -> Estimate:
    """Return the trimmed mean with its t interval (Tukey and McLaughlin 1963, the paired case of Yuen 1974).

    The standard error is the deviation of the Winsorized values over (1 - 2 trim) sqrt(n), with h - 1
    degrees of freedom, h values left after trimming. Bounds are absent with fewer than three values left.

    Raises:
        ValueError: if there are no values.
    """
    from scipy import stats

    data = np.sort(np.asarray(values, dtype=np.float64))
    n = len(data)
    if n == 0:
        raise ValueError("no values to average")
    cut = math.floor(trim * n)
    kept = n - 2 * cut
    point = float(stats.trim_mean(data, trim))
    if kept < 3:
        return Estimate(point=point, low=None, high=None, confidence=confidence, n=n)
    half = standard_error(data, trim) * float(stats.t.ppf((1 + confidence) / 2, kept - 1))
    return Estimate(point=point, low=point - half, high=point + half, confidence=confidence, n=n)


def standard_error(values: Sequence[float] | np.typing.NDArray[np.float64], trim: float = TRIM) -> float:
    """Return the standard error of the trimmed mean; NaN with fewer than two values."""
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = len(data)
    if n < 2:
        return math.nan
    cut = math.floor(trim * n)
    winsorized = np.clip(data, data[cut], data[n - cut - 1])
    return float(winsorized.std(ddof=1)) / ((1 - 2 * trim) * math.sqrt(n))


def sign_flip_p(values: Sequence[float], trim: float = TRIM, seed: int = 1) -> float:
    """Return the two-sided permutation p: how often a coin's signs would give a mean as far from zero.

    The order of the variants was drawn at random, so that under no difference each epoch's sign
    is exchangeable: exact up to 16 epochs, 20,000 draws with a fixed seed beyond. The largest sizes
    (share `trim`) are clipped first, which signs do not influence: a trimmed mean would tie when the
    sign of a value that is trimmed anyway flips, and six epochs could never decide.

    Raises:
        ValueError: if there are no values.
    """
    data = np.asarray(values, dtype=np.float64)
    n = len(data)
    if n == 0:
        raise ValueError("no values to permute")
    sizes = np.abs(data)
    limit = np.sort(sizes)[n - math.floor(trim * n) - 1]
    clipped = np.minimum(sizes, limit)
    observed = abs(float(np.sign(data) @ clipped))
    exact = n <= _EXACT_UP_TO
    if exact:
        signs = 1.0 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    else:
        signs = np.random.default_rng(seed).choice((1.0, -1.0), size=(_DRAWS, n))
    reached = int(np.sum(np.abs(signs @ clipped) >= observed - _ROUNDING))
    return reached / len(signs) if exact else (reached + 1) / (len(signs) + 1)


def mapped(estimate: Estimate, change: Callable[[float], float]) -> Estimate:
    """Return the estimate with an increasing function applied to its point and bounds."""
    return msgspec.structs.replace(
        estimate,
        point=change(estimate.point),
        low=change(estimate.low) if estimate.low is not None else None,
        high=change(estimate.high) if estimate.high is not None else None,
    )

"""The two statistics of a comparison: Yuen's trimmed-mean interval and the sign-flip permutation test."""

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tailtune.model.estimate import Estimate

TRIM: Final = 0.2
"""Share cut off each end before the mean is taken."""
_EXACT_UP_TO: Final = 16
_DRAWS: Final = 20_000
_ROUNDING: Final = 1e-12


def trimmed_interval(values: Sequence[float], confidence: float = 0.95, trim: float = TRIM) -> Estimate:
    """Return the trimmed mean with Yuen's t interval (Yuen 1974; Wilcox, Introduction to Robust Estimation).

    The standard error is that of the Winsorized values over (1 - 2 trim) sqrt(n), with h - 1 degrees of
    freedom, h values left after trimming. Bounds are absent with fewer than three values left.

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
    """Return Yuen's standard error of the trimmed mean; NaN with fewer than two values."""
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = len(data)
    if n < 2:
        return math.nan
    cut = math.floor(trim * n)
    winsorized = np.clip(data, data[cut], data[n - cut - 1])
    kept = n - 2 * cut
    squares = float(np.sum((winsorized - winsorized.mean()) ** 2))
    return math.sqrt(squares / (kept * (kept - 1))) if kept > 1 else math.nan


def sign_flip_p(values: Sequence[float], trim: float = TRIM, seed: int = 1) -> float:
    """Return the two-sided permutation p of a trimmed mean as large as this, were the signs a coin's.

    The order of the variants was drawn at random, so that under no difference each epoch's sign
    is exchangeable: exact up to 16 epochs, 20,000 draws with a fixed seed beyond.

    Raises:
        ValueError: if there are no values.
    """
    data = np.asarray(values, dtype=np.float64)
    if len(data) == 0:
        raise ValueError("no values to permute")
    if len(data) <= _EXACT_UP_TO:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(data))))
        means = _trimmed_means(signs * data, trim)
        return float(np.mean(np.abs(means) >= abs(means[0]) - _ROUNDING))
    generator = np.random.default_rng(seed)
    signs = generator.choice((1.0, -1.0), size=(_DRAWS, len(data)))
    means = _trimmed_means(signs * data, trim)
    observed = abs(_trimmed_means(data[np.newaxis, :], trim)[0])
    return float((np.sum(np.abs(means) >= observed - _ROUNDING) + 1) / (_DRAWS + 1))


def _trimmed_means(rows: np.typing.NDArray[np.float64], trim: float) -> np.typing.NDArray[np.float64]:
    ordered = np.sort(rows, axis=1)
    cut = math.floor(trim * rows.shape[1])
    return np.asarray(ordered[:, cut : rows.shape[1] - cut].mean(axis=1))

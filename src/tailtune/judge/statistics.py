"""The two statistics of a comparison: the trimmed mean with its interval and the sign-flip permutation test."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailtune.model.estimate import Estimate

Floats = npt.NDArray[np.float64]

TRIM: Final = 0.1
"""Share cut off each end before the mean is taken."""
_EXACT_UP_TO: Final = 12
_DRAWS: Final = 4096
_ROWS_AT_ONCE: Final = 500
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


def sign_flip_p(values: Sequence[float]) -> float:
    """Return the two-sided permutation p of one experiment; see `sign_flip_ps`.

    Raises:
        ValueError: if there are no values.
    """
    if not len(values):
        raise ValueError("no values to permute")
    return float(sign_flip_ps(np.asarray([values], dtype=np.float64))[0])


def sign_flip_ps(values: Floats) -> Floats:
    """Return how often a coin's signs would give means as far from zero, for many experiments, one a row.

    The order of the variants was drawn at random, so that under no difference each epoch's sign
    is exchangeable: exact up to 12 epochs, 4096 draws with a fixed seed beyond. The largest sizes
    (share TRIM) are clipped first, which signs do not influence: a trimmed mean would tie when the
    sign of a value that is trimmed anyway flips, and six epochs could never decide.
    """
    epochs = values.shape[1]
    sizes = np.abs(values)
    limits = np.sort(sizes, axis=1)[:, epochs - math.floor(TRIM * epochs) - 1]
    clipped = np.minimum(sizes, limits[:, None])
    observed = np.abs(np.sum(np.sign(values) * clipped, axis=1))
    signs = _signs(epochs)
    reached = np.concatenate(
        [
            np.sum(np.abs(part @ signs) >= least[:, None] - _ROUNDING, axis=1)
            for part, least in zip(_chunks(clipped), _chunks(observed), strict=True)
        ]
    )
    exact = epochs <= _EXACT_UP_TO
    return np.asarray(reached / signs.shape[1] if exact else (reached + 1) / (signs.shape[1] + 1))


@functools.lru_cache(maxsize=4)
def _signs(epochs: int) -> Floats:
    """One column of signs a draw."""
    if epochs <= _EXACT_UP_TO:
        return np.asarray(1.0 - 2.0 * (np.arange(2**epochs) >> np.arange(epochs)[:, None] & 1))
    return np.random.default_rng(1).choice((1.0, -1.0), size=(epochs, _DRAWS))


def _chunks(values: Floats) -> list[Floats]:
    return np.array_split(values, max(1, len(values) // _ROWS_AT_ONCE))


def mapped(estimate: Estimate, change: Callable[[float], float]) -> Estimate:
    """Return the estimate with an increasing function applied to its point and bounds."""
    return msgspec.structs.replace(
        estimate,
        point=change(estimate.point),
        low=change(estimate.low) if estimate.low is not None else None,
        high=change(estimate.high) if estimate.high is not None else None,
    )

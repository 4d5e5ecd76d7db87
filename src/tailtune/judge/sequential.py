"""Looking after each epoch without raising the rate of false alarms: bounds for a t that is looked at again and again.

An experiment may stop whenever its interval has decided, so that every look is a chance to be wrong. Bounds of the
Wang-Tsiatis family (1987, Biometrics 43, 193-199), t at epoch n beyond C (n / HORIZON)^(SHAPE - 1/2), make up for
it. The constants C are those of the t that is really used, of a trimmed mean with its own estimate of the spread:
`scripts/sequential-bounds.py` simulates them. After HORIZON, where only a continued experiment comes, the bound stays.

Whoever stops at any epoch, for whatever reason, keeps the stated error: all looks from the sixth epoch on are paid for.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge.statistics import TRIM

Floats = npt.NDArray[np.float64]

FEWEST: Final = 6
"""Fewer epochs cannot show a difference: with five, the smallest possible permutation p is 0.0625."""
HORIZON: Final = 80
"""Epochs of the longest experiment that is planned at once."""
LONGEST: Final = 160
"""Epochs up to which the bounds were simulated, for experiments that are continued."""
SHAPE: Final = 0.3
"""Between O'Brien-Fleming (0), hard at first, and Pocock (0.5), the same throughout."""
_LATER: Final = 0.8
"""Weight after HORIZON: a bound of 3.3 for 95 %, which adds next to nothing to the error."""
QUANTILES: Final[tuple[tuple[float, float], ...]] = (
    (0.5, 1.427),
    (0.3, 1.737),
    (0.2, 1.955),
    (0.1, 2.294),
    (0.05, 2.610),
    (0.03, 2.835),
    (0.02, 3.008),
    (0.01, 3.311),
    (0.005, 3.623),
    (0.002, 4.078),
    (0.001, 4.464),
    (0.0003, 5.284),
    (0.0001, 6.302),
)
"""(p, C): under no change, the largest weighted |t| of all looks is above C with probability p."""


def weight(epochs: int) -> float:
    """Return what |t| at this epoch is multiplied with before it is compared with one constant for all looks."""
    return (epochs / HORIZON) ** (0.5 - SHAPE) if epochs <= HORIZON else _LATER


def bound(epochs: int, confidence: float) -> float:
    """Return the half-width, in standard errors, of an interval at this epoch that holds at all looks together.

    Args:
        epochs: from FEWEST.
        confidence: that the true value lies within the intervals of all looks, in [0.5, 0.9999].
    """
    return _constant(1 - confidence) / weight(epochs)


def p_value(largest: float) -> float:
    """Return the probability, under no change, of a weighted |t| as large as the `largest` at any look.

    Interpolated in the simulated table; at most 1, at least the table's smallest.
    """
    p, constants = (np.array(column) for column in zip(*QUANTILES, strict=True))
    if largest <= constants[0]:
        return 1.0 if largest < constants[0] else float(p[0])
    return float(np.exp(np.interp(largest, constants, np.log(p))))


def trimmed_means(values: Floats) -> tuple[Floats, Floats]:
    """Return the trimmed means and their standard errors of many experiments, one a row of `values`.

    As `statistics.trimmed_interval` does for one.
    """
    epochs = values.shape[1]
    cut = math.floor(TRIM * epochs)
    ordered = np.sort(values, axis=1)
    low, high = ordered[:, cut : cut + 1], ordered[:, epochs - cut - 1 : epochs - cut]
    means = ordered[:, cut : epochs - cut].mean(axis=1)
    errors = np.clip(ordered, low, high).std(axis=1, ddof=1) / ((1 - 2 * TRIM) * math.sqrt(epochs))
    return means, errors


def weighted(means: Floats, errors: Floats, epochs: int) -> Floats:
    """Return the weighted t of means with these standard errors; infinite where nothing scatters."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(means / errors, nan=0.0, posinf=math.inf, neginf=-math.inf) * weight(epochs)


def weighted_t(values: Floats) -> Floats:
    """Return the weighted t of experiments, one a row, at their last epoch."""
    return weighted(*trimmed_means(values), values.shape[1])


def _constant(p: float) -> float:
    table, constants = (np.array(column)[::-1] for column in zip(*QUANTILES, strict=True))
    return float(np.interp(math.log(p), np.log(table), constants))

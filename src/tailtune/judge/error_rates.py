"""How many false verdicts chance explains, with exact binomial bounds."""

from typing import Final

from tailtune.model.estimate import Estimate
from tailtune.model.selftest_verdicts import ErrorRate

CONFIDENCE: Final = 0.95
SURENESS: Final = 0.99
"""A tool that keeps its promise is blamed in one of a hundred series."""


def error_rate(false: int, verdicts: int, promised: float) -> ErrorRate:
    """Return the false verdicts among `verdicts`, and how many chance explains at the `promised` error."""
    from scipy import stats

    if not verdicts:
        return ErrorRate(verdicts=0, false=0, allowed=0)
    low, high = clopper_pearson(false, verdicts)
    return ErrorRate(
        verdicts=verdicts,
        false=false,
        allowed=int(stats.binom.ppf(SURENESS, verdicts, promised)),
        share=Estimate(point=false / verdicts, low=low, high=high, confidence=CONFIDENCE, n=verdicts),
    )


def clopper_pearson(count: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934).

    Raises:
        ValueError: if `count` is not among `of`, or `of` is 0.
    """
    from scipy import stats

    interval = stats.binomtest(count, of).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def at_most(count: int, of: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided exact upper bound of a share."""
    from scipy import stats

    return 1.0 if count >= of else float(stats.beta.ppf(confidence, count + 1, of - count))

"""The rules that turn an interval of log(candidate / baseline) into a verdict."""

import math
from typing import Final

from tailtune.judge import statistics
from tailtune.model.estimate import Estimate
from tailtune.model.units import format_change, format_share
from tailtune.model.verdict import Verdict

CONFIDENCE: Final = 0.95
FEWEST_EPOCHS: Final = 6
"""Fewer cannot show a difference: with five, the smallest possible permutation p is 0.0625."""
_MOST_EPOCHS: Final = 1000


def decide(interval: Estimate, p_permutation: float, margin: float) -> tuple[Verdict, str]:
    """Return the verdict on an interval of log(candidate / baseline), and the reason.

    A change is a verdict when the interval excludes zero, the permutation test agrees, and the estimate
    reaches half the margin; no change is a verdict when the interval lies inside the margin.
    """
    if interval.n < FEWEST_EPOCHS or interval.low is None or interval.high is None:
        return Verdict.INCONCLUSIVE, f"{interval.n} usable epochs; {FEWEST_EPOCHS} are the fewest that can decide"
    limit = math.log1p(margin)
    shown = f"{_change(interval.low)} to {_change(interval.high)}"
    excludes_zero = interval.low > 0 or interval.high < 0
    if excludes_zero and abs(interval.point) >= limit / 2:
        if p_permutation > 1 - interval.confidence:
            return (
                Verdict.INCONCLUSIVE,
                f"the interval ({shown}) excludes no change, the permutation test (p {p_permutation:.2f}) does not",
            )
        verdict = Verdict.REGRESSED if interval.point > 0 else Verdict.IMPROVED
        return verdict, f"the whole interval ({shown}) lies on one side of no change"
    if -limit < interval.low and interval.high < limit:
        return Verdict.EQUIVALENT, f"the whole interval ({shown}) lies within the margin of {format_share(margin, 0)}"
    least = "a change too small to matter" if excludes_zero else "no change"
    return Verdict.INCONCLUSIVE, f"the interval ({shown}) holds both {least} and a change beyond the margin"


def epochs_needed(interval: Estimate, margin: float, confidence: float = CONFIDENCE) -> int | None:
    """Return how many epochs would decide as often as not, if the next ones are like these; None beyond 1000.

    Decided is whatever comes first: the interval excludes zero (if the estimate reaches half the
    margin), or it lies within the margin.

    Args:
        interval: of log(candidate / baseline), as measured.
        margin: smallest relative change that matters.
        confidence: that the decision takes.
    """
    from scipy import stats

    deviation = _standard_error(interval) * math.sqrt(interval.n)
    if math.isnan(deviation):
        return None
    limit, point = math.log1p(margin), abs(interval.point)
    room = max(point if point >= limit / 2 else 0.0, limit - point)
    for count in range(max(interval.n + 1, FEWEST_EPOCHS), _MOST_EPOCHS + 1):
        if float(stats.t.ppf((1 + confidence) / 2, _freedom(count))) * deviation / math.sqrt(count) < room:
            return count
    return None


def p_value(interval: Estimate) -> float:
    """Return the two-sided p that belongs to a Yuen interval of log(candidate / baseline)."""
    from scipy import stats

    error = _standard_error(interval)
    if math.isnan(error):
        return 1.0
    return float(2 * stats.t.sf(abs(interval.point) / error, _freedom(interval.n))) if error else 0.0


def _standard_error(interval: Estimate) -> float:
    """The standard error behind a Yuen interval; NaN where it has no bounds."""
    from scipy import stats

    if interval.low is None or interval.high is None:
        return math.nan
    return (interval.high - interval.low) / 2 / float(stats.t.ppf((1 + interval.confidence) / 2, _freedom(interval.n)))


def _freedom(epochs: int) -> int:
    return epochs - 2 * math.floor(statistics.TRIM * epochs) - 1


def _change(log_ratio: float) -> str:
    return format_change(math.exp(log_ratio))

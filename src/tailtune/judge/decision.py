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
    return Verdict.INCONCLUSIVE, f"the interval ({shown}) holds both no change and a change beyond the margin"


def epochs_needed(differences: list[float], margin: float) -> int | None:
    """Return how many epochs would probably decide, if the next ones are like these; None beyond 1000.

    Decided is whatever comes first: the interval excludes zero (if the estimate reaches half the
    margin), or it lies within the margin.
    """
    from scipy import stats

    n = len(differences)
    if n < 3:
        return None
    limit = math.log1p(margin)
    point = abs(statistics.trimmed_interval(differences).point)
    room = max(point if point >= limit / 2 else 0.0, limit - point)
    deviation = statistics.standard_error(differences) * math.sqrt(n)
    for count in range(max(n + 1, FEWEST_EPOCHS), _MOST_EPOCHS + 1):
        freedom = count - 2 * math.floor(statistics.TRIM * count) - 1
        if float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * deviation / math.sqrt(count) < room:
            return count
    return None


def p_value(ratio: Estimate) -> float:
    """Return the two-sided p that belongs to a Yuen interval of a ratio."""
    from scipy import stats

    if ratio.low is None or ratio.high is None:
        return 1.0
    freedom = ratio.n - 2 * math.floor(statistics.TRIM * ratio.n) - 1
    half = (math.log(ratio.high) - math.log(ratio.low)) / 2
    if half == 0:
        return 0.0
    t = abs(math.log(ratio.point)) / half * float(stats.t.ppf((1 + ratio.confidence) / 2, freedom))
    return float(2 * stats.t.sf(t, freedom))


def _change(log_ratio: float) -> str:
    return format_change(math.exp(log_ratio))

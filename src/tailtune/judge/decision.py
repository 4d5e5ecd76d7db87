"""The rules that turn the epochs' log(candidate / baseline) into a verdict, looked at after each epoch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge import sequential, statistics
from tailtune.judge.sequential import FEWEST
from tailtune.model.estimate import Estimate
from tailtune.model.units import format_change, format_share
from tailtune.model.verdict import Verdict

Floats = npt.NDArray[np.float64]

CONFIDENCE: Final = 0.95
"""That the intervals of all looks hold the true change."""
EQUIVALENCE_CONFIDENCE: Final = 0.90
"""Of the interval that has to lie within the margin: two one-sided tests of 5 % each."""
_MOST_EPOCHS: Final = 1000
_CHANGED: Final = 1
_EQUIVALENT: Final = 2


@dataclass(frozen=True)
class Decision:
    """What the epochs say of one metric."""

    verdict: Verdict
    reason: str
    interval: Estimate
    """Of log(candidate / baseline), all epochs; it holds at all looks together."""
    p_sequential: float
    """Two-sided, over all looks so far."""
    p_permutation: float
    """Two-sided sign-flip permutation p of all epochs."""
    decided_at: int | None
    """Epochs at which it was decided; absent while it is not."""


@dataclass(frozen=True)
class Decisions:
    """What the epochs of many experiments say; arrays of one entry an experiment."""

    kind: npt.NDArray[np.int64]
    """0 undecided, 1 changed, 2 equivalent."""
    at: npt.NDArray[np.int64]
    """Epochs at which it was decided; 0 undecided."""
    sign: Floats
    """Of the change, when it was decided."""
    largest: Floats
    """Largest weighted |t| of all looks, also after the decision."""

    @property
    def regressed(self) -> npt.NDArray[np.bool_]:
        """Which of them say that the candidate is worse."""
        return np.asarray((self.kind == _CHANGED) & (self.sign > 0))

    @property
    def improved(self) -> npt.NDArray[np.bool_]:
        """Which of them say that the candidate is better."""
        return np.asarray((self.kind == _CHANGED) & (self.sign < 0))

    @property
    def equivalent(self) -> npt.NDArray[np.bool_]:
        """Which of them say that nothing changed that matters."""
        return np.asarray(self.kind == _EQUIVALENT)


def decide_all(values: Floats, margin: float) -> Decisions:
    """Decide many experiments, one a row of log ratios in the order of their epochs.

    At each epoch from the sixth on: a change is decided when t passes its bound, the permutation test agrees and
    the estimate reaches half the margin; no change, when the interval lies inside the margin. The first decision holds.
    """
    count = len(values)
    found = Decisions(
        kind=np.zeros(count, np.int64), at=np.zeros(count, np.int64), sign=np.zeros(count), largest=np.zeros(count)
    )
    limit = math.log1p(margin)
    for epochs in range(FEWEST, values.shape[1] + 1):
        seen = values[:, :epochs]
        means, errors = sequential.trimmed_means(seen)
        found.largest[:] = np.maximum(found.largest, np.abs(sequential.weighted(means, errors, epochs)))
        open_ = found.kind == 0
        beyond = np.abs(means) > sequential.bound(epochs, CONFIDENCE) * errors
        changed = np.flatnonzero(open_ & beyond & (np.abs(means) >= limit / 2))
        if len(changed):
            changed = changed[statistics.sign_flip_ps(seen[changed]) <= 1 - CONFIDENCE]
        within = np.abs(means) + sequential.bound(epochs, EQUIVALENCE_CONFIDENCE) * errors < limit
        for kind, rows in ((_EQUIVALENT, np.flatnonzero(open_ & within)), (_CHANGED, changed)):
            found.kind[rows], found.at[rows], found.sign[rows] = kind, epochs, np.sign(means[rows])
    return found


def decide(differences: Sequence[float], margin: float) -> Decision:
    """Decide one experiment; see `decide_all`.

    Raises:
        ValueError: if there are no epochs.
    """
    interval = sequential_interval(differences)
    row = np.asarray([differences], dtype=np.float64)
    found = decide_all(row, margin)
    verdict = Verdict.INCONCLUSIVE
    if found.equivalent[0]:
        verdict = Verdict.EQUIVALENT
    elif found.kind[0] == _CHANGED:
        verdict = Verdict.REGRESSED if found.sign[0] > 0 else Verdict.IMPROVED
    p_permutation = statistics.sign_flip_p(differences)
    reason = _reason(verdict, interval, p_permutation, margin)
    if verdict in (Verdict.REGRESSED, Verdict.IMPROVED) and interval.point * found.sign[0] < 0:
        verdict, reason = Verdict.INCONCLUSIVE, "later epochs contradict what earlier ones had decided"
    return Decision(
        verdict=verdict,
        reason=reason,
        interval=interval,
        p_sequential=sequential.p_value(float(found.largest[0])),
        p_permutation=p_permutation,
        decided_at=int(found.at[0]) if verdict is not Verdict.INCONCLUSIVE else None,
    )


def sequential_interval(differences: Sequence[float]) -> Estimate:
    """Return the trimmed mean of log(candidate / baseline) with the interval that holds at all looks together.

    Bounds are absent before the sixth epoch.

    Raises:
        ValueError: if there are no epochs.
    """
    plain = statistics.trimmed_interval(differences, CONFIDENCE)
    if plain.n < FEWEST:
        return Estimate(point=plain.point, low=None, high=None, confidence=CONFIDENCE, n=plain.n)
    half = sequential.bound(plain.n, CONFIDENCE) * statistics.standard_error(differences)
    return Estimate(
        point=plain.point, low=plain.point - half, high=plain.point + half, confidence=CONFIDENCE, n=plain.n
    )


def epochs_needed(interval: Estimate, margin: float, alpha: float = 1 - CONFIDENCE) -> int | None:
    """Return how many epochs would decide as often as not, if the next ones are like these; None beyond 1000.

    Decided is whatever comes first: the interval excludes zero (if the estimate reaches half the
    margin), or it lies within the margin.

    Args:
        interval: of log(candidate / baseline), from `sequential_interval`.
        margin: smallest relative change that matters.
        alpha: error that a change is allowed, two-sided.
    """
    if interval.low is None or interval.high is None:
        return None
    deviation = (interval.high - interval.low) / 2 / sequential.bound(interval.n, CONFIDENCE) * math.sqrt(interval.n)
    return epochs_for(abs(interval.point), deviation, margin, alpha, first=interval.n + 1)


def epochs_for(
    change: float, deviation: float, margin: float, alpha: float = 1 - CONFIDENCE, first: int = FEWEST
) -> int | None:
    """Return the epochs that decide about a true change as often as not; None beyond 1000.

    Args:
        change: size of log(candidate / baseline).
        deviation: standard deviation of it over epochs.
        margin: smallest relative change that matters.
        alpha: error that a change is allowed, two-sided.
        first: fewest epochs that are possible.
    """
    limit = math.log1p(margin)
    for epochs in range(max(first, FEWEST), _MOST_EPOCHS + 1):
        error = deviation / math.sqrt(epochs)
        beyond = change >= limit / 2 and sequential.bound(epochs, 1 - alpha) * error < change
        if beyond or change + sequential.bound(epochs, EQUIVALENCE_CONFIDENCE) * error < limit:
            return epochs
    return None


def _reason(verdict: Verdict, interval: Estimate, p_permutation: float, margin: float) -> str:
    if interval.low is None or interval.high is None:
        return f"{interval.n} usable epochs; {FEWEST} are the fewest that can decide"
    shown = f"{_change(interval.low)} to {_change(interval.high)}"
    excludes_zero = interval.low > 0 or interval.high < 0
    if verdict is Verdict.EQUIVALENT:
        inside = format_share(EQUIVALENCE_CONFIDENCE, 0)
        return f"the {inside} interval lies within the margin of {format_share(margin, 0)}"
    if verdict is not Verdict.INCONCLUSIVE:
        return f"the whole interval ({shown}) lies on one side of no change" if excludes_zero else "decided earlier"
    if excludes_zero and p_permutation > 1 - CONFIDENCE:
        return f"the interval ({shown}) excludes no change, the permutation test (p {p_permutation:.2f}) does not"
    least = "a change too small to matter" if excludes_zero else "no change"
    return f"the interval ({shown}) holds both {least} and a change beyond the margin"


def _change(log_ratio: float) -> str:
    return format_change(math.exp(log_ratio))

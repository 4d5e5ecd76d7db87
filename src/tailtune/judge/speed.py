"""Takes out of an experiment what the CPUs' own speed did to it.

Both variants of an epoch run one after the other, and a virtual machine may have been half as fast under one of them: a
neighbor on the other thread of the core, a lower clock. The gauge beside the service did the same work all the time, so
its cost tells how fast the CPUs were under either. What an epoch says is then lowered by as much of the gauge's change
as earlier epochs have shown to go along with it.

That is a control variate (Lavenberg and Welch, Management Science 27, 1981; CUPED in experiments: Deng et al., WSDM
2013), with a slope that is *predictable*: for each epoch it depends on earlier ones only. Since the order of slices is
random, the gauge's change has mean zero whatever was before, so that what is subtracted has, too: estimates keep their
mean at every look, and continuing an experiment never changes what earlier epochs said.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge import statistics
from tailtune.judge.epochs import EpochFigures
from tailtune.judge.sequential import FEWEST
from tailtune.model.verdict import Metric

Floats = npt.NDArray[np.float64]

SCALES: Final = frozenset(
    {Metric.CPU_PER_REQUEST, Metric.CPU_USER, Metric.CPU_SYSTEM, Metric.GC_CPU, Metric.OTHER_PROCESSES}
)
"""Metrics that are CPU time, which speed divides."""
_EXPECTED_SLOPE: Final = 1.0
"""Twice the time for a piece, twice the CPU time for a request."""
_PRIOR: Final = (0.02 / 0.3) ** 2
"""Weight of the expected slope: the variance of an epoch, sd 0.02, over that of slopes, sd 0.3, of programs that a slow
CPU slows more or less than it does the gauge."""
_STEEPEST: Final = 2.0
_MOST_SHIFTED: Final = 3.0
"""Standard errors by which the gauge may differ between the variants; a candidate that slows it is no chance."""


@dataclass(frozen=True)
class SpeedOfEpochs:
    """What the gauge says of an experiment's epochs."""

    changes: Floats
    """log(a piece's time under the candidate / under the baseline), of each epoch; empty where it was not gauged."""

    @property
    def spread(self) -> float:
        """Standard deviation over epochs; 0 with fewer than two."""
        return float(self.changes.std(ddof=1)) if len(self.changes) > 1 else 0.0

    @property
    def shifted(self) -> float:
        """By how much the candidate itself changes the gauge, as a log ratio; 0 where that may be chance."""
        if len(self.changes) < FEWEST:
            return 0.0
        values = self.changes.tolist()
        error = statistics.standard_error(values)
        mean = statistics.trimmed_interval(values).point
        return mean if abs(mean) > _MOST_SHIFTED * error else 0.0

    @property
    def is_usable(self) -> bool:
        """Whether differences may be adjusted by it."""
        return len(self.changes) > 0 and self.shifted == 0.0


def speed_of(epochs: Sequence[EpochFigures]) -> SpeedOfEpochs:
    """Return what the gauge says of an experiment; nothing if any epoch was not gauged."""
    pieces = [epoch.piece_ns for epoch in epochs]
    if not all(baseline > 0 and candidate > 0 for baseline, candidate in pieces):
        return SpeedOfEpochs(np.empty(0))
    return SpeedOfEpochs(np.array([math.log(candidate / baseline) for baseline, candidate in pieces]))


def differences(metric: Metric, epochs: Sequence[EpochFigures]) -> list[float]:
    """Return log(candidate / baseline) of a metric for the epochs that have it, without what the CPUs' speed did."""
    having = [epoch for epoch in epochs if metric in epoch.baseline and metric in epoch.candidate]
    found = [math.log(epoch.candidate[metric] / epoch.baseline[metric]) for epoch in having]
    speed = speed_of(having)
    return adjusted(found, speed.changes) if metric in SCALES and speed.is_usable else found


def adjusted(values: Sequence[float], changes: Floats) -> list[float]:
    """Return log(candidate / baseline) of each epoch without what the CPUs' speed did.

    Args:
        values: that of the metric, in the order of the epochs.
        changes: of the gauge, for the same epochs.
    """
    slopes = _slopes(values, changes)
    return [float(y - slope * x) for y, slope, x in zip(values, slopes, changes, strict=True)]


def _slopes(values: Sequence[float], changes: Floats) -> list[float]:
    """The slope for each epoch: a ridge regression of the earlier ones, about their means."""
    slopes = []
    for epoch in range(len(values)):
        y, x = np.asarray(values[:epoch], dtype=np.float64), changes[:epoch]
        if epoch:
            y, x = y - y.mean(), x - x.mean()
        slope = (_PRIOR * _EXPECTED_SLOPE + float(x @ y)) / (_PRIOR + float(x @ x))
        slopes.append(min(max(slope, 0.0), _STEEPEST))
    return slopes

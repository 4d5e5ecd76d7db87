"""Experiments drawn from recorded A/A epochs: how often real noise would have been called a change.

In an A/A both variants are the same, so that swapping their names in any epoch gives as good an A/A. An experiment
drawn here takes recorded epochs in random order, each with its names swapped or not by a coin. All experiments drawn
from one recording share its epochs: they say how the rules bear this machine's noise, as far as those epochs have met
it, and their number does not make them independent. Order, and with it drift across epochs, is lost in the drawing.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge import decision, speed
from tailtune.judge.epochs import Experiment
from tailtune.judge.error_rates import error_rate
from tailtune.judge.metrics import MARGINS
from tailtune.judge.sequential import FEWEST, HORIZON
from tailtune.model.selftest_verdicts import Replayed, ReplayedMetric
from tailtune.model.verdict import Metric

Floats = npt.NDArray[np.float64]

FEWEST_EPOCHS: Final = 2 * FEWEST
"""With fewer recorded epochs of a metric, hardly anything can be drawn."""
PROMISED: Final = 0.05
_SHARE: Final = 0.75
"""Of the recorded epochs that one experiment takes, at most."""
NOTE: Final = (
    "all experiments are drawn from the same recorded epochs: their number does not make them independent, and drift"
    " across epochs is lost in the drawing"
)


def differences(experiments: Sequence[Experiment]) -> dict[Metric, list[list[float]]]:
    """Return log(candidate / baseline) of the judged epochs, by metric and experiment."""
    found: dict[Metric, list[list[float]]] = {}
    for one in experiments:
        for metric in MARGINS:
            if values := speed.differences(metric, one.epochs_of(metric)):
                found.setdefault(metric, []).append(values)
    return found


def replay(
    recorded: Mapping[Metric, Sequence[Sequence[float]]], names: list[str], experiments: int, seed: int
) -> Replayed:
    """Draw experiments from recorded epochs of A/As and judge them.

    Args:
        recorded: log ratios by metric and recording, as `differences` gives them.
        names: identifiers of the recordings.
        experiments: for each metric.
        seed: fixes the draws.
    """
    judged = [
        _metric(metric, recorded[metric], experiments, seed)
        for metric in MARGINS
        if sum(len(values) for values in recorded.get(metric, ())) >= FEWEST_EPOCHS
    ]
    return Replayed(recordings=names, metrics=judged, note=NOTE)


def drawn(values: Floats, experiments: int, epochs: int, generator: np.random.Generator) -> Floats:
    """Return experiments, one a row: so many of the values, none twice, in random order with random signs."""
    picked = generator.permuted(np.tile(values, (experiments, 1)), axis=1)[:, :epochs]
    return np.asarray(picked * generator.choice((1.0, -1.0), picked.shape))


def _metric(metric: Metric, recorded: Sequence[Sequence[float]], experiments: int, seed: int) -> ReplayedMetric:
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in recorded])
    epochs = max(FEWEST, min(HORIZON, math.floor(_SHARE * len(values))))
    generator = np.random.default_rng([seed, zlib.crc32(metric.encode())])
    found = decision.decide_all(drawn(values, experiments, epochs, generator), MARGINS[metric])
    return ReplayedMetric(
        metric=metric,
        recordings=len(recorded),
        epochs=len(values),
        experiment_epochs=epochs,
        false=error_rate(int((found.regressed | found.improved).sum()), experiments, PROMISED),
        equivalent=int(found.equivalent.sum()),
        epoch_sd=float(np.std(values)),
    )

"""Experiments out of a model of two services on a noisy machine, judged as real ones are: the error rate by simulation.

Each variant is restarted in each epoch, which moves it for as long as it runs; each slice of load has noise of its own;
the machine's level moves all the time, and both variants of a pair share it but for its change from one slice to the
next. Slices stand in the order ABBA or BAAB, reversed in every second epoch, as experiments are carried out.
"""

import math
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge import decision
from tailtune.judge.decision import Decisions
from tailtune.judge.error_rates import error_rate
from tailtune.judge.sequential import HORIZON
from tailtune.model.selftest_verdicts import Regime

Floats = npt.NDArray[np.float64]

SHAPES: Final = ("normal", "heavy-tails", "drift", "ar")
EPOCH_SDS: Final = (0.02, 0.04, 0.06, 0.10, 0.20)
MARGIN: Final = 0.03
CHANGE: Final = 0.05
"""The true change that has to be found."""
SLICES: Final = 4
"""Of an epoch."""
MOST_FALSE: Final = 0.028
"""Share of experiments without a change that may be called regressed, and the same for improved: half of the promised
5 %, and what the simulation of the bounds leaves uncertain."""
MOST_FALSE_EQUIVALENT: Final = 0.05
_RESTART_SHARE: Final = 0.7
"""Of an epoch's variance: what restarts move. The rest is slices."""
_BURST_CHANCE: Final = 0.02
_BURST_SIZE: Final = 3.0
"""Mean of a burst, in standard deviations of an epoch without bursts; only ever slower."""
_LEVEL: Final = 2.0
"""How far the machine's level strays, in standard deviations of an epoch at a level that does not move."""
_MEMORY: Final = 0.9
"""Correlation of the level from slice to slice, where it is AR(1)."""
_LONGEST_SWING: Final = 200
_SHORTEST_SWING: Final = 20
_AT_ONCE: Final = 2_000
"""Experiments drawn at a time, which bounds the memory."""


def regime(shape: str, epoch_sd: float, experiments: int, seed: int, epochs: int = HORIZON) -> Regime:
    """Judge experiments of one kind of noise, half as many with a change and at the margin as without.

    Args:
        shape: one of SHAPES.
        epoch_sd: standard deviation of an epoch's log ratio, whatever the shape makes it of.
        experiments: without a change, at least 2.
        seed: fixes all draws.
        epochs: most of an experiment.
    """
    half = max(1, experiments // 2)
    unchanged = _decided(shape, epoch_sd, 0.0, experiments, seed, epochs)
    changed = _decided(shape, epoch_sd, CHANGE, half, seed, epochs)
    at_margin = _decided(shape, epoch_sd, MARGIN, half, seed, epochs)
    return Regime(
        shape=shape,
        epoch_sd=epoch_sd,
        regressed=error_rate(int(unchanged.regressed.sum()), experiments, MOST_FALSE),
        improved=error_rate(int(unchanged.improved.sum()), experiments, MOST_FALSE),
        equivalent=error_rate(int(at_margin.equivalent.sum()), half, MOST_FALSE_EQUIVALENT),
        sought=half,
        found=int(changed.regressed.sum()),
        missed=int((changed.improved | changed.equivalent).sum()),
        median_epochs_unchanged=median_epochs(unchanged),
        median_epochs_changed=median_epochs(changed),
    )


def experiments_of(experiments: int) -> int:
    """Return how many experiments `regime` judges for so many without a change."""
    return experiments + 2 * max(1, experiments // 2)


def median_epochs(found: Decisions) -> float | None:
    """Return the epochs after which half of the experiments were decided; None where fewer ever were."""
    undecided = found.kind == 0
    median = float(np.median(np.where(undecided, math.inf, found.at)))
    return median if math.isfinite(median) else None


def log_ratios(shape: str, epoch_sd: float, change: float, experiments: int, seed: int, epochs: int) -> Floats:
    """Return log(candidate / baseline), a row an experiment, a column an epoch.

    Args:
        shape: one of SHAPES.
        epoch_sd: as for `regime`.
        change: true relative change.
        experiments: rows.
        seed: fixes all draws; other shapes, deviations and changes have other draws.
        epochs: columns.
    """
    generator = np.random.default_rng([seed, zlib.crc32(f"{shape} {epoch_sd} {change}".encode())])
    signs = orders(generator, experiments, epochs)
    size = (experiments, epochs)
    heavy = shape == "heavy-tails"
    unit = epoch_sd / math.sqrt(1 + _added_variance(shape))
    restarts = _noise(generator, (*size, 2), heavy=heavy) * unit * math.sqrt(_RESTART_SHARE / 2)
    slices = _noise(generator, (*size, SLICES), heavy=heavy) * unit * math.sqrt(1 - _RESTART_SHARE)
    if heavy:
        bursts = generator.random(slices.shape) < _BURST_CHANCE
        slices += bursts * generator.exponential(_BURST_SIZE * unit, slices.shape)
    slices += _level(generator, shape, experiments, epochs) * unit
    own = (slices * signs).sum(axis=2) / (SLICES / 2)
    return np.asarray(math.log1p(change) + restarts[..., 0] - restarts[..., 1] + own)


def _added_variance(shape: str) -> float:
    """What the shape adds to an epoch's variance of 1; of a drift the order of slices leaves next to nothing."""
    if shape == "heavy-tails":
        return _BURST_CHANCE * _BURST_SIZE**2 * (2 - _BURST_CHANCE)
    if shape == "ar":
        order = np.array([1.0, -1.0, -1.0, 1.0]) * _LEVEL / (SLICES / 2)
        apart = np.abs(np.subtract.outer(np.arange(SLICES), np.arange(SLICES)))
        return float(order @ _MEMORY**apart @ order)
    return 0.0


def orders(generator: np.random.Generator, experiments: int, epochs: int) -> Floats:
    """Return for each slice of each epoch whether it is the candidate's (1) or the baseline's (-1).

    ABBA or BAAB by coin, and the second of each two epochs the reverse of the first, as experiments plan them.
    """
    coins = generator.integers(0, 2, (experiments, (epochs + 1) // 2)) * 2.0 - 1.0
    first = np.repeat(coins, 2, axis=1)[:, :epochs]
    first[:, 1::2] *= -1
    return np.asarray(first[..., None] * np.array([1.0, -1.0, -1.0, 1.0]))


def _decided(shape: str, epoch_sd: float, change: float, experiments: int, seed: int, epochs: int) -> Decisions:
    parts = [
        decision.decide_all(log_ratios(shape, epoch_sd, change, count, seed + number, epochs), MARGIN)
        for number, count in enumerate(_parts(experiments))
    ]
    return Decisions(
        kind=np.concatenate([one.kind for one in parts]),
        at=np.concatenate([one.at for one in parts]),
        sign=np.concatenate([one.sign for one in parts]),
        largest=np.concatenate([one.largest for one in parts]),
    )


def _parts(experiments: int) -> Iterator[int]:
    for begun in range(0, experiments, _AT_ONCE):
        yield min(_AT_ONCE, experiments - begun)


def _noise(generator: np.random.Generator, size: tuple[int, ...], *, heavy: bool) -> Floats:
    """Draws of variance 1: normal, or t with 3 degrees of freedom."""
    return generator.standard_t(3, size) / math.sqrt(3) if heavy else generator.standard_normal(size)


def _level(generator: np.random.Generator, shape: str, experiments: int, epochs: int) -> Floats:
    """The machine's level at each slice, in standard deviations of an epoch."""
    count = epochs * SLICES
    size = (experiments, epochs, SLICES)
    if shape == "ar":
        return _remembering(generator, experiments, count).reshape(size)
    if shape != "drift":
        return np.zeros(size)
    places = np.arange(count)
    slope = generator.standard_normal((experiments, 1)) * _LEVEL / SLICES
    swing = generator.uniform(_SHORTEST_SWING, _LONGEST_SWING, (experiments, 1))
    phase = generator.uniform(0, 2 * math.pi, (experiments, 1))
    level = slope * places + _LEVEL * np.sin(2 * math.pi * places / swing + phase)
    return np.asarray(level.reshape(size))


def _remembering(generator: np.random.Generator, experiments: int, count: int) -> Floats:
    shocks = generator.standard_normal((count, experiments)) * math.sqrt(1 - _MEMORY**2)
    level = np.empty_like(shocks)
    level[0] = generator.standard_normal(experiments)
    for place in range(1, count):
        level[place] = _MEMORY * level[place - 1] + shocks[place]
    return np.asarray(level.T * _LEVEL)

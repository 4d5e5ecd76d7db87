"""What the CPUs' own speed did to an experiment is taken out, and nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.judge import decision, speed
from tailtune.judge.epochs import EpochFigures
from tailtune.model.verdict import Metric

_EXPERIMENTS = 300
_MOST_FALSE = 0.05 + 3 * math.sqrt(0.05 * 0.95 / _EXPERIMENTS)
"""Of both sides, with what chance adds to 5 % in so many."""


def epoch(number: int, cpu: tuple[float, float], pieces: tuple[float, float]) -> EpochFigures:
    sides = [{Metric.CPU_PER_REQUEST: value, Metric.PEAK_RSS: 1e6, Metric.P50: value} for value in cpu]
    return EpochFigures(number, 1000, sides[0], sides[1], (0,), (1,), pieces)


def drawn(effect: float, slope: float, spread: float, epochs: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng([int(slope * 10), int(spread * 1000)])
    changes = generator.normal(0, spread, (_EXPERIMENTS, epochs))
    return effect + slope * changes + generator.normal(0, 0.02, changes.shape), changes


def judged(values: np.ndarray, changes: np.ndarray) -> decision.Decisions:
    rows = [speed.adjusted(one.tolist(), change) for one, change in zip(values, changes, strict=True)]
    return decision.decide_all(np.array(rows), 0.02)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("spread", [0.005, 0.1])
def test_equal_variants_are_called_different_as_seldom_as_promised(slope, spread):
    found = judged(*drawn(0.0, slope, spread))
    assert found.regressed.mean() + found.improved.mean() <= _MOST_FALSE


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.5])
def test_a_change_is_found_through_speeds_that_hide_it(slope):
    values, changes = drawn(math.log(1.05), slope, 0.15)
    assert judged(values, changes).regressed.mean() > 0.9
    assert decision.decide_all(values, 0.02).regressed.mean() < 0.6


def test_the_estimate_keeps_its_mean():
    values, changes = drawn(math.log(1.05), 1.0, 0.1)
    rows = [speed.adjusted(one.tolist(), change) for one, change in zip(values, changes, strict=True)]
    assert np.mean(rows) == pytest.approx(math.log(1.05), abs=0.001)


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=30),
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=10),
)
def test_later_epochs_change_nothing_of_what_earlier_ones_said(first, later):
    def adjusted(rows: list[tuple[float, float]]) -> list[float]:
        return speed.adjusted([value for value, _ in rows], np.array([change for _, change in rows]))

    assert adjusted(first + later)[: len(first)] == adjusted(first)


def test_where_the_speed_did_not_change_nothing_is_adjusted():
    values = [0.01, -0.02, 0.05]
    assert speed.adjusted(values, np.zeros(3)) == values


def test_only_cpu_time_of_gauged_epochs_is_adjusted():
    gauged = [epoch(number, (1e6, 1.2e6), (40_000, 48_000)) for number in range(2)]
    assert speed.differences(Metric.CPU_PER_REQUEST, gauged) == pytest.approx([0.0, 0.0])
    assert speed.differences(Metric.P50, gauged) == pytest.approx([math.log(1.2)] * 2)
    mixed = [*gauged, epoch(2, (1e6, 1.2e6), (0.0, 0.0))]
    assert speed.differences(Metric.CPU_PER_REQUEST, mixed) == pytest.approx([math.log(1.2)] * 3)


def test_a_candidate_that_slows_the_gauge_itself_is_not_adjusted_for():
    generator = np.random.default_rng(1)
    pieces = [(40_000.0, 44_000.0 * math.exp(generator.normal(0, 0.01))) for _ in range(8)]
    slowing = [epoch(number, (1e6, 1.1e6), one) for number, one in enumerate(pieces)]
    assert speed.speed_of(slowing).shifted == pytest.approx(math.log(1.1), abs=0.02)
    assert speed.differences(Metric.CPU_PER_REQUEST, slowing) == pytest.approx([math.log(1.1)] * 8)

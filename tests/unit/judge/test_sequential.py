"""Bounds for looking after each epoch: their table against a fresh simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.judge import sequential, statistics


def test_the_bounds_hold_over_all_looks():
    """With other random numbers than the table was made from: each probability within four standard errors."""
    trials = 2000
    values = np.random.default_rng(99).standard_normal((trials, sequential.LONGEST))
    largest = np.max(
        [
            np.abs(sequential.weighted_t(values[:, :epochs]))
            for epochs in range(sequential.FEWEST, sequential.LONGEST + 1)
        ],
        axis=0,
    )
    for p, constant in sequential.QUANTILES:
        assert abs(np.mean(largest > constant) - p) <= 4 * np.sqrt(p * (1 - p) / trials) + 0.003, p


@given(st.integers(6, 160), st.floats(0.6, 0.999))
def test_bounds_and_p_values_agree(epochs: int, confidence: float) -> None:
    edge = sequential.bound(epochs, confidence) * sequential.weight(epochs)
    assert sequential.p_value(edge) == pytest.approx(1 - confidence, rel=1e-6)


def test_bounds_fall_with_epochs_and_rise_with_confidence():
    bounds = [sequential.bound(epochs, 0.95) for epochs in range(6, 81)]
    assert bounds == sorted(bounds, reverse=True)
    assert sequential.bound(20, 0.90) < sequential.bound(20, 0.95) < sequential.bound(20, 0.99)


def test_many_means_are_those_of_one():
    values = np.random.default_rng(3).normal(size=(5, 13))
    means, errors = sequential.trimmed_means(values)
    for row, mean, error in zip(values, means, errors, strict=True):
        assert mean == pytest.approx(statistics.trimmed_interval(row.tolist()).point)
        assert error == pytest.approx(statistics.standard_error(row))


def test_nothing_that_scatters_is_certain():
    assert np.isinf(sequential.weighted_t(np.ones((1, 6))))
    assert sequential.weighted_t(np.zeros((1, 6)))[0] == 0.0
    assert sequential.p_value(float("inf")) == pytest.approx(1e-4)
    assert sequential.p_value(0.0) == 1.0

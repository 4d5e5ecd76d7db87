"""Quantiles and their intervals."""

from collections.abc import Callable

import numpy as np
import pytest

from tailtune.judge.distribution import Distribution
from tailtune.judge.quantiles import (
    estimate_from_intervals,
    estimate_quantile,
    join_sizes,
    persistence,
    variance_inflation,
)
from tailtune.model.estimate import QuantileEstimate


def coverage(draw: Callable[[], QuantileEstimate], trials: int = 400) -> float:
    """Share of simulated runs whose interval holds the true quantile (0: `draw` is centered on it)."""
    inside = 0
    for _ in range(trials):
        estimate = draw().estimate
        assert estimate is not None
        low = -np.inf if estimate.low is None else estimate.low
        high = np.inf if estimate.high is None else estimate.high
        inside += low <= 0 <= high
    return inside / trials


@pytest.mark.parametrize(("q", "n"), [(0.5, 101), (0.9, 200), (0.99, 1500), (0.999, 8000)])
def test_intervals_cover_at_least_as_promised(q, n):
    generator = np.random.default_rng(11)
    true = np.quantile(generator.lognormal(size=4_000_000), q)
    found = coverage(lambda: estimate_quantile(Distribution.from_values(generator.lognormal(size=n) - true), q))
    assert 0.925 <= found <= 0.995  # promised 0.95; 0.925 is 2.3 standard errors below


def test_dependence_widens_intervals_until_they_cover():
    generator = np.random.default_rng(5)

    def seconds() -> list[Distribution]:
        """40 seconds of 100 requests; the log level of each second follows the one before."""
        level = np.zeros(40)
        for second in range(1, 40):
            level[second] = 0.6 * level[second - 1] + generator.normal(0, 0.3)
        return [Distribution.from_values(level[i] + generator.normal(0, 0.5, 100)) for i in range(40)]

    naive = coverage(lambda: estimate_quantile(Distribution.merge(seconds()), 0.5), 200)
    widened = coverage(lambda: estimate_from_intervals(seconds(), 0.5), 200)
    assert naive < 0.4
    assert widened > 0.88  # promised 0.95; one of 40 seconds tells little of phases that last several


@pytest.mark.parametrize("count", [4, 6, 9, 20])
def test_short_runs_are_widened_as_well(count):
    generator = np.random.default_rng(6)

    def seconds() -> list[Distribution]:
        levels = generator.normal(0, 0.3, count)
        return [Distribution.from_values(level + generator.normal(0, 0.5, 100)) for level in levels]

    assert coverage(lambda: estimate_from_intervals(seconds(), 0.5), 200) > 0.9


def test_alternating_and_equal_seconds_do_not_persist():
    assert persistence(np.array([1.0, -1.0] * 10)) == 1.0
    assert persistence(np.zeros(10)) == 1.0
    assert persistence(np.repeat([1.0, -1.0], 10)) == pytest.approx(1.9 / 0.1)


def test_independent_requests_are_widened_little():
    generator = np.random.default_rng(3)
    inflations = [
        variance_inflation([Distribution.from_values(generator.exponential(size=200)) for _ in range(30)], 0.9)
        for _ in range(100)
    ]
    assert 1.0 <= np.median(inflations) < 1.4


@pytest.mark.parametrize(("q", "fewest"), [(0.5, 15), (0.9, 73), (0.99, 731), (0.999, 7301)])
def test_a_quantile_is_given_only_with_enough_requests(q, fewest):
    assert estimate_quantile(Distribution.from_values(np.arange(fewest - 2)), q).estimate is None
    estimate = estimate_quantile(Distribution.from_values(np.arange(fewest)), q).estimate
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.point < estimate.high


def test_strong_dependence_leaves_no_upper_bound():
    estimate = estimate_quantile(Distribution.from_values(np.arange(1000)), 0.99, inflation=20).estimate
    assert estimate is not None
    assert estimate.high is None
    assert estimate.low is not None


def test_the_point_is_the_distributions_own_quantile():
    distribution = Distribution.from_values(np.random.default_rng(1).exponential(size=500))
    estimate = estimate_from_intervals([distribution], 0.9).estimate
    assert estimate is not None
    assert estimate.point == distribution.quantile(0.9)


def test_seconds_are_joined_to_twenty_batches_or_more():
    assert join_sizes([1] * 19) == [1] * 19
    assert join_sizes([1] * 45) == [2] * 22
    assert join_sizes([]) == []

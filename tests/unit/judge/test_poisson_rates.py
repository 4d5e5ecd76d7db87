"""Two rates of sampled events: the intervals hold, and nothing depends on which side is called base."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tailtune.judge.poisson_rates import (
    POWER,
    Events,
    difference_bounds,
    events_of,
    p_values,
    ratio_bounds,
    smallest_p,
    times_longer,
)

counts = st.integers(0, 10_000)
exposures = st.floats(0.1, 1000)
DRAWS = 4000


def given_counts(base, candidate, seconds=(10.0, 10.0)) -> tuple[Events, Events]:
    x, y = (np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (base, candidate))
    return events_of((x, x, seconds[0]), (y, y, seconds[1]))


@pytest.mark.parametrize("mean", [0.7, 3, 12, 60, 400, 5000])
@pytest.mark.parametrize("ratio", [1.0, 1.4, 0.5])
def test_intervals_of_counts_cover(mean, ratio):
    generator = np.random.default_rng(11)
    seconds = (10.0, 7.0)
    sides = given_counts(
        generator.poisson(mean, DRAWS), generator.poisson(mean * ratio * seconds[1] / seconds[0], DRAWS), seconds
    )
    found, change = ratio_bounds(*sides, 0.95), difference_bounds(*sides, 0.95)
    truth = mean * (ratio - 1) / seconds[0]
    assert np.mean((found.low <= ratio) & (ratio <= found.high)) >= 0.94
    assert np.mean((change.low <= truth) & (truth <= change.high)) >= 0.94


@pytest.mark.parametrize("mean", [50, 200, 1000])
@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_intervals_of_samples_that_weigh_differently_cover(mean, spread):
    """Lognormal weights; heavy ones are rarely drawn, so that few samples tell little of them."""
    generator = np.random.default_rng(12)

    def drawn() -> tuple[np.ndarray, np.ndarray, float]:
        weights = [generator.lognormal(0, spread, size) for size in generator.poisson(mean, DRAWS // 2)]
        return np.array([one.sum() for one in weights]), np.array([one @ one for one in weights]), 10.0

    sides = events_of(drawn(), drawn())
    found, change = ratio_bounds(*sides, 0.95), difference_bounds(*sides, 0.95)
    assert np.mean((found.low <= 1) & (found.high >= 1)) >= 0.94
    assert np.mean((change.low <= 0) & (change.high >= 0)) >= 0.94


@pytest.mark.parametrize(("base", "candidate"), [(5, 14), (0, 6), (31, 12), (200, 260)])
def test_it_is_the_exact_test_of_a_binomial_share(base, candidate):
    sides = given_counts(base, candidate, (10.0, 20.0))
    exact = stats.binomtest(candidate, base + candidate, 2 / 3)
    share = exact.proportion_ci(0.95, method="exact")
    found = ratio_bounds(*sides, 0.95)
    assert found.low[0] == pytest.approx(share.low / (1 - share.low) / 2)
    assert found.high[0] == (np.inf if base == 0 else pytest.approx(share.high / (1 - share.high) / 2))
    tail = min(
        stats.binom.cdf(candidate, base + candidate, 2 / 3), stats.binom.sf(candidate - 1, base + candidate, 2 / 3)
    )
    assert p_values(*sides)[0] == pytest.approx(min(1, 2 * tail))


@settings(deadline=None)
@given(counts, counts, exposures, exposures)
def test_swapped_sides_give_the_inverse(base, candidate, one, other):
    there, back = given_counts(base, candidate, (one, other)), given_counts(candidate, base, (other, one))
    forward, inverse = ratio_bounds(*there, 0.95), ratio_bounds(*back, 0.95)
    with np.errstate(divide="ignore"):
        assert forward.low == pytest.approx(1 / inverse.high, rel=1e-6)
        assert forward.high == pytest.approx(1 / inverse.low, rel=1e-6)
    change, opposite = difference_bounds(*there, 0.95), difference_bounds(*back, 0.95)
    assert change.low == pytest.approx(-opposite.high)
    assert p_values(*there) == pytest.approx(p_values(*back))


@settings(deadline=None)
@given(counts, counts, exposures, exposures)
def test_p_agrees_with_the_interval_and_is_never_below_the_smallest(base, candidate, one, other):
    sides = given_counts(base, candidate, (one, other))
    found, p = ratio_bounds(*sides, 0.95), p_values(*sides)[0]
    if abs(p - 0.05) > 1e-6:
        assert (p < 0.05) == bool(found.low[0] > 1 or found.high[0] < 1)
    assert p >= smallest_p(*sides)[0] * (1 - 1e-9)


@settings(deadline=None)
@given(st.floats(0.01, 1e9), st.lists(st.floats(1, 1e6), min_size=1, max_size=20))
def test_intervals_do_not_depend_on_the_unit(unit, weights):
    data = np.array(weights)
    plain = (np.array([data.sum()]), np.array([data @ data]), 5.0)
    scaled = (plain[0] * unit, plain[1] * unit**2, 5.0)
    other = (plain[0] * 1.3, plain[1] * 1.5, 5.0)
    found, same = (ratio_bounds(*events_of(one, other), 0.95) for one in (plain, scaled))
    assert found.low == pytest.approx(same.low * unit, rel=1e-6)
    assert found.high == pytest.approx(same.high * unit, rel=1e-6)


def test_nothing_on_both_sides_says_nothing():
    sides = given_counts(0, 0)
    found = ratio_bounds(*sides, 0.95)
    assert (found.low[0], found.high[0]) == (0, np.inf)
    assert p_values(*sides)[0] == 1
    assert times_longer(*sides, 1.1, 0.05)[0] == np.inf


def test_so_much_longer_finds_the_change_as_often_as_said():
    generator = np.random.default_rng(13)
    base, ratio = 40, 1.25
    longer = float(times_longer(*given_counts(base, base), ratio, 0.01)[0])
    mean = base * longer
    sides = given_counts(generator.poisson(mean, DRAWS), generator.poisson(mean * ratio, DRAWS))
    assert np.mean(p_values(*sides) <= 0.01) == pytest.approx(POWER, abs=0.08)

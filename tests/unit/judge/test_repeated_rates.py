"""Rates from several profiles on each side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tailtune.judge.repeated_rates import Repeats, difference_bounds, p_values, ratio_bounds

FUNCTIONS = 4000


def profiles(generator, number, rate, spread, exposures=None, shared=None) -> Repeats:
    """Draw Poisson counts whose rate itself differs from profile to profile, by lognormal factors."""
    lengths = np.full(number, 10.0) if exposures is None else np.array(exposures)
    factors = generator.lognormal(-(spread**2) / 2, spread, (number, FUNCTIONS))
    means = rate * lengths[:, None] * factors * (1.0 if shared is None else shared)
    return Repeats(generator.poisson(means).astype(np.float64), lengths)


@pytest.mark.parametrize("number", [3, 5, 10])
@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_intervals_cover_where_profiles_differ_beyond_counting(number, spread):
    generator = np.random.default_rng(21)
    sides = profiles(generator, number, 30, spread), profiles(generator, number, 36, spread)
    found = ratio_bounds(*sides, 0.95, paired=False)
    change = difference_bounds(*sides, 0.95, paired=False)
    assert np.mean((found.low <= 1.2) & (found.high >= 1.2)) >= 0.94
    assert np.mean((change.low <= 6) & (change.high >= 6)) >= 0.94


def test_pairs_take_out_what_both_sides_share():
    generator = np.random.default_rng(22)
    shared = generator.lognormal(0, 0.4, (6, FUNCTIONS))
    base, candidate = (profiles(generator, 6, rate, 0.02, shared=shared) for rate in (50, 55))
    paired, apart = (ratio_bounds(base, candidate, 0.95, paired=one) for one in (True, False))
    assert np.mean((paired.low <= 1.1) & (paired.high >= 1.1)) >= 0.94
    assert np.median(paired.high - paired.low) < np.median(apart.high - apart.low) / 4


def test_equal_lengths_give_welchs_test():
    generator = np.random.default_rng(23)
    one, other = generator.poisson(100, (4, 1)).astype(float), generator.poisson(130, (5, 1)).astype(float)
    change = difference_bounds(Repeats(one, np.ones(4)), Repeats(other, np.ones(5)), 0.95, paired=False)
    welch = stats.ttest_ind(other[:, 0], one[:, 0], equal_var=False).confidence_interval(0.95)
    assert (change.low[0], change.high[0]) == pytest.approx((welch.low, welch.high))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=3, max_size=8), st.booleans())
def test_swapped_sides_give_the_opposite(values, paired):
    columns = np.array(values, dtype=np.float64)
    one, other = (Repeats(columns[:, [at]], np.full(len(columns), 2.0)) for at in (0, 1))
    there, back = (difference_bounds(*pair, 0.95, paired=paired) for pair in ((one, other), (other, one)))
    assert there.low == pytest.approx(-back.high)
    assert p_values(one, other, paired=paired) == pytest.approx(p_values(other, one, paired=paired))


def test_a_profile_twice_as_long_is_no_difference():
    sides = (
        Repeats(np.array([[10.0], [20.0], [10.0]]), np.array([1.0, 2.0, 1.0])),
        Repeats(np.full((3, 1), 10.0), np.ones(3)),
    )
    assert p_values(*sides, paired=False)[0] == 1


def test_pairs_of_different_number_are_refused():
    sides = Repeats(np.ones((3, 1)), np.ones(3)), Repeats(np.ones((4, 1)), np.ones(4))
    with pytest.raises(ValueError, match="pairs"):
        difference_bounds(*sides, 0.95, paired=True)

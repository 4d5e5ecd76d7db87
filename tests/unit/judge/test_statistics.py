"""Trimmed means and permutations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tailtune.judge.statistics import sign_flip_p, standard_error, trimmed_interval

samples = st.lists(st.floats(-10, 10), min_size=6, max_size=12)


@settings(deadline=None)
@given(samples)
def test_without_trimming_it_is_students_interval(data):
    interval = trimmed_interval(data, trim=0.0)
    spread = np.std(data, ddof=1) / math.sqrt(len(data)) * stats.t.ppf(0.975, len(data) - 1)
    assert interval.point == pytest.approx(np.mean(data), abs=1e-9)
    assert interval.high is not None
    assert interval.high - interval.point == pytest.approx(spread, abs=1e-9)


@settings(deadline=None)
@given(samples, st.floats(0.5, 3), st.floats(-5, 5))
def test_intervals_move_and_scale_with_the_data(data, scale, shift):
    interval, moved = trimmed_interval(data), trimmed_interval([scale * value + shift for value in data])
    assert moved.point == pytest.approx(scale * interval.point + shift, abs=1e-7)
    assert moved.low == pytest.approx(scale * interval.low + shift, abs=1e-6)


def test_published_example():
    """Wilcox 2012, Introduction to Robust Estimation, section 3.3 and 4.3: self-awareness data."""
    data = [77, 87, 88, 114, 151, 210, 219, 246, 253, 262, 296, 299, 306, 376, 428, 515, 666, 1310, 2611]
    assert trimmed_interval(data, trim=0.2).point == pytest.approx(283.0, abs=0.5)
    assert standard_error(data, trim=0.2) == pytest.approx(56.1, rel=0.005)


def test_coverage_on_heavy_tails():
    generator = np.random.default_rng(2)
    inside = 0
    for _ in range(1000):
        interval = trimmed_interval(generator.standard_t(3, size=10).tolist())
        assert interval.low is not None
        assert interval.high is not None
        inside += interval.low <= 0 <= interval.high
    assert 0.93 <= inside / 1000 <= 0.98


def test_one_outlier_does_not_move_the_mean_far():
    calm = [0.01, 0.02, 0.0, -0.01, 0.015, 0.005, 0.01, 0.0, 0.002]
    assert abs(trimmed_interval([*calm, 5.0]).point) < 0.02
    few = trimmed_interval([*calm[:6], 5.0])  # none is trimmed: the interval says that nothing is known
    assert few.low is not None
    assert few.low < 0


def test_few_values_have_no_bounds_and_none_is_refused():
    assert trimmed_interval([1.0, 2.0]).low is None
    assert math.isnan(standard_error([1.0]))
    with pytest.raises(ValueError, match="no values"):
        trimmed_interval([])
    with pytest.raises(ValueError, match="no values"):
        sign_flip_p([])


def test_permutation_of_equal_signs_is_the_smallest_possible():
    assert sign_flip_p([0.1, 0.2, 0.15, 0.12, 0.3, 0.11]) == pytest.approx(2 / 2**6)
    assert sign_flip_p([0.1] * 8) == pytest.approx(2 / 2**8)
    assert sign_flip_p([0.1, -0.1] * 4) == pytest.approx(1.0)


def test_permutation_p_is_uniform_without_effect():
    generator = np.random.default_rng(4)
    small = sum(sign_flip_p(generator.normal(size=8).tolist()) <= 0.05 for _ in range(600)) / 600
    assert 0.025 <= small <= 0.08


def test_many_epochs_are_drawn_and_repeatable():
    data = np.random.default_rng(1).normal(0.05, 0.05, 20).tolist()
    assert sign_flip_p(data) == sign_flip_p(data) < 0.01

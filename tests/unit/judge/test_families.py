"""Many tests at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.judge.families import holm
from tailtune.judge.families import testable as able_to_decide

shares = st.lists(st.floats(0, 1), min_size=1, max_size=50).map(np.array)


def test_published_example():
    """Wright 1992, Biometrics 48, 1005-1013, table 1."""
    adjusted = holm(np.array([0.022, 0.002, 0.075, 0.004]))
    assert adjusted == pytest.approx([0.044, 0.008, 0.075, 0.012])


@given(shares)
def test_adjusting_keeps_the_order_and_lies_between_p_and_bonferroni(p):
    adjusted = holm(p)
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, p * len(p))).all()


@given(shares)
def test_what_is_testable_fits_the_number_that_bounds_it(smallest):
    able = able_to_decide(smallest, 0.05)
    size = int(able.sum())
    assert (smallest[able] <= 0.05 / max(size, 1)).all()
    assert size == 0 or not able.all() or smallest.max() <= 0.05 / len(smallest)


def test_tests_that_cannot_decide_cost_the_others_nothing():
    assert able_to_decide(np.array([1e-6, 1e-5, *[0.5] * 10_000]), 0.05).sum() == 2
    assert able_to_decide(np.array([]), 0.05).tolist() == []

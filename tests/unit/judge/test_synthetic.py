import math

import numpy as np
import pytest

from tailtune.judge import synthetic


@pytest.mark.parametrize("shape", synthetic.SHAPES)
def test_log_ratios_have_the_deviation_and_the_change_that_were_asked_for(shape: str) -> None:
    values = synthetic.log_ratios(shape, 0.04, 0.05, experiments=400, seed=1, epochs=40)
    assert values.shape == (400, 40)
    assert np.median(values) == pytest.approx(math.log(1.05), abs=0.003)
    if shape == "heavy-tails":
        core = np.percentile(values, 84) - np.percentile(values, 50)
        assert 0.02 < core < 0.04  # the tails carry much of the variance
        return
    assert values.std() == pytest.approx(0.04, rel=0.05)


def test_draws_are_those_of_the_seed() -> None:
    one, again, other = (synthetic.log_ratios("drift", 0.1, 0.0, 5, seed, 8) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, synthetic.log_ratios("ar", 0.1, 0.0, 5, 1, 8))


def test_orders_are_balanced_within_an_epoch_and_over_two() -> None:
    signs = synthetic.orders(np.random.default_rng(1), 50, 6)
    assert (signs.sum(axis=2) == 0).all()
    assert (signs[..., 0] == signs[..., 3]).all()
    assert np.array_equal(signs[:, 0::2], -signs[:, 1::2])
    assert {1.0, -1.0} == set(signs[:, 0, 0])


def test_a_drift_that_is_even_meets_both_variants_alike() -> None:
    signs = synthetic.orders(np.random.default_rng(1), 3, 4)
    slopes = np.arange(16.0).reshape(4, 4)
    assert np.allclose((signs * slopes).sum(axis=2), 0)


def test_a_regime_tells_how_often_verdicts_were_false_and_how_soon_they_came() -> None:
    calm = synthetic.regime("normal", 0.02, 60, seed=1, epochs=30)
    assert calm.found == calm.sought == 30
    assert calm.missed == 0
    assert calm.regressed.passes
    assert calm.improved.passes
    assert calm.median_epochs_changed is not None
    assert calm.median_epochs_unchanged is not None
    assert calm.median_epochs_changed < calm.median_epochs_unchanged
    wild = synthetic.regime("normal", 0.2, 60, seed=1, epochs=12)
    assert wild.median_epochs_unchanged is None
    assert synthetic.experiments_of(60) == 120

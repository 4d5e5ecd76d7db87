"""The rate of false verdicts, the power, and the forecast of the rules, on many simulated experiments."""

import numpy as np
import numpy.typing as npt
import pytest

from tailtune.judge.decision import decide, epochs_needed, p_value
from tailtune.judge.statistics import sign_flip_p, trimmed_interval
from tailtune.model.estimate import Estimate
from tailtune.model.verdict import Verdict

CHANGES = (Verdict.IMPROVED, Verdict.REGRESSED)


def verdict(differences: npt.NDArray[np.float64], margin: float = 0.02) -> Verdict:
    return decide(trimmed_interval(differences.tolist()), sign_flip_p(differences.tolist()), margin)[0]


def experiments(trials: int, epochs: int, effect: float, noise: str) -> npt.NDArray[np.float64]:
    """Log ratios of each epoch: normal, or with the heavy tails that a shared machine gives them."""
    generator = np.random.default_rng(8)
    shape = (trials, epochs)
    return effect + 0.03 * (generator.normal(size=shape) if noise == "normal" else generator.standard_t(2, shape))


@pytest.mark.parametrize("noise", ["normal", "heavy"])
@pytest.mark.parametrize("epochs", [6, 8, 12])
def test_identical_variants_are_seldom_called_different(epochs, noise):
    found = [verdict(one) for one in experiments(500, epochs, 0.0, noise)]
    false = [found.count(one) for one in CHANGES]
    assert sum(false) / 500 <= 0.06  # nominal 0.05 at most
    assert max(false) / 500 <= 0.04  # and on either side alike


def test_a_change_at_the_margin_is_seldom_called_equivalent():
    found = [verdict(one, margin=0.05) for one in experiments(500, 12, np.log1p(0.05), "normal")]
    assert found.count(Verdict.EQUIVALENT) / 500 <= 0.04
    assert found.count(Verdict.IMPROVED) == 0


def test_a_change_of_two_deviations_is_found():
    found = [verdict(one) for one in experiments(200, 8, 0.06, "normal")]
    assert found.count(Verdict.REGRESSED) / 200 >= 0.9


def test_the_forecast_of_epochs_decides_about_as_often_as_not():
    """Repeated with as many epochs as 8 undecided ones foretold, an experiment is decided in about half the cases."""
    decided, trials = 0, 0
    for seed, pilot in enumerate(experiments(300, 8, 0.02, "normal")):
        needed = epochs_needed(trimmed_interval(pilot.tolist()), 0.03)
        if verdict(pilot, 0.03) is Verdict.INCONCLUSIVE and needed is not None and needed <= 40:
            again = 0.02 + 0.03 * np.random.default_rng(seed).normal(size=needed)
            decided += verdict(again, 0.03) is not Verdict.INCONCLUSIVE
            trials += 1
    assert trials >= 100
    assert 0.3 <= decided / trials <= 0.85


def test_the_p_value_agrees_with_the_interval():
    for one in experiments(50, 9, 0.02, "normal"):
        interval = trimmed_interval(one.tolist())
        assert interval.low is not None
        assert interval.high is not None
        assert (p_value(interval) < 0.05) == (interval.low > 0 or interval.high < 0)


def test_an_interval_without_bounds_foretells_nothing():
    unbounded = Estimate(point=0.1, low=None, high=None, confidence=0.95, n=2)
    assert epochs_needed(unbounded, 0.02) is None
    assert p_value(unbounded) == 1.0


def test_a_small_change_that_may_be_large_is_called_so():
    interval = Estimate(point=0.009, low=0.001, high=0.03, confidence=0.95, n=8)
    found, reason = decide(interval, 0.01, 0.02)
    assert found is Verdict.INCONCLUSIVE
    assert "holds both a change too small to matter and a change beyond the margin" in reason

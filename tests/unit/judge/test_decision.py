"""The rate of false verdicts over all looks, the power, and the forecast of the rules, on simulated experiments."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from tailtune.judge.decision import decide, decide_all, epochs_needed, sequential_interval
from tailtune.judge.sequential import HORIZON
from tailtune.model.estimate import Estimate
from tailtune.model.verdict import Verdict

TRIALS = 2000


def experiments(epochs: int, effect: float, sd: float, noise: str = "normal") -> npt.NDArray[np.float64]:
    """Log ratios of each epoch: normal, or with the heavy tails that a shared machine gives them."""
    generator = np.random.default_rng(8)
    shape = (TRIALS, epochs)
    return effect + sd * (generator.normal(size=shape) if noise == "normal" else generator.standard_t(2, shape))


@pytest.mark.parametrize("noise", ["normal", "heavy"])
@pytest.mark.parametrize("sd", [0.02, 0.10, 0.40])
def test_looking_after_each_epoch_seldom_calls_identical_variants_different(noise, sd):
    found = decide_all(experiments(HORIZON, 0.0, sd, noise), 0.03)
    for side in (found.regressed, found.improved):
        assert side.mean() <= 0.028 + 2 * math.sqrt(0.028 / TRIALS)


def test_a_change_at_the_margin_is_seldom_called_equivalent():
    found = decide_all(experiments(40, np.log1p(0.05), 0.05), 0.05)
    assert found.equivalent.mean() <= 0.05
    assert found.improved.mean() <= 0.005


@pytest.mark.parametrize(("sd", "least"), [(0.02, 0.999), (0.04, 0.99), (0.10, 0.90)])
def test_five_percent_are_found(sd, least):
    found = decide_all(experiments(HORIZON, np.log1p(0.05), sd), 0.03)
    assert found.regressed.mean() >= least


def test_one_experiment_is_decided_as_many_are():
    values = experiments(12, 0.03, 0.03)[:40]
    found = decide_all(values, 0.02)
    for row, (kind, at) in zip(values, zip(found.kind, found.at, strict=True), strict=True):
        one = decide(row.tolist(), 0.02)
        if one.reason.startswith("later epochs contradict"):
            continue
        assert one.decided_at == (at or None)
        assert (one.verdict is Verdict.INCONCLUSIVE) == (kind == 0)
        assert (one.verdict is Verdict.EQUIVALENT) == (kind == 2)


def test_what_was_decided_stays_decided_though_not_against_later_epochs():
    early = [0.10, 0.11, 0.09, 0.10, 0.105, 0.095]
    assert decide(early, 0.02).verdict is Verdict.REGRESSED
    later = decide([*early, *[0.10, -0.05, 0.3, 0.1]], 0.02)
    assert (later.verdict, later.decided_at) == (Verdict.REGRESSED, 6)
    turned = decide(early + [-0.2] * 20, 0.02)
    assert turned.verdict is Verdict.INCONCLUSIVE
    assert "contradict" in turned.reason


def test_the_forecast_of_epochs_decides_about_as_often_as_not():
    """Repeated with as many epochs as 8 undecided ones foretold, an experiment is decided in about half the cases."""
    decided, trials = 0, 0
    for seed, pilot in enumerate(experiments(8, 0.02, 0.03)[:300]):
        needed = epochs_needed(sequential_interval(pilot.tolist()), 0.03)
        if decide(pilot.tolist(), 0.03).verdict is Verdict.INCONCLUSIVE and needed is not None and needed <= 40:
            again = 0.02 + 0.03 * np.random.default_rng(seed).normal(size=needed)
            decided += decide(again.tolist(), 0.03).verdict is not Verdict.INCONCLUSIVE
            trials += 1
    assert trials >= 100
    assert 0.3 <= decided / trials <= 0.85


def test_few_epochs_decide_nothing_and_foretell_nothing():
    found = decide([0.5] * 5, 0.02)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.interval.low is None
    assert "6 are the fewest" in found.reason
    assert epochs_needed(found.interval, 0.02) is None
    unbounded = Estimate(point=0.1, low=None, high=None, confidence=0.95, n=2)
    assert epochs_needed(unbounded, 0.02) is None


def test_a_small_change_that_may_be_large_is_called_so():
    found = decide([0.010, 0.012, 0.009, 0.004, 0.011, 0.0125, 0.008, 0.0135], 0.03)
    assert found.verdict is Verdict.EQUIVALENT
    wide = decide([0.010, 0.022, 0.001, 0.014, -0.011, 0.0325, 0.028, 0.0135], 0.02)
    assert wide.verdict is Verdict.INCONCLUSIVE
    assert "holds both no change and a change beyond the margin" in wide.reason

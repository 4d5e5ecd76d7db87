"""Setting what was measured beside what is known, and what theory says of runs of a length."""

import numpy as np
import pytest
from msgspec.structs import replace
from tests.support.results import REPORT, estimate

from tailtune.judge import truth
from tailtune.judge.queueing import DeterministicQueue, HyperexponentialQueue, replay
from tailtune.model.load import Validity
from tailtune.model.selftest import Truth
from tailtune.model.units import NS_PER_S


@pytest.mark.parametrize(
    ("expected", "measured", "clean", "outcome"),
    [
        (1e6, 1.029e6, True, Truth.HOLDS),
        (1e6, 1.031e6, True, Truth.FAILS),
        (1e6, 0.969e6, True, Truth.FAILS),
        (1e6, 2e6, False, Truth.DISTURBED),
        (1e6, 1.029e6, False, Truth.HOLDS),
        (0.0, 29e3, True, Truth.HOLDS),
        (0.0, 31e3, True, Truth.FAILS),
    ],
)
def test_a_time_may_be_off_by_three_hundredths_or_thirty_microseconds(
    expected: float, measured: float, clean: bool, outcome: Truth
) -> None:
    (figure,) = truth.compare({"p50": expected}, {"p50": measured}, clean=clean)
    assert figure.outcome is outcome


def test_what_agrees_with_its_schedule_must_agree_with_theory_too() -> None:
    theory = {"p50": estimate(3e6, 2.9e6, 3.1e6)}
    (far,) = truth.compare({"p50": 2e6}, {"p50": 2e6}, theory, clean=True)
    (near,) = truth.compare({"p50": 2.88e6}, {"p50": 2.88e6}, theory, clean=True)
    assert (far.outcome, near.outcome) == (Truth.FAILS, Truth.HOLDS)


def test_counts_must_be_equal() -> None:
    assert truth.compare_counts("requests", 10, 10, clean=True).outcome is Truth.HOLDS
    assert truth.compare_counts("requests", 10, 11, clean=True).outcome is Truth.FAILS
    assert truth.compare_counts("requests", 10, 11, clean=False).outcome is Truth.DISTURBED


def test_a_load_that_is_not_called_what_it_is_fails() -> None:
    accepted = [Validity.INVALID]
    bad = replace(REPORT, validity=Validity.INVALID)
    assert truth.conclude("starved", "", bad, accepted=accepted).outcome is Truth.HOLDS
    assert truth.conclude("starved", "", REPORT, accepted=accepted).outcome is Truth.FAILS
    assert truth.conclude("any", "", REPORT).outcome is Truth.HOLDS


def test_the_worst_outcome_counts() -> None:
    assert truth.worst([]) is Truth.HOLDS
    assert truth.worst([Truth.HOLDS, Truth.FAILS, Truth.DISTURBED]) is Truth.FAILS


def test_statistics_follow_the_quantile_rule() -> None:
    assert set(truth.statistics(np.arange(100.0))) == {"mean", "p50", "p90"}
    assert truth.statistics(np.arange(1000.0), maximum=True) == {
        "mean": 499.5,
        "p50": 499,
        "p90": 899,
        "p99": 989,
        "max": 999,
    }


@pytest.mark.parametrize("queue", [DeterministicQueue(0.6 / 5e6, 5e6), HyperexponentialQueue(0.6 / 5e6, 5e6, 3.0)])
def test_runs_fall_within_the_interval_as_often_as_it_says(queue: DeterministicQueue | HyperexponentialQueue) -> None:
    seconds, random = 20, np.random.default_rng(99)
    theory = truth.queue_theory(queue, seconds)
    assert set(theory) == {"mean", "p50", "p90", "p99"}
    runs = 200
    for name, known in theory.items():
        inside = 0
        for _ in range(runs):
            arrivals = truth.poisson(random, queue.rate, seconds * NS_PER_S)
            value = truth.statistics(replay(arrivals, queue.draw_services(random, len(arrivals))))[name]
            inside += known.low <= value <= known.high  # type: ignore[operator]
        assert inside >= runs * 0.95, name
        assert known.low < known.point < known.high or name == "p50"  # type: ignore[operator]


def test_a_freeze_delays_what_should_have_left_while_it_lasted() -> None:
    assert truth.freeze(np.array([0.0, 10, 15, 20, 25]), 10, 20).tolist() == [0, 10, 5, 0, 0]
    theory = truth.freeze_theory(100, 8, 2)
    assert theory["max"].point == pytest.approx(2e9)
    assert theory["p90"].point == pytest.approx(1.2e9)
    assert theory["mean"].point == pytest.approx(0.25e9)
    assert theory["p90"].low < 1.2e9 < theory["p90"].high  # type: ignore[operator]

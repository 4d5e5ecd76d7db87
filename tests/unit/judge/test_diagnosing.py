"""What diagnosing cost: ratios with bounds, and the cases in which nothing is known."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.facts import facts

from tailtune.judge.diagnosing import diagnosing_cost, ratio_of
from tailtune.model.estimate import Estimate
from tailtune.model.load import Validity
from tailtune.model.summary import WindowSummary
from tailtune.show.phrases import diagnosing


def estimate(point: float, low: float | None, high: float | None, n: int = 100) -> Estimate:
    return Estimate(point=point, low=low, high=high, confidence=0.95, n=n)


def bounds(one: Estimate | None) -> tuple[float, float]:
    assert one is not None
    assert one.low is not None
    assert one.high is not None
    return one.low, one.high


def window(factor: float = 1.0, **changes: Any) -> WindowSummary:
    """The measure window of `facts`, with CPU per request times a factor."""
    one = facts().measure
    assert one.cpu is not None
    spent = one.cpu.per_request_ns
    assert spent.low is not None
    assert spent.high is not None
    scaled = msgspec.structs.replace(
        spent, point=spent.point * factor, low=spent.low * factor, high=spent.high * factor
    )
    costly: dict[str, Any] = {"cpu": msgspec.structs.replace(one.cpu, per_request_ns=scaled)}
    return msgspec.structs.replace(one, **(costly | changes))


def test_the_ratio_has_the_uncertainty_of_both():
    found = ratio_of(estimate(100, 90, 110), estimate(200, 190, 212))
    assert found is not None
    assert found.point == 2
    assert found.low == pytest.approx(2 * math.exp(-math.hypot(math.log(200 / 190), math.log(110 / 100))))
    assert found.high == pytest.approx(2 * math.exp(math.hypot(math.log(212 / 200), math.log(100 / 90))))


def test_a_bound_that_is_not_known_leaves_none():
    assert ratio_of(None, estimate(1, 1, 1)) is None
    assert ratio_of(estimate(0, 0, 1), estimate(1, 1, 1)) is None
    half = ratio_of(estimate(100, 90, None), estimate(200, 190, 212))
    assert half is not None
    assert half.low is None
    assert half.high is not None
    zero = ratio_of(estimate(100, 0, 110), estimate(200, 190, 212))
    assert zero is not None
    assert zero.high is None


BOUND = st.floats(0.01, 1.0)


@settings(deadline=None)
@given(st.floats(1e-3, 1e12), st.floats(1e-3, 1e12), st.tuples(BOUND, BOUND, BOUND, BOUND))
def test_the_point_lies_between_its_bounds_and_turned_around_it_is_the_inverse(below, above, shares):
    first = estimate(below, below * shares[0], below / shares[1])
    second = estimate(above, above * shares[2], above / shares[3])
    there, back = ratio_of(first, second), ratio_of(second, first)
    assert there is not None
    assert back is not None
    low, high = bounds(there)
    assert low <= there.point <= high
    assert back.point == pytest.approx(1 / there.point)
    assert bounds(back) == pytest.approx((1 / high, 1 / low))


def test_the_interval_covers_about_as_promised():
    """Of the ratio of two means, with intervals of a normal mean each."""
    draw, hits, rounds = np.random.default_rng(5), 0, 2000
    for _ in range(rounds):
        pair = []
        for mean in (100.0, 130.0):
            seen = draw.normal(mean, 3.0)
            pair.append(estimate(seen, seen - 1.96 * 3.0, seen + 1.96 * 3.0))
        low, high = bounds(ratio_of(*pair))
        hits += low <= 1.3 <= high
    assert 0.93 <= hits / rounds <= 0.97


def test_figures_of_both_windows_are_set_against_each_other():
    found = diagnosing_cost(window(), window(1.2))
    assert found is not None
    assert found.unknown == ""
    assert found.cpu_per_request is not None
    assert found.cpu_per_request.point == pytest.approx(1.2)
    assert bounds(found.cpu_per_request)[0] > 1
    assert [one.point for one in (found.p50, found.p99) if one] == [1, 1]
    text = diagnosing(found)
    assert text.startswith("CPU per request +20.0 % [+")
    assert text.endswith("figures come from the window without it")
    assert "p50" not in diagnosing(found, brief=True)


def test_what_chance_explains_is_no_cost_for_sure():
    assert diagnosing(diagnosing_cost(window(), window(1.01))).startswith("no cost for sure: CPU per request +1.0 % [-")


def test_it_says_so_when_nothing_is_known():
    assert diagnosing_cost(window(), None) is None
    assert diagnosing(None) == ""
    invalid = diagnosing_cost(window(), window(1.2, window="diagnose", validity=Validity.INVALID))
    assert invalid is not None
    assert (invalid.cpu_per_request, invalid.p99) == (None, None)
    assert "load of the window diagnose is INVALID" in diagnosing(invalid)
    bare = window(cpu=None, latency=msgspec.structs.replace(window().latency, quantiles=[]))
    assert "too few requests" in diagnosing(diagnosing_cost(window(), bare))


def test_without_cpu_time_latency_is_still_told():
    found = diagnosing_cost(window(), window(cpu=None))
    assert found is not None
    assert found.cpu_per_request is None
    assert "CPU per request n/a" in diagnosing(found)
    assert "p99 +0.0 %" in diagnosing(found)

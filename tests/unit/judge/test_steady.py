"""When a warm-up ends."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tailtune.judge.steady import steady


@dataclass
class Second:
    p50_ns: float
    cpu_per_request_ns: float = 2e6
    gc_cycles: int = -1
    seconds: float = 1.0


def first_steady(windows: list[Second]) -> int | None:
    """After how many windows the warm-up ends."""
    return next((count for count in range(1, len(windows) + 1) if steady(windows[:count])[0]), None)


def test_a_calm_service_is_steady_after_four_seconds():
    assert first_steady([Second(1e6)] * 10) == 4


def test_a_service_that_becomes_faster_is_waited_for():
    warming = [Second(1e6 * (1 + 4 * math.exp(-second / 2))) for second in range(30)]
    count = first_steady(warming)
    assert count is not None
    assert 8 <= count <= 20
    assert warming[count - 1].p50_ns < 1.15e6


def test_a_slow_trend_does_not_pass_for_noise():
    assert first_steady([Second(1e6, 2e6 * 1.02**second) for second in range(30)]) is None


def test_noise_alone_ends_the_warm_up_soon():
    generator = np.random.default_rng(1)
    counts = [
        first_steady([Second(float(p50), float(cpu)) for p50, cpu in generator.lognormal(0, 0.1, (30, 2))])
        for _ in range(50)
    ]
    assert all(count is not None for count in counts)
    assert np.median([count or 99 for count in counts]) <= 6


def test_a_step_is_noticed():
    windows = [Second(1e6)] * 6 + [Second(2e6)] * 2
    assert steady(windows[:6])[0]
    done, reason = steady(windows)
    assert not done
    assert "median latency still moves by +" in reason


def test_go_has_to_collect_twice_under_load():
    windows = [Second(1e6, gc_cycles=3)] * 5
    done, reason = steady(windows)
    assert (done, reason) == (False, "0 of 2 garbage collections under load")
    assert steady([*windows, Second(1e6, gc_cycles=5)])[0]


def test_a_rare_collector_is_not_waited_for_long():
    done, reason = steady([Second(1e6, gc_cycles=1)] * 10)
    assert done
    assert "rare" in reason


@pytest.mark.parametrize("p50", [0.0, math.nan])
def test_counting_begins_anew_after_a_second_without_answers(p50: float):
    done, reason = steady([Second(1e6)] * 6 + [Second(p50)])
    assert not done
    assert reason == "0 of at least 4 windows with answers"
    assert first_steady([Second(1e6), Second(p50)] + [Second(1e6)] * 8) == 6


def test_unknown_cpu_time_is_no_obstacle():
    assert steady([Second(1e6, cpu_per_request_ns=0.0)] * 4)[0]


def test_the_warm_up_windows_of_recording_fit():
    from tailtune.record.ports import SteadyTest, WarmUpWindow

    test: SteadyTest = steady
    window = WarmUpWindow(seconds=1.0, p50_ns=1e6, cpu_per_request_ns=2e6, gc_cycles=-1)
    assert test([window] * 4)[0]

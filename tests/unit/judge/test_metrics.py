"""Each metric's figure for a variant in an epoch."""

import numpy as np
import pytest

from tailtune.judge.distribution import Distribution
from tailtune.judge.metrics import UNKNOWN, figures
from tailtune.model.verdict import Metric

NOTHING = Distribution.merge([])


def row(**changes: int) -> dict[str, int]:
    plain = {
        "completed": 100,
        "cpu_user_ns": 300,
        "cpu_system_ns": 100,
        "children_cpu_ns": 0,
        "gc_cpu_ns": UNKNOWN,
        "allocated_bytes": UNKNOWN,
        "minor_faults": 40,
        "major_faults": 10,
        "voluntary_switches": 150,
        "involuntary_switches": 50,
        "peak_rss_bytes": 1000,
        "rss_bytes": 800,
    }
    return plain | changes


def test_costs_are_per_request_over_all_slices():
    found = figures([row(), row(completed=300, cpu_user_ns=700, rss_bytes=1200, peak_rss_bytes=1500)], NOTHING)
    assert found[Metric.CPU_PER_REQUEST] == pytest.approx(1200 / 400)
    assert found[Metric.CPU_USER] == pytest.approx(1000 / 400)
    assert found[Metric.CPU_SYSTEM] == pytest.approx(200 / 400)
    assert found[Metric.PAGE_FAULTS] == pytest.approx(100 / 400)
    assert found[Metric.SWITCHES] == pytest.approx(400 / 400)
    assert found[Metric.PEAK_RSS] == 1500
    assert found[Metric.STEADY_RSS] == 1000


def test_what_was_not_measured_is_absent():
    found = figures([row()], NOTHING)
    absent = {Metric.GC_CPU, Metric.ALLOCATED, Metric.OTHER_PROCESSES, Metric.THROUGHPUT, Metric.MEAN, Metric.P50}
    assert not absent & found.keys()
    assert Metric.ALLOCATED in figures([row(allocated_bytes=5, gc_cpu_ns=7)], NOTHING)
    assert Metric.ALLOCATED not in figures([row(allocated_bytes=5), row()], NOTHING)
    assert figures([row(completed=0)], NOTHING).keys() == {Metric.PEAK_RSS, Metric.STEADY_RSS}


def test_throughput_is_answers_over_time():
    stretches = [{"completed": 500, "elapsed_ns": 10**9}, {"completed": 700, "elapsed_ns": 10**9}]
    assert figures([row()], NOTHING, stretches)[Metric.THROUGHPUT] == pytest.approx(600)


def test_quantiles_need_their_requests():
    latency = Distribution.from_counts(np.arange(1, 101), np.full(100, 10))
    found = figures([row()], latency)
    assert found[Metric.P50] == pytest.approx(50, abs=1)
    assert Metric.P99 in found
    assert Metric.P999 not in found

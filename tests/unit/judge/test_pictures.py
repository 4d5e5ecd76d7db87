"""The curve keeps to the quantile rule; the heat map loses no request."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.judge.distribution import Distribution
from tailtune.judge.pictures import curve, heat_map

EMPTY = Distribution.merge([])


def test_the_curve_begins_at_the_median_and_ends_where_the_requests_end() -> None:
    values = Distribution.from_values(np.arange(1, 1001) * 1e3)
    points = curve(values, EMPTY)
    assert points[0].q == 0.5
    assert points[0].latency_ns == 500e3
    assert 0.99 <= points[-1].q < 0.993
    assert points[0].service_ns is None
    assert curve(EMPTY, EMPTY) == []


def test_the_curve_reaches_p99_99() -> None:
    values = Distribution.from_values(np.arange(1, 100_001) * 1e3)
    last = curve(values, values)[-1]
    assert last.q == pytest.approx(0.9999)
    assert last.service_ns == last.latency_ns


@given(st.lists(st.lists(st.integers(0, 10**11), max_size=20), min_size=1, max_size=130))
def test_every_request_is_in_exactly_one_cell(seconds: list[list[int]]) -> None:
    found = heat_map([Distribution.from_values(second) for second in seconds])
    if not any(seconds):
        assert found is None
        return
    assert found is not None
    assert sum(map(sum, found.counts)) == sum(map(len, seconds))
    assert len(found.counts) == len(found.edges_ns) - 1
    assert len(found.counts[0]) == -(-len(seconds) // found.seconds_per_column)
    assert found.edges_ns == sorted(set(found.edges_ns))


@pytest.mark.parametrize(("low", "high"), [(50e3, 51e3), (50e3, 200e3), (1e3, 1e7), (1.0, 6e10), (999.0, 1000.0)])
def test_rows_reach_from_the_smallest_to_the_largest_and_are_few(low: float, high: float) -> None:
    found = heat_map([Distribution.from_values([low, high])])
    assert found is not None
    assert found.edges_ns[0] <= low
    assert found.edges_ns[-1] > high
    assert len(found.counts) <= 14
    assert found.counts[0][0] >= 1
    assert found.counts[-1][0] >= 1

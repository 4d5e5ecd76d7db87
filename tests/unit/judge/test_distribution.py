"""Distributions: raw values and histograms give the same answers."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.recordings import latency

from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_interval

values = st.lists(st.integers(0, 10**12), min_size=1, max_size=60)


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=5))
def test_merging_equals_concatenating(parts):
    merged = Distribution.merge(Distribution.from_values(part) for part in parts)
    whole = Distribution.from_values([value for part in parts for value in part])
    assert merged.values.tolist() == whole.values.tolist()
    assert merged.counts.tolist() == whole.counts.tolist()


@settings(deadline=None)
@given(values, st.floats(0, 1))
def test_a_quantile_is_the_smallest_value_that_covers_the_share(data, q):
    found = Distribution.from_values(data).quantile(q)
    assert found in data
    assert sum(value <= found for value in data) >= q * len(data) - 1e-6
    assert sum(value < found for value in data) <= q * len(data)


@settings(deadline=None)
@given(values)
def test_ranks_mean_and_extremes_agree_with_sorting(data):
    distribution = Distribution.from_counts(data, [1] * len(data))
    assert [distribution.at_rank(rank + 1) for rank in range(len(data))] == sorted(data)
    assert distribution.n == len(data)
    assert distribution.maximum == max(data)
    assert distribution.mean == pytest.approx(np.mean(data))
    assert distribution.count_up_to(sorted(data)[len(data) // 2]) >= len(data) // 2 + 1


def test_round_shares_do_not_slip_a_rank():
    distribution = Distribution.from_values(range(1, 101))
    assert [distribution.quantile(q) for q in (0.0, 0.01, 0.29, 0.5, 0.99, 1.0)] == [1, 1, 29, 50, 99, 100]


def test_nothing_gives_nan_and_impossible_arguments_are_refused():
    nothing = Distribution.merge([])
    assert math.isnan(nothing.quantile(0.5))
    assert math.isnan(nothing.mean)
    assert nothing.count_up_to(1e9) == 0
    with pytest.raises(ValueError, match="outside"):
        nothing.quantile(1.1)
    with pytest.raises(IndexError):
        Distribution.from_values([1]).at_rank(2)


def test_seconds_without_requests_are_empty():

    rows = pa.concat_tables(
        [latency([1, 2], interval=0), latency([3], interval=2), latency([9], "diagnose", interval=5)]
    )
    assert [part.n for part in by_interval(rows, "measure")] == [2, 0, 1]
    assert by_interval(rows, "measure", operation=1) == []

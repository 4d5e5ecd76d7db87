"""The gauge of the service's CPUs."""

import os

import pytest
from tests.support.waiting import wait_until

from tailtune.record.host.speed import Gauge, Speed, gauged


def test_it_counts_pieces_of_work_until_it_is_closed() -> None:
    with Gauge([min(os.sched_getaffinity(0))]) as gauge:
        assert wait_until(lambda: gauge.read().pieces >= 3, seconds=20)
        first = gauge.read()
        assert wait_until(lambda: gauge.read().pieces > first.pieces, seconds=20)
        done = gauge.read().since(first)
        assert 0 < done.piece_ns <= done.cpu_ns
    assert gauge.read() == Speed(0, 0, 0)


def test_where_it_cannot_run_it_reads_nothing() -> None:
    with Gauge([1_000_000]) as gauge:
        assert gauge.read() == Speed(0, 0, 0)
    with Gauge([]) as gauge:
        assert gauge.read() == Speed(0, 0, 0)


@pytest.mark.parametrize(
    ("cpus", "virtual", "cores", "expected"),
    [
        ([3], True, {3: {3}}, [3]),
        ([3], False, {3: {3, 7}}, [3]),
        ([0, 1], False, {0: {0}, 1: {1}}, [0, 1]),
        ([0, 1], True, {0: {0}, 1: {1}}, []),
        ([0, 1], False, {0: {0, 1}, 1: {0, 1}}, []),
        ([0, 1], False, {0: {0, 2}, 1: {1, 3}}, [0, 1]),
    ],
)
def test_only_cpus_that_the_service_itself_cannot_slow_are_gauged(
    cpus: list[int], virtual: bool, cores: dict[int, set[int]], expected: list[int]
) -> None:
    assert list(gauged(cpus, virtual=virtual, siblings=cores.__getitem__)) == expected

"""The seeds of the self-test give runs that theory takes for typical, so that only the engine can fail it."""

import numpy as np
import pytest

from tailtune.lab.selftest_load import LOADS, QUICK, SERVICE_US, Lengths


@pytest.mark.parametrize("lengths", [Lengths(), QUICK])
def test_the_whole_takes_as_long_as_it_says(lengths: Lengths) -> None:
    loading = lengths.freeze + lengths.floor + 2 * len(LOADS) * lengths.queue + lengths.starved + lengths.capped
    assert loading <= (35 if lengths is QUICK else 160)


def test_three_hundredths_of_a_service_are_more_than_the_way_through_the_kernel() -> None:
    assert 0.03 * SERVICE_US > 100
    assert np.isclose(max(LOADS), 0.8)

"""Which pairs are dropped."""

import numpy as np
from tests.support.recordings import S

from tailtune.judge.interference import disturbed_pairs


def slices(count: int = 24, **changes: dict[int, int]) -> list[dict[str, int]]:
    """Slices of 3 s, two a pair, four an epoch; `changes`: column → slice → value."""
    generator = np.random.default_rng(1)
    rows = [
        {
            "epoch": index // 4,
            "pair": index % 4 // 2,
            "started_ns": index * 3 * S,
            "ended_ns": (index + 1) * 3 * S,
            "steal_ns": 0,
            "suspended_ns": 0,
            "other_busy_ns": int(generator.normal(0.3, 0.02) * S),
            "probe_delay_ns": int(generator.exponential(0.005) * S),
        }
        for index in range(count)
    ]
    for column, values in changes.items():
        for index, value in values.items():
            rows[index][column] = value
    return rows


def test_a_calm_experiment_loses_nothing():
    found = disturbed_pairs(slices(), cpus=2)
    assert (found.dropped, found.total, found.causes, found.too_noisy) == (frozenset(), 12, [], False)


def test_one_burst_costs_its_pair_only():
    found = disturbed_pairs(slices(other_busy_ns={9: 2 * S}), cpus=2)
    assert found.dropped == {(2, 0)}
    assert "CPU time of other programs" in found.causes[0]
    assert "in 1 of 12 pairs" in found.causes[0]
    assert not found.too_noisy


def test_steady_background_load_is_no_reason():
    """What disturbs all slices alike disturbs both variants alike."""
    rows = [row | {"other_busy_ns": row["other_busy_ns"] + 2 * S} for row in slices()]
    assert disturbed_pairs(rows, cpus=2).dropped == frozenset()


def test_a_machine_that_others_own_is_too_noisy():
    rows = [row | {"other_busy_ns": 15 * S // 2} for row in slices()]
    assert disturbed_pairs(rows, cpus=2).too_noisy
    assert disturbed_pairs([row | {"steal_ns": S} for row in slices()], cpus=2).too_noisy


def test_a_fifth_of_the_pairs_may_go():
    bursts = {4 * index: 2 * S for index in range(3)}
    assert disturbed_pairs(slices(32, other_busy_ns=bursts), cpus=2).too_noisy is False
    assert disturbed_pairs(slices(24, other_busy_ns=bursts), cpus=2).too_noisy is True


def test_latency_and_cpu_time_of_the_variants_are_not_looked_at():
    rows = [
        row | {"cpu_user_ns": index * S, "requests": index, "run_delay_ns": S} for index, row in enumerate(slices())
    ]
    assert disturbed_pairs(rows, cpus=2) == disturbed_pairs(slices(), cpus=2)


def test_a_probe_that_a_variant_delays_drops_nothing():
    """The probe shares the service's CPUs: its delay is the candidate's doing as well as the machine's."""
    assert disturbed_pairs(slices(probe_delay_ns={2: S, 9: 2 * S, 14: 3 * S}), cpus=2).dropped == frozenset()


def test_no_slices():
    found = disturbed_pairs([], cpus=2)
    assert (found.total, found.too_noisy) == (0, False)


def test_a_pair_in_which_the_machine_slept_is_left_out():
    rows = slices()
    rows[2] = {**rows[2], "suspended_ns": 30 * S}
    found = disturbed_pairs(rows, cpus=2)
    assert found.dropped == {(rows[2]["epoch"], rows[2]["pair"])}
    assert found.causes == [f"the machine slept in 1 of {found.total} pairs"]


def test_a_share_is_of_the_time_between_the_readings():
    """Readings and the way to the engine take longer than the load in between; others run meanwhile as well."""
    rows = [row | {"other_busy_ns": 15 * S // 2} for row in slices()]
    assert disturbed_pairs(rows, cpus=2).too_noisy
    longer = [row | {"wall_ns": 2 * (row["ended_ns"] - row["started_ns"])} for row in rows]
    assert not disturbed_pairs(longer, cpus=2).dropped

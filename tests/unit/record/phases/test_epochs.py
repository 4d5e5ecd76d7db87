from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tailtune.record.phases.epochs import BASELINE, plan_epoch
from tailtune.record.phases.seeds import derive_seed

CANDIDATE = 1
seeds = st.integers(0, 1 << 62)


@given(seed=seeds, epoch=st.integers(0, 100), pairs=st.integers(1, 7))
def test_each_pair_meets_both_variants_with_one_seed(seed: int, epoch: int, pairs: int) -> None:
    plan = plan_epoch(seed, epoch, pairs)
    assert sorted(plan.start_order) == [BASELINE, CANDIDATE]
    assert [one.slice for one in plan.slices] == list(range(epoch * 2 * pairs, (epoch + 1) * 2 * pairs))
    for first, second in zip(plan.slices[::2], plan.slices[1::2], strict=True):
        assert first.pair == second.pair
        assert first.seed == second.seed
        assert {first.variant, second.variant} == {BASELINE, CANDIDATE}
    assert len({one.seed for one in plan.slices}) == pairs


@given(seed=seeds, epoch=st.integers(0, 100), blocks=st.integers(1, 3))
def test_an_even_drift_meets_both_alike(seed: int, epoch: int, blocks: int) -> None:
    slices = plan_epoch(seed, epoch, 2 * blocks).slices
    places = [sum(one.position for one in slices if one.variant == variant) for variant in (BASELINE, CANDIDATE)]
    assert places[0] == places[1]


@given(seed=seeds, pairs=st.integers(1, 3).map(lambda blocks: 2 * blocks))
def test_each_order_occurs_equally_often(seed: int, pairs: int) -> None:
    plans = [plan_epoch(seed, epoch, pairs) for epoch in range(8)]
    assert sum(plan.start_order[0] for plan in plans) == 4
    for position in range(2 * pairs):
        assert sum(plan.slices[position].variant for plan in plans) == 4


@given(seed=seeds)
def test_the_same_seed_gives_the_same_plan(seed: int) -> None:
    assert plan_epoch(seed, 3, 2) == plan_epoch(seed, 3, 2)
    assert plan_epoch(seed, 3, 2).slices[0].seed != plan_epoch(seed, 4, 2).slices[0].seed


@given(seed=seeds, epoch=st.integers(0, 50), given_up=st.sets(st.integers(1, 4), max_size=3))
def test_several_candidates_meet_the_baseline_each_in_pairs_of_their_own(
    seed: int, epoch: int, given_up: set[int]
) -> None:
    whole = plan_epoch(seed, epoch, 2, (1, 2, 3, 4), 4)
    left = [one for one in (1, 2, 3, 4) if one not in given_up]
    plan = plan_epoch(seed, epoch, 2, left, 4)
    assert sorted(plan.start_order) == [BASELINE, *left]
    assert [one.position for one in plan.slices] == list(range(4 * len(left)))
    for candidate in left:
        pairs = {one.pair for one in plan.slices if one.variant == candidate}
        assert len(pairs) == 2
        in_pairs = [one for one in plan.slices if one.pair in pairs]
        assert sorted(one.variant for one in in_pairs) == [BASELINE, BASELINE, candidate, candidate]
        ended = {(one.slice, one.pair, one.variant, one.seed) for one in whole.slices}
        assert {(one.slice, one.pair, one.variant, one.seed) for one in in_pairs} <= ended
    following = plan_epoch(seed, epoch + 1, 2, left, 4)
    assert not {one.slice for one in plan.slices} & {one.slice for one in following.slices}


def test_the_coin_is_fair() -> None:
    plans = [plan_epoch(7, epoch, 2) for epoch in range(400)]
    firsts = Counter(plan.slices[0].variant for plan in plans)
    starts = Counter(plan.start_order[0] for plan in plans)
    assert 150 < firsts[BASELINE] < 250
    assert 150 < starts[BASELINE] < 250


def test_seeds_of_other_purposes_differ() -> None:
    found = {
        derive_seed(1, "warm-up", 0),
        derive_seed(1, "warm-up", 1),
        derive_seed(1, "pair", 0),
        derive_seed(2, "pair", 0),
    }
    assert len(found) == 4
    assert max(found) < 1 << 48

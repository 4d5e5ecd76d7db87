"""The order of an experiment: who starts first, who is loaded when, with which seed; all from one seed. Pure."""

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from tailtune.record.phases.seeds import derive_seed

BASELINE: Final = 0


class SlicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of load on one variant."""

    slice: int
    """Number in the experiment."""
    pair: int
    """Number of the pair in the experiment; both of a pair have the same seed."""
    position: int
    """Place in the epoch, from 0."""
    variant: int
    """Number of the variant; the baseline is 0."""
    seed: int


class EpochPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One restart of all variants."""

    epoch: int
    start_order: list[int]
    slices: list[SlicePlan]


def plan_epoch(seed: int, epoch: int, pairs: int, candidates: Sequence[int] = (1,), most: int = 1) -> EpochPlan:
    """Return the plan of one epoch with `pairs` pairs of slices for each candidate, the baseline in each pair.

    Within each two pairs the order is ABBA or BAAB by coin, so that a drift that is even over an epoch
    meets both variants alike. Of each two epochs the second has the orders of the first reversed: a few coins
    fall unevenly, and what starting or being loaded first does would then be one variant's. The same seed gives
    the same plan, whichever other candidates there still are.

    Args:
        seed: of the experiment.
        epoch: its number.
        pairs: for each candidate.
        candidates: those still in the experiment, from 1.
        most: how many there were at the beginning.
    """
    coin = random.Random(derive_seed(seed, "order", epoch // 2))
    reverse = epoch % 2
    order = [BASELINE, *range(1, most + 1)]
    coin.shuffle(order)
    starts = [one for one in order if one == BASELINE or one in candidates]
    blocks = list(range(1, most + 1))
    coin.shuffle(blocks)
    firsts = {one: [coin.choice([False, True]) for _ in range(0, pairs, 2)] for one in range(1, most + 1)}
    if reverse:
        starts.reverse()
        blocks.reverse()
    slices: list[SlicePlan] = []
    for candidate in (one for one in blocks if one in candidates):
        block = _block(
            seed, epoch * most + candidate - 1, pairs, candidate, [one ^ reverse for one in firsts[candidate]]
        )
        slices += [msgspec.structs.replace(one, position=len(slices) + place) for place, one in enumerate(block)]
    return EpochPlan(epoch=epoch, start_order=starts, slices=slices)


def _block(seed: int, number: int, pairs: int, candidate: int, candidate_first: Sequence[int]) -> list[SlicePlan]:
    """The slices of one candidate and the baseline in one epoch; `number` counts such blocks in the experiment."""
    order: list[int] = []
    for swapped in candidate_first:
        first, second = (candidate, BASELINE) if swapped else (BASELINE, candidate)
        order += [first, second, second, first]
    return [
        SlicePlan(
            slice=number * 2 * pairs + place,
            pair=number * pairs + place // 2,
            position=place,
            variant=variant,
            seed=derive_seed(seed, "pair", number * pairs + place // 2),
        )
        for place, variant in enumerate(order[: 2 * pairs])
    ]

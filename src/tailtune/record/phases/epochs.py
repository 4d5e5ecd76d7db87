"""The order of an experiment: who starts first, who is loaded when, with which seed; all from one seed. Pure."""

import random
from typing import Final

import msgspec

from tailtune.record.phases.seeds import derive_seed

BASELINE: Final = 0
CANDIDATE: Final = 1


class SlicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of load on one variant."""

    slice: int
    """Number in the experiment."""
    pair: int
    """Number of the pair in the experiment; both of a pair have the same seed."""
    position: int
    """Place in the epoch, from 0."""
    variant: int
    """BASELINE or CANDIDATE."""
    seed: int


class EpochPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One restart of both variants."""

    epoch: int
    start_order: list[int]
    slices: list[SlicePlan]


def plan_epoch(seed: int, epoch: int, pairs: int) -> EpochPlan:
    """Return the plan of one epoch with `pairs` pairs of slices.

    Within each two pairs the order is ABBA or BAAB by coin, so that a drift that is even over an epoch
    meets both variants alike. Of each two epochs the second has the orders of the first reversed: a few coins
    fall unevenly, and what starting or being loaded first does would then be one variant's. The same seed gives
    the same plan.
    """
    coin = random.Random(derive_seed(seed, "order", epoch // 2))
    reverse = epoch % 2
    begins = coin.choice([BASELINE, CANDIDATE]) ^ reverse
    start_order = [begins, 1 - begins]
    order: list[int] = []
    while len(order) < 2 * pairs:
        first = coin.choice([BASELINE, CANDIDATE]) ^ reverse
        order += [first, 1 - first, 1 - first, first]
    slices = [
        SlicePlan(
            slice=epoch * 2 * pairs + position,
            pair=epoch * pairs + position // 2,
            position=position,
            variant=variant,
            seed=derive_seed(seed, "pair", epoch * pairs + position // 2),
        )
        for position, variant in enumerate(order[: 2 * pairs])
    ]
    return EpochPlan(epoch=epoch, start_order=start_order, slices=slices)

"""Two trees of calls as one: every call with its value on both sides, and whether it certainly changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.judge.families import holm, testable
from tailtune.judge.poisson_rates import events_of, p_values, smallest_p
from tailtune.model.icicle import TreeColumns

Floats = npt.NDArray[np.float64]

_ALPHA: Final = 0.05


@dataclass(frozen=True)
class CallsOfSide:
    """One side's tree."""

    tree: TreeColumns
    weight: float
    """Mean weight of a sample, in the unit of the values."""
    exposure: float
    """Seconds or requests that the values are from."""


def joined(base: CallsOfSide, candidate: CallsOfSide) -> TreeColumns:
    """Join two trees by the names on the way from the root; base's values are scaled to the candidate's exposure.

    Changes are tested as in a diff by function, the calls being the family: a mark is no noise.
    """
    index: dict[tuple[int, str], int] = {}
    rows = [_rows(side.tree, index) for side in (base, candidate)]
    totals = [_on(rows[at], side.tree.totals, len(index)) for at, side in enumerate((base, candidate))]
    own = [_on(rows[at], side.tree.own, len(index)) for at, side in enumerate((base, candidate))]
    scale = candidate.exposure / base.exposure
    keys = list(index)
    before = np.floor(totals[0] * scale)  # rounded down, so that callees together are never more than their caller
    return TreeColumns(
        parents=np.array([parent for parent, _ in keys], dtype="<i4").tobytes(),
        names=[name for _, name in keys],
        own=_integers(np.floor(own[0] * scale) + own[1]),
        totals=_integers(before + totals[1]),
        before=_integers(before),
        changes=_changes(totals, base, candidate).astype("i1").tobytes(),
    )


def _rows(tree: TreeColumns, index: dict[tuple[int, str], int]) -> Sequence[int]:
    """Return the row of each of a tree's rows in the joined tree, adding what is new."""
    rows: list[int] = []
    for parent, name in zip(np.frombuffer(tree.parents, dtype="<i4").tolist(), tree.names, strict=True):
        above = rows[parent] if rows else -1
        rows.append(index.setdefault((above, name), len(index)))
    return rows


def _on(rows: Sequence[int], column: bytes, size: int) -> Floats:
    values = np.zeros(size)
    values[np.array(rows, dtype=np.int64)] = np.frombuffer(column, dtype="<i8")
    return values


def _integers(column: Floats) -> bytes:
    return column.astype("<i8").tobytes()


def _changes(totals: Sequence[Floats], base: CallsOfSide, candidate: CallsOfSide) -> npt.NDArray[np.int64]:
    sides = events_of(
        (totals[0], totals[0] * base.weight, base.exposure),
        (totals[1], totals[1] * candidate.weight, candidate.exposure),
    )
    certain = np.zeros(len(totals[0]), dtype=bool)
    able = testable(smallest_p(*sides), _ALPHA)
    certain[able] = holm(p_values(*sides)[able]) <= _ALPHA
    return np.where(certain, np.sign(sides[1].rate - sides[0].rate), 0).astype(np.int64)

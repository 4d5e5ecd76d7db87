"""Finding functions in an icicle."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from tailtune.show.tui.tree import IcicleTree


@dataclass(frozen=True, eq=False)
class Search:
    """The nodes whose name matches."""

    text: str
    matched: npt.NDArray[np.bool_]
    order: npt.NDArray[np.int64]
    """Matching nodes from left to right, callers first."""
    share: float
    """Of the root: of all matches together, those inside of others counted once."""

    @classmethod
    def of(cls, tree: IcicleTree, text: str) -> Self:
        """Search for a regular expression, or for the text itself where it is none; upper and lower case are one."""
        pattern = _pattern(text)
        of_names = np.array([pattern.search(name) is not None for name in tree.names], dtype=bool)
        matched = of_names[tree.codes]
        matched[0] = False
        nodes = np.flatnonzero(matched)
        return cls(text, matched, nodes[np.argsort(tree.ranks[nodes])], _covered(tree, matched))

    def next(self, node: int, tree: IcicleTree, step: int) -> int | None:
        """Return the match `step` (1 or -1) after a node, around the end; None without any."""
        if not len(self.order):
            return None
        ranks, here = tree.ranks[self.order], tree.ranks[node]
        at = np.searchsorted(ranks, here, side="right") if step > 0 else np.searchsorted(ranks, here, side="left") - 1
        return int(self.order[at % len(self.order)])


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        return re.compile(re.escape(text), re.IGNORECASE)


def _covered(tree: IcicleTree, matched: npt.NDArray[np.bool_]) -> float:
    """Return the share of the root below matches, each part once."""
    below = np.zeros(len(matched), dtype=bool)
    value = 0.0
    for level in tree.levels[1:]:
        nodes = level.nodes
        above = below[tree.parents[nodes]]
        value += float(tree.totals[nodes[matched[nodes] & ~above]].sum())
        below[nodes] = above | matched[nodes]
    return value / float(tree.totals[0]) if tree.totals[0] else 0.0

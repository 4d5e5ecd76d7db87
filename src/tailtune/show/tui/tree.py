"""Where each call of a tree lies in an icicle, and which of them fall into which cells of a row."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tailtune.model.icicle import TreeColumns

Floats = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.int64]

MERGED: Final = -1
"""In place of a node: calls too narrow for a cell each."""
_ROUNDING: Final = 1e-9


class Cell(NamedTuple):
    """Some columns of a row, for one node or for merged ones."""

    begin: int
    end: int
    node: int


@dataclass(frozen=True, eq=False)
class Level:
    """All calls of one depth, from left to right."""

    nodes: Nodes
    lefts: Floats
    rights: Floats


@dataclass(frozen=True, eq=False)
class IcicleTree:
    """A tree laid out: each node spans its total, its callees lie below it, the widest first."""

    names: list[str]
    """Distinct names."""
    codes: Nodes
    """Name of each node."""
    parents: Nodes
    own: Floats
    totals: Floats
    lefts: Floats
    depths: Nodes
    levels: list[Level]
    before: Floats | None = None
    """Of a diff: base's part of the totals."""
    changes: Nodes | None = None
    """Of a diff: 1 more, -1 less, 0 not certain."""

    @classmethod
    def of(cls, columns: TreeColumns) -> Self:
        """Lay out a tree.

        Raises:
            ValueError: if columns differ in length, or a row does not come after its parent.
        """
        parents = np.frombuffer(columns.parents, dtype="<i4").astype(np.int64)
        parents[:1] = -1
        own, totals = (
            np.maximum(np.frombuffer(one, dtype="<i8"), 0).astype(np.float64) for one in (columns.own, columns.totals)
        )
        size = len(parents)
        if not size or any(len(one) != size for one in (columns.names, own, totals)):
            raise ValueError("a tree needs a root, and columns of one length")
        if (parents[1:] >= np.arange(1, size)).any() or (parents[1:] < 0).any():
            raise ValueError("a row of a tree does not come after its parent")
        index: dict[str, int] = {}
        codes = np.fromiter((index.setdefault(name, len(index)) for name in columns.names), dtype=np.int64, count=size)
        lefts, depths, levels = _laid_out(parents, totals)
        before = np.frombuffer(columns.before, dtype="<i8").astype(np.float64) if columns.before else None
        changes = np.frombuffer(columns.changes, dtype="i1").astype(np.int64) if columns.changes else None
        if any(one is not None and len(one) != size for one in (before, changes)):
            raise ValueError("a tree needs columns of one length")
        return cls(list(index), codes, parents, own, totals, lefts, depths, levels, before, changes)

    def name(self, node: int) -> str:
        """Return a node's name."""
        return self.names[int(self.codes[node])]

    def share(self, node: int) -> float:
        """Return a node's share of the root, 0 for an empty tree."""
        return float(self.totals[node] / self.totals[0]) if self.totals[0] else 0.0

    def row(self, root: int, depth: int, width: int) -> list[Cell]:
        """Return what a row shows, `depth` calls below `root`, which fills `width` columns."""
        level = int(self.depths[root]) + depth
        span = float(self.totals[root])
        if level >= len(self.levels) or span <= 0 or width <= 0:
            return []
        begin, row = float(self.lefts[root]), self.levels[level]
        low = int(np.searchsorted(row.rights, begin, side="right"))
        high = int(np.searchsorted(row.lefts, begin + span, side="left"))
        scale = width / span
        shown = slice(low, high)
        lefts, rights = (
            (np.clip(edges[shown], begin, begin + span) - begin) * scale for edges in (row.lefts, row.rights)
        )
        return _cells(row.nodes[shown], lefts, rights, width)

    def ancestors(self, node: int) -> list[int]:
        """Return the nodes above one, nearest first, the root last."""
        found = []
        while node:
            node = int(self.parents[node])
            found.append(node)
        return found

    def is_below(self, node: int, root: int) -> bool:
        """Whether `node` is `root` or called from there."""
        return node == root or root in self.ancestors(node)

    @cached_property
    def functions(self) -> list[tuple[str, float, float]]:
        """Name, own value and total of each function, largest own first; recursion counts once in the total."""
        outermost, above = self.parents >= 0, self.parents.copy()
        climbing = np.flatnonzero(outermost)
        while len(climbing):
            outermost[climbing] &= self.codes[above[climbing]] != self.codes[climbing]
            above[climbing] = self.parents[above[climbing]]
            climbing = climbing[(above[climbing] >= 0) & outermost[climbing]]
        size = len(self.names)
        own = np.bincount(self.codes, self.own, size)
        totals = np.bincount(self.codes[outermost], self.totals[outermost], size)
        order = np.lexsort((-totals, -own))
        return [(self.names[at], float(own[at]), float(totals[at])) for at in order if at != self.codes[0]]

    @cached_property
    def ranks(self) -> Nodes:
        """Place of each node in reading order: from left to right, callers before callees."""
        order = np.lexsort((self.depths, self.lefts))
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return ranks


def _cells(nodes: Nodes, lefts: Floats, rights: Floats, width: int) -> list[Cell]:
    """Give each node that is at least a column wide its cell, and merge the others where nothing else is drawn."""
    wide = rights - lefts >= 1 - _ROUNDING
    starts, ends = (np.floor(edges + _ROUNDING).astype(np.int64) for edges in (lefts, rights))
    cells = [Cell(*cell) for cell in zip(starts[wide].tolist(), ends[wide].tolist(), nodes[wide].tolist(), strict=True)]
    narrow = np.zeros(width, dtype=bool)
    narrow[np.minimum(starts[~wide], width - 1)] = True
    for cell in cells:
        narrow[cell.begin : cell.end] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], narrow, [False]]).astype(np.int8)))
    merged = [Cell(begin, end, MERGED) for begin, end in edges.reshape(-1, 2).tolist()]
    return sorted([*cells, *merged])


def _laid_out(parents: Nodes, totals: Floats) -> tuple[Floats, Nodes, list[Level]]:
    """Return left edges and depths of all nodes, and the nodes by depth, each depth from left to right."""
    size = len(parents)
    children = 1 + np.lexsort((-totals[1:], parents[1:]))
    first = np.searchsorted(parents[children], np.arange(size + 1))
    before = np.cumsum(totals[children]) - totals[children]
    lefts, depths = np.zeros(size), np.zeros(size, dtype=np.int64)
    levels = []
    nodes = np.zeros(1, dtype=np.int64)
    while len(nodes):
        levels.append(Level(nodes, lefts[nodes], lefts[nodes] + totals[nodes]))
        counts = first[nodes + 1] - first[nodes]
        begins = np.repeat(first[nodes], counts)
        at = begins + np.arange(len(begins)) - np.repeat(np.cumsum(counts) - counts, counts)
        lefts[children[at]] = np.repeat(lefts[nodes], counts) + before[at] - before[begins]
        depths[children[at]] = len(levels)
        nodes = children[at]
    return lefts, depths, levels

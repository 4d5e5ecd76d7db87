"""The calls of a profile as an indented tree."""

from typing import Final

from tailtune.model.profile_view import ProfileNode, ProfileTable
from tailtune.model.units import format_share
from tailtune.show.printable import printable, shortened
from tailtune.show.values import amount, count

_WIDTH: Final = 98
_NARROWEST_NAME: Final = 20


def tree(table: ProfileTable) -> list[str]:
    """Show the tree of a table, if it has one. Only branches indent: a chain of single calls stays in its column."""
    found = table.tree
    if found is None or not found.nodes:
        return []
    levels = _levels(found.nodes)
    lines = [_line(node, level, table) for node, level in zip(found.nodes, levels, strict=True)]
    cut = f", {count(found.cut)} left out" if found.cut else ""
    return [
        f"{printable(table.title)} as a tree (total, self, call)",
        *lines,
        f"  calls above {format_share(found.smallest_share, 0)}, down to depth {found.deepest}{cut}",
    ]


def _levels(nodes: list[ProfileNode]) -> list[int]:
    """Return how far each node is indented."""
    siblings: dict[int, int] = {}
    above: list[int] = []
    parents = []
    for at, node in enumerate(nodes):
        del above[node.depth :]
        parents.append(above[-1] if above else -1)
        above.append(at)
        siblings[parents[-1]] = siblings.get(parents[-1], 0) + 1
    levels: list[int] = []
    for parent in parents:
        levels.append(levels[parent] + (siblings[parent] > 1) if parent >= 0 else 0)
    return levels


def _line(node: ProfileNode, level: int, table: ProfileTable) -> str:
    share = format_share(node.total / table.total) if table.total else ""
    own = amount(node.own, table.unit) if node.own else ""
    head = f"  {share:>8}  {amount(node.total, table.unit):>9}  {own:>9}  {'  ' * level}"
    return head + shortened(node.name, max(_NARROWEST_NAME, _WIDTH - len(head)))

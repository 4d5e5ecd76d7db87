"""The icicle: a row for each depth of calls, drawn anew for the cells that are visible."""

from typing import ClassVar, Final

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tailtune.model.icicle import IcicleSource
from tailtune.show.tui import colors
from tailtune.show.tui.labels import label
from tailtune.show.tui.search import Search
from tailtune.show.tui.tree import MERGED, Cell, IcicleTree

_LEGIBLE: Final = 4
"""Columns that a match is to fill where zooming can give them."""


class Icicle(Widget, can_focus=True):
    """A tree with a cursor, a zoom and perhaps a search."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move_up", "caller", show=False),
        Binding("down,j", "move_down", "callee", show=False),
        Binding("left,h", "move_along(-1)", "left", show=False),
        Binding("right,l", "move_along(1)", "right", show=False),
        Binding("enter", "zoom_in", "zoom", show=False),
        Binding("backspace,escape", "zoom_out", "out", show=False),
        Binding("n", "next_match(1)", "next match", show=False),
        Binding("N", "next_match(-1)", "match before", show=False),
    ]
    cursor: reactive[int] = reactive(0)
    """The chosen node."""
    zoomed: reactive[int] = reactive(0)
    """The node that fills the whole width."""

    class Moved(Message):
        """Another node is chosen, or another part is shown."""

    def __init__(self, source: IcicleSource) -> None:
        """Make an icicle that shows nothing yet."""
        super().__init__()
        self.source = source
        self.calls: IcicleTree | None = None
        self.search: Search | None = None
        self.top = 0
        """Depth below the zoomed node that the first line shows."""

    def show(self, tree: IcicleTree) -> None:
        """Show another tree from its root on, searched for the same text."""
        self.calls = tree
        self.search = Search.of(tree, self.search.text) if self.search else None
        self.top = 0
        self.set_reactive(Icicle.cursor, 0)
        self.set_reactive(Icicle.zoomed, 0)
        self._changed()

    def find(self, text: str) -> None:
        """Search, and go to the first match; no text ends the search."""
        if self.calls is None:
            return
        self.search = Search.of(self.calls, text) if text else None
        self._changed()
        if self.search and not self.search.matched[self.cursor]:
            self.action_next_match(1)

    def row(self, depth: int) -> list[Cell]:
        """Return the cells `depth` calls below the zoomed node; the chosen node has one, however narrow."""
        tree, width = self.calls, self.size.width
        if tree is None or width <= 0:
            return []
        cells = tree.row(self.zoomed, depth, width)
        if depth != self._depth(self.cursor) or any(cell.node == self.cursor for cell in cells):
            return cells
        span = float(tree.totals[self.zoomed]) or 1.0
        at = int((float(tree.lefts[self.cursor]) - float(tree.lefts[self.zoomed])) / span * width)
        at = min(max(at, 0), width - 1)
        return sorted([*_without(cells, at), Cell(at, at + 1, self.cursor)])

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, segments, at = self.size.width, [], 0
        for cell in self.row(self.top + y):
            if cell.begin > at:
                segments.append(Segment(" " * (cell.begin - at)))
            segments.append(self._segment(cell))
            at = cell.end
        if self.calls is not None and not self.calls.totals[0] and y == 0:
            segments = [Segment("nothing was sampled"[:width])]
        return Strip(segments).adjust_cell_length(width)

    def _segment(self, cell: Cell) -> Segment:
        tree, width = self.calls, cell.end - cell.begin
        if cell.node == MERGED or tree is None:
            return Segment("…" * width, colors.MERGED)
        name = tree.name(cell.node)
        matched = self.search is not None and bool(self.search.matched[cell.node])
        chosen, shown = cell.node == self.cursor, "all" if cell.node == 0 else name
        if tree.changes is None:
            return Segment(label(shown, width), colors.style_of(self.source.kind(name), matched=matched, chosen=chosen))
        change = int(tree.changes[cell.node])
        style = colors.style_of_change(change, matched=matched, chosen=chosen)
        return Segment(label(shown, width, colors.sign_of(change)), style)

    def on_resize(self) -> None:
        """Keep the chosen node within the visible lines."""
        self.watch_cursor()

    def watch_cursor(self) -> None:
        """Keep the chosen node within the visible lines."""
        depth, height = self._depth(self.cursor), max(self.size.height, 1)
        self.top = max(min(self.top, depth), depth - height + 1, 0)
        self._changed()

    def watch_zoomed(self) -> None:
        """Begin at the top of what is shown now."""
        self.top = 0
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Moved())

    def _depth(self, node: int) -> int:
        return int(self.calls.depths[node] - self.calls.depths[self.zoomed]) if self.calls else 0

    def action_move_up(self) -> None:
        """Go to the caller; above the zoomed node, zoom out."""
        if self.calls is None or not self.cursor:
            return
        if self.cursor == self.zoomed:
            self.zoomed = int(self.calls.parents[self.cursor])
        self.cursor = int(self.calls.parents[self.cursor])

    def action_move_down(self) -> None:
        """Go to the widest callee."""
        if self.calls is not None:
            below = [cell for cell in self.row(self._depth(self.cursor) + 1) if self._is_child(cell)]
            if below:
                self.cursor = max(below, key=lambda cell: cell.end - cell.begin).node

    def _is_child(self, cell: Cell) -> bool:
        return self.calls is not None and cell.node != MERGED and int(self.calls.parents[cell.node]) == self.cursor

    def action_move_along(self, step: int) -> None:
        """Go to the next node of the same depth."""
        nodes = [cell.node for cell in self.row(self._depth(self.cursor)) if cell.node != MERGED]
        if self.cursor in nodes:
            self.cursor = nodes[min(max(nodes.index(self.cursor) + step, 0), len(nodes) - 1)]

    def action_zoom_in(self) -> None:
        """Let the chosen node fill the width."""
        self.zoomed = self.cursor

    def action_zoom_out(self) -> None:
        """Let the caller of the zoomed node fill the width; when all is shown already, end the search."""
        if self.zoomed and self.calls is not None:
            self.zoomed = int(self.calls.parents[self.zoomed])
            self.watch_cursor()
        else:
            self.find("")

    def action_next_match(self, step: int) -> None:
        """Go to the next match, zooming where it would be too narrow to see."""
        tree = self.calls
        found = self.search.next(self.cursor, tree, step) if tree is not None and self.search else None
        if tree is None or found is None:
            return
        if not tree.is_below(found, self.zoomed) or self._columns(found, self.zoomed) < 1:
            above = [found, *tree.ancestors(found)]
            self.zoomed = next((one for one in reversed(above) if self._columns(found, one) >= _LEGIBLE), found)
        self.cursor = found

    def _columns(self, node: int, root: int) -> float:
        assert self.calls is not None
        span = float(self.calls.totals[root])
        return float(self.calls.totals[node]) / span * self.size.width if span else 0.0


def _without(cells: list[Cell], at: int) -> list[Cell]:
    """Take one column out of the cells."""
    kept = []
    for cell in cells:
        if cell.begin <= at < cell.end:
            kept += [Cell(cell.begin, at, cell.node), Cell(at + 1, cell.end, cell.node)]
        else:
            kept.append(cell)
    return [cell for cell in kept if cell.end > cell.begin]

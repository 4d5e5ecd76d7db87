"""The icicle with its title, its status line, its search and its table of functions."""

import re
from typing import ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.widgets import DataTable, Input, Static

from tailtune.model.icicle import IcicleSource
from tailtune.model.units import format_change, format_share
from tailtune.show.printable import printable
from tailtune.show.tui import colors
from tailtune.show.tui.icicle import Icicle
from tailtune.show.tui.tree import IcicleTree
from tailtune.show.values import amount, count

MOST_FUNCTIONS: Final = 1000
_HELP: Final = """\
arrows, h j k l   move           enter           zoom in
/                 search         backspace, esc  zoom out
n, N              next match     i               callers of leaves, and back
v                 next value     t               table of functions
?                 this help      q               quit"""


class IcicleApp(App[None]):
    """One profile in the terminal."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: ansi_default; color: ansi_default; overflow: hidden; }
    #title, #status, #help { height: auto; background: ansi_default; }
    #help, Input, DataTable { display: none; }
    Input { height: 1; border: none; background: ansi_default; padding: 0; }
    Input:focus { border: none; }
    Icicle { width: 1fr; height: 1fr; }
    Horizontal { height: 1fr; }
    DataTable { width: 50%; background: ansi_default; }
    #help.shown, Input.shown, DataTable.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "quit", "quit", show=False),
        Binding("slash", "search", "search", show=False),
        Binding("i", "invert", "invert", show=False),
        Binding("v", "next_value", "value", show=False),
        Binding("t", "table", "table", show=False),
        Binding("question_mark", "help", "help", show=False),
    ]

    def __init__(self, source: IcicleSource, title: str) -> None:
        """Show `source` under a title."""
        super().__init__(ansi_color=True)
        self.source = source
        self.headline = printable(title)
        self.value = source.first_value
        self.inverted = False
        self.icicle = Icicle(source)

    def compose(self) -> ComposeResult:
        """Arrange title, icicle and table, status line, search and help."""
        yield Static(id="title", markup=False)
        with Horizontal():
            yield self.icicle
            yield DataTable[Text](id="functions", cursor_type="row")
        yield Static(id="status", markup=False)
        yield Static(_HELP, id="help", markup=False)
        yield Input(placeholder="search functions (regular expression)", compact=True)

    def on_mount(self) -> None:
        """Show the first value."""
        self.query_one("#functions", DataTable).add_columns("own", "total", "function")
        self._load()
        self.icicle.focus()

    def _load(self) -> None:
        self.icicle.show(IcicleTree.of(self.source.tree(self.value, bottom_up=self.inverted)))
        self._fill_table()

    def _fill_table(self) -> None:
        table = self.query_one("#functions", DataTable)
        table.clear()
        if not table.has_class("shown"):
            return
        unit = self.source.values[self.value][1]
        calls = self.icicle.calls if not self.inverted else None
        calls = calls or IcicleTree.of(self.source.tree(self.value, bottom_up=False))
        for name, own, total in calls.functions[:MOST_FUNCTIONS]:
            table.add_row(Text(amount(own, unit)), Text(amount(total, unit)), Text(printable(name)))

    def on_icicle_moved(self) -> None:
        """Tell what is chosen."""
        self.query_one("#title", Static).update(self._title())
        self.query_one("#status", Static).update(self._status())

    def _title(self) -> Text:
        kind, unit = self.source.values[self.value]
        tree = self.icicle.calls
        total = amount(float(tree.totals[0]), unit) if tree else ""
        way = "callers of leaves" if self.inverted else "callees"
        text = Text(f"{self.headline}  {printable(kind)} {total}, {way}  ? help ", no_wrap=True, overflow="ellipsis")
        for words, style in colors.legend(diff=tree is not None and tree.changes is not None):
            text.append(words, style)
        return text

    def _status(self) -> Text:
        icicle, unit = self.icicle, self.source.values[self.value][1]
        tree, node = icicle.calls, icicle.cursor
        if tree is None:
            return Text("")
        name = "all" if node == 0 else printable(tree.name(node))
        kind = "" if node == 0 else f" [{self.source.kind(tree.name(node))}]"
        text = Text(f"{self._values_of(tree, node, unit)}  {name}{kind}")
        if icicle.search:
            found = icicle.search
            text.append(f"\n{count(len(found.order))} matches of {printable(found.text)}: {format_share(found.share)}")
        return text

    @staticmethod
    def _values_of(tree: IcicleTree, node: int, unit: str) -> str:
        total = float(tree.totals[node])
        if tree.before is None or tree.changes is None:
            return f"{format_share(tree.share(node))} {amount(total, unit)}, own {amount(float(tree.own[node]), unit)}"
        base = float(tree.before[node])
        relative = f"{format_change((total - base) / base)}, " if base else ""
        words = colors.CHANGE_WORDS[int(tree.changes[node])]
        return f"{amount(base, unit)} → {amount(total - base, unit)} ({relative}{words})"

    def action_search(self) -> None:
        """Ask what to search for."""
        asked = self.query_one(Input)
        asked.value = ""
        asked.add_class("shown")
        asked.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        self._close_search()
        self.icicle.find(event.value)

    def on_key(self, event: Key) -> None:
        """Leave the search with escape."""
        if event.key == "escape" and self.query_one(Input).has_focus:
            event.stop()
            self._close_search()

    def _close_search(self) -> None:
        self.query_one(Input).remove_class("shown")
        self.icicle.focus()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Search for the function that was chosen in the table."""
        name = str(event.data_table.get_row_at(event.cursor_row)[2])
        self.icicle.focus()
        self.icicle.find(f"^{re.escape(name)}$")

    def action_invert(self) -> None:
        """Turn the tree around."""
        self.inverted = not self.inverted
        self._load()

    def action_next_value(self) -> None:
        """Show the next sample type."""
        self.value = (self.value + 1) % len(self.source.values)
        self._load()

    def action_table(self) -> None:
        """Show or hide the table of functions."""
        table = self.query_one("#functions", DataTable)
        table.toggle_class("shown")
        self._fill_table()
        (table if table.has_class("shown") else self.icicle).focus()

    def action_help(self) -> None:
        """Show or hide the keys."""
        self.query_one("#help").toggle_class("shown")

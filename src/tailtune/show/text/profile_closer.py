"""A closer look at one function: its lines, its callers, what it calls."""

from typing import Final

from tailtune.model.profile_view import Calls, ListedLine, Listing
from tailtune.model.units import format_share
from tailtune.show.printable import printable, shortened
from tailtune.show.text.table import paragraph, table
from tailtune.show.values import amount, plural

_NAME_WIDTH: Final = 70
_TEXT_WIDTH: Final = 64
_MOST_CALLS: Final = 20


def listing(one: Listing) -> list[str]:
    """Show the lines of a function, with their text where it is known."""
    rows = [_line(line, one) for line in one.lines]
    lines = table(rows, header=("self", "total", "line", ""), right=(0, 1, 2))
    title = f"{shortened(one.function, _NAME_WIDTH)} in {shortened(one.file or '(unknown file)', _NAME_WIDTH)}"
    return [*paragraph(title), *lines, *(paragraph(f"without source text: {one.note}", indent=2) if one.note else [])]


def _line(line: ListedLine, one: Listing) -> list[str]:
    text = printable(line.text.replace("\t", "    ").rstrip()) if line.text.strip() else ""
    return [
        amount(line.own, one.unit) if line.own else "",
        amount(line.cumulative, one.unit),
        str(line.line) if line.line else "?",
        text[:_TEXT_WIDTH].rstrip(),
    ]


def calls(one: Calls) -> list[str]:
    """Show who calls a function, or what it calls."""
    rows = [
        [amount(call.value, one.unit), _share(call.value, one.total), shortened(call.name, _NAME_WIDTH)]
        for call in one.calls[:_MOST_CALLS]
    ]
    title = f"{one.direction} of {shortened(one.function, _NAME_WIDTH)}"
    cut = len(one.calls) - _MOST_CALLS
    return [title, *table(rows, right=(0, 1)), *([f"  {plural(cut, 'more call')} not shown"] if cut > 0 else [])]


def _share(value: float, total: float) -> str:
    return format_share(value / total) if total else ""

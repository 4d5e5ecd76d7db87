"""`tailtune profile` as text."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.profile_view import ProfileResult, ProfileRow, ProfileTable, SourceKind
from tailtune.model.units import format_share
from tailtune.show.printable import printable, shortened
from tailtune.show.text.go_trace import go_trace
from tailtune.show.text.notes import warnings
from tailtune.show.text.profile_closer import calls, listing
from tailtune.show.text.profile_diff import profile_diff
from tailtune.show.text.profile_states import idle_places, thread_states
from tailtune.show.text.profile_tree import tree
from tailtune.show.text.table import page, pairs, paragraph, table
from tailtune.show.values import amount, count, plural

_NAME_WIDTH: Final = 38
_PLACE_WIDTH: Final = 22
_FEWEST: Final = 5
"""Samples below which a row may be chance."""
_MARK: Final = "?"


def profile_result(result: ProfileResult) -> str:
    """Show what was profiled, and its tables."""
    if result.diff:
        return page(_header(result), profile_diff(result.diff).rstrip("\n").split("\n"), _end(result))
    return page(
        _header(result),
        *go_trace(result.trace),
        thread_states(result.threads),
        *(section for one in result.tables for section in (_table(one), tree(one))),
        idle_places(result.idle),
        *(listing(one) for one in result.listings),
        *(calls(one) for one in result.calls),
        _end(result),
    )


def _header(result: ProfileResult) -> list[str]:
    source = result.source
    name = printable(source.name)
    who = f"{name} (PID {source.pid})" if source.kind is SourceKind.PROCESS else name
    rows = [
        ("command", shortened(source.command, 86) if source.command else ""),
        ("taken", _taken(result)),
        ("mode", result.mode),
        ("not seen", result.lost_note),
        ("lost", f"{plural(result.lost, 'sample')} that the kernel had no room for" if result.lost else ""),
        ("values", ", ".join(map(printable, result.values)) if len(result.values) > 1 else ""),
    ]
    return [f"profile of {who}", *pairs(rows)]


def _taken(result: ProfileResult) -> str:
    seconds = f"{result.seconds:.1f} s, " if result.seconds else ""
    of = [
        f"{plural(round(one.samples), 'sample')}, {amount(one.total, one.unit)} {printable(one.title)}"
        for one in result.tables
    ]
    return seconds + "; ".join(of)


def _table(one: ProfileTable) -> list[str]:
    if not one.rows:
        return []
    header = ("self", "self %", "±", "total", "total %", printable(one.by), "where")
    title = f"{printable(one.title)} by {printable(one.by)} ({printable(one.kind)})"
    lines = table([_cells(row, one) for row in one.rows], header=header, right=(0, 1, 2, 3, 4))
    return [title, *lines, *_footer(one)]


def _cells(row: ProfileRow, one: ProfileTable) -> list[str]:
    few = _MARK if 0 < row.own_share.n < _FEWEST else ""
    return [
        amount(row.own, one.unit),
        format_share(row.own_share.point),
        f"{few}{_half_width(row)}",
        amount(row.cumulative, one.unit),
        format_share(row.cumulative_share.point),
        shortened(row.name, _NAME_WIDTH),
        shortened(_where(row), _PLACE_WIDTH) if _where(row) else "",
    ]


def _half_width(row: ProfileRow) -> str:
    share = row.own_share
    if share.low is None or share.high is None or not row.own:
        return ""
    return f"{max(share.high - share.point, share.point - share.low) * 100:.1f}"


def _where(row: ProfileRow) -> str:
    """Return the last part of the place, else of the module."""
    return (row.place or row.module).rstrip("/").rsplit("/", 1)[-1]


def _footer(one: ProfileTable) -> list[str]:
    notes = []
    if any(0 < row.own_share.n < _FEWEST for row in one.rows):
        notes.append(f"{_MARK} fewer than {_FEWEST} samples: may be chance")
    if one.unlisted:
        notes.append(f"{count(one.unlisted)} more are not shown (--top 0: all)")
    if any(row.own_share.low is not None for row in one.rows):
        notes.insert(0, "± percentage points at 95 % confidence")
    return paragraph("; ".join(notes), indent=2) if notes else []


def _end(result: ProfileResult) -> Sequence[str]:
    written = [f"written: {path}" for path in result.written]
    return [*warnings(result.warnings), *written]

"""A diff of profiles as text: totals, what certainly changed, and what cannot be said yet."""

from collections.abc import Sequence

from tailtune.model.profile_diff import ProfileDiff
from tailtune.show import profile_changes as cells
from tailtune.show.printable import shortened
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, pairs, paragraph, table

_NAME_WIDTH = 60


def profile_diff(diff: ProfileDiff, most: int = cells.MOST_ROWS) -> str:
    """Show a diff; `most` rows of each table, 0: all."""
    own, callers = cells.own_changes(diff), cells.callers_changed(diff)
    return page(
        _totals(diff),
        _rows(f"changed by itself{cells.per(diff)}", own, diff, most),
        _rows(f"changed with what it calls{cells.per(diff)}", callers, diff, most),
        [] if own or callers else paragraph(f"no {diff.grouping} is certain to have changed"),
        _missing(diff),
        paragraph(cells.basis(diff)),
        warnings(diff.warnings),
    )


def _totals(diff: ProfileDiff) -> list[str]:
    write, total = cells.writer(diff), diff.total
    rows = [
        ("base", f"{write(total.base)}{cells.per(diff)} ({cells.arm(diff.base)})"),
        ("candidate", f"{write(total.candidate)}{cells.per(diff)} ({cells.arm(diff.candidate)})"),
        ("change", f"{cells.signed(diff, total)}, {cells.relative(total)}: {total.change}"),
    ]
    return [f"{diff.kind} by {diff.grouping}", *pairs(rows)]


def _rows(title: str, rows: Sequence[cells.Row], diff: ProfileDiff, most: int) -> list[str]:
    shown = rows[:most] if most else rows
    lines = table([_cells(row, diff) for row in shown], header=cells.HEADER, right=(2,))
    cut = len(rows) - len(shown)
    return [title, *lines, *([f"  {cut} more are not shown"] if cut else [])] if rows else []


def _cells(row: cells.Row, diff: ProfileDiff) -> list[str]:
    name, was = (shortened(text, _NAME_WIDTH) for text in (row.function.name, row.function.moved_from))
    return [
        cells.signed(diff, row.value),
        cells.relative(row.value),
        cells.samples(row.value),
        f"{name} (was {was})" if row.function.moved_from else name,
    ]


def _missing(diff: ProfileDiff) -> list[str]:
    lines = paragraph(cells.what_is_missing(diff)) if cells.what_is_missing(diff) else []
    for row in cells.undecided(diff):
        name = shortened(row.function.name, _NAME_WIDTH)
        lines += paragraph(f"{name} {cells.relative(row.value)}: {cells.would_decide(row)}", indent=2)
    return [*lines, *(paragraph(cells.left_out(diff)) if cells.left_out(diff) else [])]

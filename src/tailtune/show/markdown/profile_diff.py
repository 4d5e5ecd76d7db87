"""A diff of profiles as Markdown, for a pull request."""

from collections.abc import Sequence

from tailtune.model.profile_diff import ProfileDiff
from tailtune.show import profile_changes as cells
from tailtune.show.markdown.blocks import bullets, code, document, escaped, section, table
from tailtune.show.printable import printable


def profile_diff(diff: ProfileDiff, most: int = cells.MOST_ROWS) -> str:
    """Show a diff; `most` rows of each table, 0: all."""
    own, callers = cells.own_changes(diff), cells.callers_changed(diff)
    return document(
        f"# tailtune profile: {escaped(diff.kind)} by {diff.grouping}",
        _totals(diff),
        section(f"Changed by itself{cells.per(diff)}", *_rows(own, diff, most)),
        section(f"Changed with what it calls{cells.per(diff)}", *_rows(callers, diff, most)),
        "" if own or callers else f"No {diff.grouping} is certain to have changed.",
        section("What cannot be said", bullets(_missing(diff))),
        section("Method", bullets([escaped(cells.basis(diff)), *map(escaped, diff.warnings)])),
    )


def _totals(diff: ProfileDiff) -> str:
    write, total = cells.writer(diff), diff.total
    rows = [
        ["base", f"{write(total.base)}{cells.per(diff)}", escaped(cells.arm(diff.base))],
        ["candidate", f"{write(total.candidate)}{cells.per(diff)}", escaped(cells.arm(diff.candidate))],
        ["change", escaped(cells.signed(diff, total)), f"{escaped(cells.relative(total))}: **{total.change}**"],
    ]
    return table(["", "total", "from"], rows)


def _rows(rows: Sequence[cells.Row], diff: ProfileDiff, most: int) -> list[str]:
    shown = rows[:most] if most else rows
    cut = len(rows) - len(shown)
    body = [
        [
            escaped(cells.signed(diff, row.value)),
            escaped(cells.relative(row.value)),
            cells.samples(row.value),
            _name(row),
        ]
        for row in shown
    ]
    return [table(cells.HEADER, body, right=(2,)), f"{cut} more are not shown." if cut else ""]


def _name(row: cells.Row) -> str:
    name = code(printable(row.function.name))
    return f"{name} (was {code(printable(row.function.moved_from))})" if row.function.moved_from else name


def _missing(diff: ProfileDiff) -> list[str]:
    undecided = [
        f"{code(printable(row.function.name))} {escaped(cells.relative(row.value))}: {cells.would_decide(row)}"
        for row in cells.undecided(diff)
    ]
    return [cells.what_is_missing(diff), *undecided, escaped(cells.left_out(diff))]

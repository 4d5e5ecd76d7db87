"""Aligned columns and wrapped paragraphs for a terminal of 80 to 100 columns."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

WIDTH: Final = 98
"""Of a page, unless the terminal is narrower."""
_page_width: ContextVar[int] = ContextVar("page width", default=WIDTH)
_NARROWEST: Final = 40
_GAP: Final = "  "
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|[nµm]?s|[KMGT]?i?B|req/s)(?!\w))")
_BRACKETS: Final = re.compile(r"\[[^\[\]]{1,40}\]")


def page_width() -> int:
    """Return how many columns a line may have."""
    return _page_width.get()


@contextmanager
def fitted(columns: int) -> Iterator[None]:
    """Wrap to `columns` what is set meanwhile; never wider than a page, nor too narrow to read."""
    token = _page_width.set(min(WIDTH, max(_NARROWEST, columns)))
    try:
        yield
    finally:
        _page_width.reset(token)


def table(
    rows: Sequence[Sequence[str]], *, header: Sequence[str] | None = None, right: Sequence[int] = (), indent: int = 2
) -> list[str]:
    """Align rows of cells in columns; columns named in `right` are set flush right.

    Rows may be shorter than the header; lines carry no trailing blanks. No rows: no lines.
    """
    if not rows:
        return []
    lines = [header, *rows] if header else list(rows)
    columns = max(len(line) for line in lines)
    widths = [max((len(line[i]) for line in lines if i < len(line)), default=0) for i in range(columns)]
    return [" " * indent + _aligned(line, widths, right) for line in lines]


def _aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    set_cells = [cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(cells)]
    return _GAP.join(set_cells).rstrip()


def pairs(rows: Sequence[tuple[str, str]], *, indent: int = 2) -> list[str]:
    """Align names with their texts; long texts wrap under themselves. Rows without a text are left out."""
    shown = [(name, text) for name, text in rows if text]
    width = max((len(name) for name, _ in shown), default=0)
    return [line for name, text in shown for line in labelled(name.ljust(width), text, indent=indent, gap=_GAP)]


def _glued(text: str) -> str:
    """Put blanks that do not break between numbers and their units, and within brackets."""
    text = _BEFORE_UNIT.sub(_NO_BREAK, text)
    return _BRACKETS.sub(lambda match: match.group().replace(" ", _NO_BREAK), text)


def labelled(label: str, text: str, *, indent: int = 2, gap: str = " ") -> list[str]:
    """Wrap `text` behind a label, its further lines under its first; words are never broken."""
    head = " " * indent + label + gap
    lines = textwrap.wrap(
        _glued(" ".join(text.split())),
        width=_page_width.get(),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines] or [head.rstrip()]


def paragraph(text: str, *, indent: int = 0) -> list[str]:
    """Wrap `text` to the width of the page."""
    return labelled("", text, indent=indent, gap="")


def page(*sections: Sequence[str]) -> str:
    """Join sections by blank lines, leaving out the empty ones."""
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"

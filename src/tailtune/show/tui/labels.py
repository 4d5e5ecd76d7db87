"""Names cut to the width of a cell."""

import re
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, chop_cells

from tailtune.show.printable import printable

EDGE: Final = "▏"
"""Begins each cell, so that neighbours of one color are told apart."""
_ELLIPSIS: Final = "…"
_PATH: Final = re.compile(r"^[\w.~@/-]+/")


@lru_cache(maxsize=16384)
def label(name: str, width: int, sign: str = "") -> str:
    """Return a name in exactly `width` columns, behind a sign; paths of packages and modules go first, then the end."""
    if width <= 1:
        return EDGE * width
    room = width - 1 - len(sign)
    text = next((one for one in _forms(printable(name)) if cell_len(one) <= room), None)
    if text is None:
        text = _cut(_forms(printable(name))[-1], room)
    return EDGE + sign + text + " " * (room - cell_len(text))


def _forms(name: str) -> list[str]:
    """Return ever shorter forms of a name that still say what it is: `a.com/b/c.(*T).F`, `c.(*T).F`, `(*T).F`."""
    plain = name.split("<", 1)[0] if "::" in name and not name.startswith("<") else name
    without_path = _PATH.sub("", name)
    parts = plain.split("::") if "::" in plain else []
    shorter = ["::".join(parts[-last:]) for last in (3, 2, 1) if len(parts) > last]
    return [name, without_path, *(shorter or [without_path.partition(".")[2] or without_path])]


def _cut(text: str, room: int) -> str:
    if room <= 1:
        return _ELLIPSIS * room
    return chop_cells(text, room - 1)[0] + _ELLIPSIS

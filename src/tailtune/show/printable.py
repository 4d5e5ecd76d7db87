"""Names out of profiles, made safe for a terminal: they come from binaries and files that nobody vouches for."""

import unicodedata
from functools import lru_cache
from typing import Final

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS: Final = "…"
_LONGEST: Final = 4096
"""Characters of a name that are looked at."""


@lru_cache(maxsize=65536)
def printable(name: str) -> str:
    """Return a name in which nothing moves the cursor, turns the line around or joins the next character."""
    plain = name if name.isascii() and name.isprintable() else "".join(map(_shown, name[:_LONGEST]))
    return plain[:_LONGEST] or "(no name)"


def shortened(name: str, width: int) -> str:
    """Return a printable name of at most `width` characters, without its middle: both ends tell most."""
    name = printable(name)
    if len(name) <= width:
        return name
    tail = (width - 1) * 2 // 3
    return f"{name[: width - 1 - tail]}{_ELLIPSIS}{name[len(name) - tail :]}" if width > 1 else _ELLIPSIS


def _shown(letter: str) -> str:
    return letter if letter.isprintable() and unicodedata.category(letter)[0] != "M" else _REPLACEMENT

"""The few Markdown constructs a report needs; text from outside is escaped here."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_<>|#]|\](?=[(\[]))")


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Return `text` as inline code, also inside a table; backticks in it are kept."""
    inner = " ".join(text.split()).replace("|", r"\|")
    fence = "``" if "`" in inner else "`"
    pad = " " if "`" in inner else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def shell(argv: Sequence[str]) -> str:
    """Return a command as a block that can be copied into a shell."""
    return f"```sh\n{shlex.join(argv)}\n```"


def section(title: str, *blocks: str) -> str:
    """Return a section with its blocks; empty blocks are left out, and so is a section without any."""
    filled = [block for block in blocks if block]
    return "\n\n".join([f"## {title}", *filled]) if filled else ""


def bullets(items: Sequence[str]) -> str:
    """Return a list; empty items are left out."""
    return "\n".join(f"- {item}" for item in items if item)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return a table of cells that are Markdown already; no rows: nothing."""
    if not rows:
        return ""
    rule = ["---:" if position in right else "---" for position in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def document(*sections: str) -> str:
    """Join sections into a document."""
    return "\n\n".join(part for part in sections if part) + "\n"

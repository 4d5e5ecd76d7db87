"""Colors of an icicle: of the terminal's own sixteen, letters and ground both set, so that any background will do."""

from typing import Final

from rich.style import Style

from tailtune.model.icicle import FrameKind

_KINDS: Final = {
    FrameKind.OWN: Style(color="black", bgcolor="green"),
    FrameKind.STANDARD: Style(color="black", bgcolor="cyan"),
    FrameKind.RUNTIME: Style(color="bright_white", bgcolor="blue"),
    FrameKind.KERNEL: Style(color="bright_white", bgcolor="red"),
    FrameKind.UNKNOWN: Style(color="black", bgcolor="white"),
}
MERGED: Final = Style(dim=True)
MATCH: Final = Style(color="black", bgcolor="bright_yellow", bold=True, underline=True)
"""Also told by its underline, where there is no color."""
CURSOR: Final = Style(reverse=True, bold=True)


def style_of(kind: FrameKind, *, matched: bool, chosen: bool) -> Style:
    """Return how a cell is drawn."""
    style = MATCH if matched else _KINDS[kind]
    return style + CURSOR if chosen else style


def legend() -> list[tuple[str, Style]]:
    """Return each kind's words in its color."""
    return [(f" {kind} ", style) for kind, style in _KINDS.items()]

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
_CHANGES: Final = {
    1: Style(color="bright_white", bgcolor="red"),
    0: Style(color="black", bgcolor="white"),
    -1: Style(color="bright_white", bgcolor="blue"),
}
CHANGE_WORDS: Final = {1: "higher", 0: "not certain", -1: "lower"}
_SIGNS: Final = {1: "+", 0: "", -1: "-"}
"""Before a name, since there may be no color."""
MERGED: Final = Style(dim=True)
MATCH: Final = Style(color="black", bgcolor="bright_yellow", bold=True, underline=True)
"""Also told by its underline, where there is no color."""
CURSOR: Final = Style(reverse=True, bold=True)


def style_of(kind: FrameKind, *, matched: bool, chosen: bool) -> Style:
    """Return how a cell is drawn."""
    return _marked(_KINDS[kind], matched=matched, chosen=chosen)


def style_of_change(change: int, *, matched: bool, chosen: bool) -> Style:
    """Return how a cell of a diff is drawn."""
    return _marked(_CHANGES[change], matched=matched, chosen=chosen)


def sign_of(change: int) -> str:
    """Return what a name of a diff begins with."""
    return _SIGNS[change]


def _marked(style: Style, *, matched: bool, chosen: bool) -> Style:
    style = MATCH if matched else style
    return style + CURSOR if chosen else style


def legend(*, diff: bool) -> list[tuple[str, Style]]:
    """Return each color's words in it."""
    if diff:
        return [(f" {CHANGE_WORDS[change]} ", style) for change, style in _CHANGES.items()]
    return [(f" {kind} ", style) for kind, style in _KINDS.items()]

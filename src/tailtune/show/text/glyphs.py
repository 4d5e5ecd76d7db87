"""What charts are drawn with: block characters, or ASCII where the terminal has no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Glyphs:
    """The characters of one way to draw."""

    shades: str
    """From few to many."""
    first: str
    second: str
    """The marks of two curves; `first` is drawn over `second`."""
    side: str
    corner: str
    floor: str
    tick: str


UNICODE: Final = Glyphs(shades="░▒▓█", first="●", second="·", side="│", corner="└", floor="─", tick="┴")
ASCII: Final = Glyphs(shades=".:+#", first="*", second=".", side="|", corner="+", floor="-", tick="+")
_chosen: ContextVar[Glyphs] = ContextVar("glyphs", default=UNICODE)


def glyphs() -> Glyphs:
    """Return what to draw with."""
    return _chosen.get()


@contextmanager
def drawn_with(chosen: Glyphs) -> Iterator[None]:
    """Draw with these meanwhile."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)

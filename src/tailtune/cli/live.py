"""How a load is shown while it runs: a line that is rewritten on a terminal, one every few seconds elsewhere.

A check that fails is named once, when it first does; it stays on screen with what helps.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tailtune.cli.progress import LineProgress, LiveProgress, QuietProgress
from tailtune.cli.terminal import is_live, say, say_labelled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

    from tailtune.cli.options import Output
    from tailtune.model.live import LiveSecond

_EVERY_S: Final = 10.0
"""Between lines in a log: enough to see that something happens, few enough to read the log of an hour."""


class QuietLoad(QuietProgress):
    """Says nothing but warnings."""

    def second(self, one: "LiveSecond") -> None:
        """One second is over."""


class _Named:
    """The failing checks that were named already."""

    def __init__(self) -> None:
        self._codes: set[str] = set()

    def new(self, one: "LiveSecond") -> list[str]:
        from tailtune.show.text.live import live_reason

        fresh = [reason for reason in one.reasons if reason.code not in self._codes]
        self._codes.update(reason.code for reason in fresh)
        return [live_reason(reason) for reason in fresh]


class LineLoad(LineProgress, QuietLoad):
    """A line every ten seconds, or every second; nothing is rewritten."""

    def __init__(self, *, every_s: float = _EVERY_S, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._every_s = every_s
        self._said_s = 0.0
        self._named = _Named()

    def second(self, one: "LiveSecond") -> None:
        """One second is over."""
        from tailtune.show.text.live import live_line

        if one.elapsed_s - self._said_s >= self._every_s - 0.5:
            self._said_s = one.elapsed_s
            say(live_line(one))
        for text in self._named.new(one):
            say_labelled("warning", text)


class LiveLoad(LiveProgress, QuietLoad):
    """One line that is rewritten each second."""

    def __init__(self, console: "Console | None" = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(console, clock)
        self._named = _Named()

    def columns(self) -> "list[ProgressColumn]":
        """Return nothing but the text: a bar would leave it no room."""
        from rich.progress import TextColumn

        return [TextColumn("{task.description}", markup=False)]

    def advance(self, done: float, total: float, note: str = "") -> None:
        """The phase went on, which `second` tells."""

    def second(self, one: "LiveSecond") -> None:
        """One second is over."""
        from tailtune.show.text.live import live_line

        for text in self._named.new(one):
            self.warn(text)
        if self._task is not None:
            self._bars.update(self._task, description=live_line(one))


@contextmanager
def showing_load(output: "Output", *, verbose: bool = False) -> Iterator[QuietLoad]:
    """Give a progress of a load that suits where stderr leads, and end it however the load ends."""
    shown: QuietLoad
    if output.quiet:
        shown = QuietLoad()
    elif is_live(sys.stderr):
        shown = LiveLoad()
    else:
        shown = LineLoad(every_s=1.0 if verbose else _EVERY_S)
    try:
        yield shown
    finally:
        shown.close()

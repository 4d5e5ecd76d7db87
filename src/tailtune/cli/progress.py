"""How long work is shown: a live bar with the remaining time on a terminal, one line a phase elsewhere.

Both implement `record.ports.Progress` by its shape.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailtune.cli.terminal import is_live, say, say_labelled, styled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn, TaskID

    from tailtune.cli.options import Output

_NAME_WIDTH: Final = 10
_RESTART: Final = re.compile(r"(epoch \d+): ")
_READY: Final = "ready"
_UP_TO_A_LIMIT: Final = "warm-up"
"""Usually ends before its total."""
_REFRESH_PER_S: Final = 1
"""Drawing takes CPU time from what is measured; more often would show in the figures."""
_WORTH_A_LINE_S: Final = 0.5
"""Shorter phases leave no line on a terminal."""


class QuietProgress:
    """Says nothing but warnings."""

    def phase(self, name: str, note: str = "") -> None:
        """A phase began."""

    def advance(self, done: float, total: float, note: str = "") -> None:
        """The phase went on."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def warn(self, text: str) -> None:
        """A warning that the result will carry as well."""
        say_labelled("warning", text)

    def close(self) -> None:
        """The work ended."""


class LineProgress(QuietProgress):
    """One line when a phase begins, with the seconds since the command began; nothing is rewritten.

    The restarts of an epoch, all that has a note such as `epoch 3: base`, are one line.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._restarting = False

    def phase(self, name: str, note: str = "") -> None:
        """A phase began."""
        epoch = _RESTART.match(note)
        if self._restarting and (epoch or name == _READY):
            return
        self._restarting = epoch is not None
        note = epoch.group(1) if epoch else note
        elapsed = self._clock() - self._began
        label = styled(f"{name:<{_NAME_WIDTH}}", "phase", sys.stderr)
        say(f"{elapsed:6.1f} s  {label} {note}".rstrip())

    def note(self, text: str) -> None:
        """Something worth a line."""
        say(f"{'':8}  {'':{_NAME_WIDTH}} {text}")


@dataclass
class _Pace:
    """How far the phases of one name have come; an experiment measures in many, with one count through all."""

    total: float
    began: float
    done: float = 0.0

    def continues(self, done: float, total: float) -> bool:
        return total == self.total and done > self.done

    def seconds_left(self, now: float) -> float:
        return (now - self.began) * (self.total - self.done) / self.done if self.done > 0 else 0.0


class LiveProgress(QuietProgress):
    """A bar for the phase under way; each finished phase that took time stays as a line with its length.

    The restarts of an epoch leave none.
    """

    def __init__(self, console: "Console | None" = None, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._clock = clock
        self._console = console or Console(stderr=True, highlight=False)
        self._bars = Progress(
            *self.columns(),
            console=self._console,
            refresh_per_second=_REFRESH_PER_S,
            transient=True,
        )
        self._task: TaskID | None = None
        self._phase = ("", "")
        self._phase_began = 0.0
        self._paces: dict[str, _Pace] = {}
        self._bars.start()

    def columns(self) -> "list[ProgressColumn]":
        """Return what the line of the phase under way consists of."""
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        return [
            TextColumn(f"{'':8}  {{task.fields[phase]:<{_NAME_WIDTH}}}", markup=False),
            BarColumn(bar_width=16),
            TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.description}", markup=False),
        ]

    def phase(self, name: str, note: str = "") -> None:
        """A phase began: the one before it is finished and becomes a line."""
        self._finish_phase()
        self._phase = (name, note)
        self._phase_began = self._clock()
        self._task = self._bars.add_task(note, total=None, phase=name, left="")

    def advance(self, done: float, total: float, note: str = "") -> None:
        """The phase went on; the remaining time follows from the pace so far."""
        if self._task is None:
            return
        name, phase_note = self._phase
        pace = self._paces.get(name)
        if pace is None or not pace.continues(done, total):
            pace = self._paces[name] = _Pace(total, self._phase_began)
        pace.done = done
        limit = "at most " if name == _UP_TO_A_LIMIT else ""
        left = f"{limit}{pace.seconds_left(self._clock()):.0f} s left"
        self._bars.update(self._task, completed=done, total=total, left=left, description=note or phase_note)

    def note(self, text: str) -> None:
        """Something worth a line, above the bar."""
        self._print(f"{'':8}  {'':{_NAME_WIDTH}} {text}")

    def warn(self, text: str) -> None:
        """A warning that the result will carry as well."""
        self._print(f"warning: {text}", style="yellow")

    def close(self) -> None:
        """The work ended: the bar goes, the lines stay."""
        self._finish_phase()
        self._bars.stop()

    def _finish_phase(self) -> None:
        if self._task is None:
            return
        self._bars.remove_task(self._task)
        self._task = None
        name, note = self._phase
        seconds = self._clock() - self._phase_began
        if seconds >= _WORTH_A_LINE_S and not _RESTART.match(note):
            self._print(f"{seconds:6.1f} s  {name:<{_NAME_WIDTH}} {note}".rstrip())

    def _print(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, soft_wrap=True)


@contextmanager
def showing(output: "Output") -> Iterator[QuietProgress]:
    """Give a progress that suits where stderr leads, and end it however the work ends.

    What a killed tailtune left changed on the machine is undone first, and told as a warning.
    """
    from tailtune.record.processes.journal import repair

    progress: QuietProgress
    if output.quiet:
        progress = QuietProgress()
    elif is_live(sys.stderr):
        progress = LiveProgress()
    else:
        progress = LineProgress()
    try:
        for told in repair():
            progress.warn(told)
        yield progress
    finally:
        progress.close()

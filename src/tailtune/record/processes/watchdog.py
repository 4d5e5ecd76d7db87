"""A tiny process that outlives a killed tailtune just long enough to end what it had started.

It reads lines from a pipe of the tool: `token TEXT`, `add PID START_TICKS` and `remove PID` for sessions,
`folder PATH` and `gone PATH` for temporary folders, `settings PATH` for the journal of what the tool changed
outside its processes. When the pipe closes, for whatever reason, everything that carries the token or is in an
added session is killed, the changes of the journal are undone, and the folders are deleted.
Run as `python -m tailtune.record.processes.watchdog`.
"""

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from tailtune.record.processes import journal, ownership


class Charge:
    """What is to be cleared up when the tool ends."""

    def __init__(self) -> None:
        self.token = ""
        self.sessions: dict[int, ownership.Leader] = {}
        self.folders: set[str] = set()
        self.settings: journal.Left | None = None

    def follow(self, lines: Iterable[str]) -> None:
        """Follow orders to the end of the pipe."""
        for line in lines:
            order, _, rest = line.rstrip("\n").partition(" ")
            self._obey(order, rest)

    def clear(self) -> None:
        """End the processes, undo what was changed, delete the folders."""
        ownership.kill(self.sessions.values(), self.token)
        if self.settings is not None:
            self.settings.settle()
            self.settings.close()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _obey(self, order: str, rest: str) -> None:
        if order == "token":
            self.token = rest
        elif order == "add":
            pid, _, start = rest.partition(" ")
            self.sessions[int(pid)] = ownership.Leader(int(pid), int(start))
        elif order == "remove":
            self.sessions.pop(int(rest), None)
        elif order == "folder":
            self.folders.add(rest)
        elif order == "gone":
            self.folders.discard(rest)
        elif order == "settings":
            with contextlib.suppress(OSError):  # it has gone: everything was undone
                self.settings = journal.Left(Path(rest))
                self.settings.hold()


def main() -> None:
    """Wait for the tool's end and clear up behind it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charge = Charge()
    charge.follow(sys.stdin)
    charge.clear()


if __name__ == "__main__":
    main()

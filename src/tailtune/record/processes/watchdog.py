"""A tiny process that outlives a killed tailtune just long enough to end what it had started.

It reads lines from a pipe of the tool: `token TEXT`, `add PID START_TICKS` and `remove PID` for sessions,
`folder PATH` and `gone PATH` for temporary folders. When the pipe closes, for whatever reason, everything
that carries the token or is in an added session is killed, and the folders are deleted.
Run as `python -m tailtune.record.processes.watchdog`.
"""

import shutil
import signal
import sys
from collections.abc import Iterable

from tailtune.record.processes import ownership


class Charge:
    """What is to be cleared up when the tool ends."""

    def __init__(self) -> None:
        self.token = ""
        self.sessions: dict[int, ownership.Leader] = {}
        self.folders: set[str] = set()

    def follow(self, lines: Iterable[str]) -> None:
        """Follow orders to the end of the pipe."""
        for line in lines:
            order, _, rest = line.rstrip("\n").partition(" ")
            self._obey(order, rest)

    def clear(self) -> None:
        """End the processes, then delete the folders."""
        ownership.kill(self.sessions.values(), self.token)
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


def main() -> None:
    """Wait for the tool's end and clear up behind it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charge = Charge()
    charge.follow(sys.stdin)
    charge.clear()


if __name__ == "__main__":
    main()

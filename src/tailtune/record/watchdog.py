"""A tiny process that outlives a killed tailtune just long enough to end what it had started.

It reads lines from a pipe of the tool: `token TEXT`, `add PID START_TICKS`, `remove PID`. When the pipe
closes, for whatever reason, everything that carries the token or is in an added session is killed.
Run as `python -m tailtune.record.watchdog`.
"""

import signal
import sys
from collections.abc import Iterable

from tailtune.record import ownership


def follow(lines: Iterable[str]) -> tuple[str, dict[int, ownership.Leader]]:
    """Read orders to their end and return the token and the sessions that are still to be ended."""
    token = ""
    sessions: dict[int, ownership.Leader] = {}
    for line in lines:
        order, _, rest = line.strip().partition(" ")
        if order == "token":
            token = rest
        elif order == "add":
            pid, _, start = rest.partition(" ")
            sessions[int(pid)] = ownership.Leader(int(pid), int(start))
        elif order == "remove":
            sessions.pop(int(rest), None)
    return token, sessions


def main() -> None:
    """Wait for the tool's end and clear up behind it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    token, sessions = follow(sys.stdin)
    ownership.kill(sessions.values(), token)


if __name__ == "__main__":
    main()

"""Which processes are the tool's own, and how to end them for certain.

A process started by tailtune leads a session of its own and carries a token in its environment. A child
that leaves the session (a daemon) still carries the token; one that drops its environment still is in
the session. Signals go through pidfds after the start time was checked, so a process that reuses a pid gets none.

Used by the watchdog, therefore free of anything that is slow to import.
"""

import os
import signal
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from tailtune.record.processes import proc

TOKEN: Final = "TAILTUNE_OWNER"  # noqa: S105 - the name of a variable, not a secret
_PASSES: Final = 50
_PASS_SECONDS: Final = 0.02
_DEAD: Final = "ZX"


class Leader(NamedTuple):
    """The first process of a session, named so that a reuse of its pid is noticed."""

    pid: int
    start_ticks: int


def leader(pid: int) -> Leader:
    """Name a process that was just started and not yet waited for."""
    found = proc.stat(pid)
    return Leader(pid, found.start_ticks if found else 0)


def members(leaders: Iterable[Leader], token: str) -> list[Leader]:
    """Return the living processes of the leaders' sessions, and all whose token begins so (unless empty).

    Takes one pass over /proc, some milliseconds.
    """
    sessions = {one.pid: one.start_ticks for one in leaders}
    marker = f"{TOKEN}={token}".encode()
    found = []
    for pid in proc.pids():
        stat = _stat(pid)
        if stat is None or stat.state in _DEAD or pid == os.getpid():
            continue
        if _in_session(stat, sessions) or (token and _carries(pid, marker)):
            found.append(Leader(pid, stat.start_ticks))
    return found


def kill(leaders: Iterable[Leader], token: str) -> list[Leader]:
    """SIGKILL all members until none is left; processes that fork meanwhile are caught by the next pass.

    Returns:
        Those that could not be killed; normally none.
    """
    known = list(leaders)
    for _ in range(_PASSES):
        left = members(known, token)
        if not left:
            return []
        for one in left:
            send(one, signal.SIGKILL)
        time.sleep(_PASS_SECONDS)
    return members(known, token)


def send(target: Leader, number: signal.Signals) -> bool:
    """Send a signal to exactly this process; False when it has gone or its pid belongs to another one."""
    try:
        descriptor = os.pidfd_open(target.pid)
    except OSError:
        return False
    try:
        # The pidfd holds on to one process: if the start time fits now, the signal meets that one.
        if leader(target.pid).start_ticks != target.start_ticks:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _stat(pid: int) -> proc.Stat | None:
    try:
        return proc.stat(pid)
    except ValueError:
        return None


def _in_session(stat: proc.Stat, sessions: dict[int, int]) -> bool:
    """Whether a process is in one of the sessions.

    The kernel gives a session's number to nobody else while the session has members. If a process
    with that pid started at another time, the session ended and the number was used again.
    """
    started = sessions.get(stat.session)
    if started is None or stat.start_ticks < started:
        return False
    first = _stat(stat.session)
    return first is None or first.start_ticks == started


def _carries(pid: int, marker: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123 - read for every process of the machine
            return marker in stream.read()
    except OSError:
        return False

"""Which process a user means by a number or a name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tailtune.errors import UsageError
from tailtune.record.processes import proc

_MOST_LISTED: Final = 12
_MOST_SHOWN: Final = 90
"""Characters of a command line in a list."""


class Process(NamedTuple):
    """A living process."""

    pid: int
    name: str
    command: str
    """Command line; of kernel threads, their name in brackets."""
    start_ticks: int
    """Tells it from a later process of the same number."""

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        now = proc.stat(self.pid)
        return now is not None and now.start_ticks == self.start_ticks and now.state not in "ZX"


def process_of(pid: int) -> Process:
    """Return the process of this number.

    Raises:
        UsageError: if there is none.
    """
    found = _look_at(pid)
    if found is None:
        raise UsageError(f"process {pid} does not exist", hint="`pgrep -a NAME` lists processes by name")
    return found


def process_named(name: str) -> Process | None:
    """Return the process of this name: the one called exactly so, or the only one with it in its name.

    The name is that of the binary, of the command as it was started, or of the main thread. None: no process fits.

    Raises:
        UsageError: if several fit; the message lists them.
    """
    seen = [process for process in _others() if process.command and not process.command.startswith("[")]
    exact = [process for process in seen if name in _names(process)]
    fitting = exact or [process for process in seen if any(name in known for known in _names(process))]
    if len(fitting) > 1:
        raise UsageError(
            f"{len(fitting)} processes are called `{name}`:\n{_listed(fitting)}",
            hint=f"name one by its number: `tailtune profile {fitting[0].pid}`",
        )
    return fitting[0] if fitting else None


def _others() -> Iterator[Process]:
    """Give all processes but this one and those it was started by, which may bear the name as an argument's shell."""
    own, up = set(), os.getpid()
    while up > 1 and up not in own:
        own.add(up)
        above = proc.stat(up)
        up = above.parent if above else 0
    for pid in proc.pids():
        found = _look_at(pid) if pid not in own else None
        if found is not None:
            yield found


def _look_at(pid: int) -> Process | None:
    stat = proc.stat(pid)
    if stat is None or stat.state in "ZX":
        return None
    arguments = proc.read(proc.PROC / str(pid) / "cmdline").rstrip("\0").split("\0")
    command = " ".join(arguments) or f"[{stat.name}]"
    return Process(pid, _called(pid, stat.name), command, stat.start_ticks)


def _called(pid: int, name: str) -> str:
    """Return the binary's name where it begins as the thread's, which the kernel cuts at 15 characters."""
    binary = _binary(pid)
    return binary if binary.startswith(name) else name


def _binary(pid: int) -> str:
    try:
        return Path(os.readlink(proc.PROC / str(pid) / "exe")).name.removesuffix(" (deleted)")  # noqa: PTH115 - text
    except OSError:
        return ""


def _names(process: Process) -> set[str]:
    started = Path(process.command.split(" ", 1)[0]).name
    return {process.name, started, _binary(process.pid)} - {""}


def _listed(processes: list[Process]) -> str:
    lines = [f"  {one.pid:>8}  {one.command[:_MOST_SHOWN]}" for one in processes[:_MOST_LISTED]]
    more = len(processes) - _MOST_LISTED
    return "\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])])

"""What Linux tells about processes in /proc: pure parsers of its texts, and a reader that tolerates vanishing.

Format: proc(5). Imports nothing but the standard library's smallest modules, because the watchdog needs it too.
"""

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
NS_PER_TICK: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """The fields of `/proc/PID/stat` that tailtune uses; `*_ns` in ns at clock-tick resolution."""

    pid: int
    name: str
    state: str
    parent: int
    session: int
    minor_faults: int
    major_faults: int
    user_ns: int
    system_ns: int
    children_minor_faults: int
    children_major_faults: int
    children_user_ns: int
    children_system_ns: int
    threads: int
    start_ticks: int
    """Start time since boot; with the pid it names a process for good, also after its pid was reused."""


class SchedStat(NamedTuple):
    """`/proc/PID/task/TID/schedstat`: time on a CPU, time runnable but waiting, and number of time slices."""

    cpu_ns: int
    run_delay_ns: int
    timeslices: int


def parse_stat(text: str) -> Stat:
    """Read `/proc/PID/stat`; the name may hold spaces and parentheses.

    Raises:
        ValueError: if the text is cut off.
    """
    head, _, tail = text.rpartition(")")
    pid, _, name = head.partition(" (")
    fields = tail.split()
    try:
        minor, children_minor, major, children_major = map(int, fields[7:11])
        user, system, children_user, children_system = (int(field) * NS_PER_TICK for field in fields[11:15])
        return Stat(
            int(pid), name, fields[0], int(fields[1]), int(fields[3]), minor, major, user, system,
            children_minor, children_major, children_user, children_system, int(fields[17]), int(fields[19]),
        )  # fmt: skip
    except (IndexError, ValueError) as error:
        raise ValueError(f"not a process's stat: {text!r}") from error


def parse_schedstat(text: str) -> SchedStat:
    """Read a `schedstat` file; a kernel without scheduler statistics prints zeros."""
    return SchedStat(*map(int, text.split()[:3]))


def parse_status(text: str) -> dict[str, int]:
    """Read the numbers of a `status` file by their names; sizes are turned from kB into bytes."""
    numbers = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdecimal():
            numbers[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return numbers


def read(path: Path) -> str:
    """Return a file's text; empty when the process has gone or may not be seen."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def stat(pid: int) -> Stat | None:
    """Return a process's stat; absent when it has gone."""
    text = read(PROC / str(pid) / "stat")
    return parse_stat(text) if text else None


def cpu_ns(pid: int) -> int:
    """Return the CPU time of a process in ns; 0 when it has gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # CPUCLOCK_SCHED of the process, as in clock_getcpuclockid(3)
    except OSError:
        found = stat(pid)
        return found.user_ns + found.system_ns if found else 0


def pids() -> list[int]:
    """Return all processes that can be seen."""
    return [int(name) for name in os.listdir(PROC) if name.isdecimal()]  # noqa: PTH208 - a tenth of iterdir's cost


def tree(pid: int) -> list[int]:
    """Return a process and all its living descendants, itself first."""
    found = [pid]
    for known in found:
        for task in _tasks(known):
            found += [int(child) for child in read(PROC / str(known) / "task" / task / "children").split()]
    return found


def tasks(pid: int) -> list[int]:
    """Return the threads of a process; empty when it has gone."""
    return [int(task) for task in _tasks(pid)]


def _tasks(pid: int) -> list[str]:
    try:
        return os.listdir(PROC / str(pid) / "task")  # noqa: PTH208 - called ten times a second
    except OSError:
        return []

"""What every comparison needs: a server on one CPU, generators on another, and what they cost."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tailtune.record.engine.servers import ProvingServer, null_server
from tailtune.record.processes.hog import hogs

GENERATOR_CPU: Final = max(os.sched_getaffinity(0))
"""Where the load engine pins itself; peers are given it for themselves as well."""
SERVER_CPU: Final = min(os.sched_getaffinity(0))
UNPRIVILEGED: Final = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "prlimit", "--rtprio=0:0"]
"""Before a command: without capabilities, hence without real-time priority, negative nice values or locked memory."""
_POLL_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 60.0
LOAD_INVALID: Final = 103


class Ran(NamedTuple):
    """A command that ended."""

    stdout: str
    seconds: float
    cpu_seconds: float
    """Of the whole process tree, from start to end."""
    peaks: dict[str, int]
    """Largest resident memory in bytes: `tool` of the first process, `engine` of the load engine's, if any."""


def run(command: Sequence[str], *, seconds: float, pinned: bool = True, memory: bool = False) -> Ran:
    """Run a generator that should take `seconds`, on the generator's CPU.

    Raises:
        RuntimeError: if it fails or does not end.
    """
    pin = ["taskset", "-c", str(GENERATOR_CPU)] if pinned else []
    before, started = os.times(), time.monotonic()
    with subprocess.Popen([*pin, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        peaks: dict[str, int] = {}
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended)) if memory else None
        if watcher:
            watcher.start()
        try:
            stdout, stderr = process.communicate(timeout=seconds + _PATIENCE_SECONDS)
        except BaseException:
            process.terminate()
            raise
        finally:
            ended.set()
            if watcher:
                watcher.join()
    took, after = time.monotonic() - started, os.times()
    if process.returncode not in {0, LOAD_INVALID}:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {stderr[-500:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Ran(stdout, took, cpu, peaks)


def _watch(pid: int, peaks: dict[str, int], ended: threading.Event) -> None:
    """Follow the resident memory of a tool and of its load engine, each a high-water mark of the kernel's."""
    while not ended.wait(_POLL_SECONDS):
        for name, one in [("tool", pid), *(("engine", child) for child in _children(pid) if _is_engine(child))]:
            with contextlib.suppress(OSError, IndexError, ValueError):
                status = Path(f"/proc/{one}/status").read_text(encoding="utf-8")
                peaks[name] = max(peaks.get(name, 0), int(status.split("VmHWM:")[1].split()[0]) * 1024)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return []


def _is_engine(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"tailtune.record.engine.process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@contextlib.contextmanager
def server(*, busy: bool = False, journal: Path | None = None, records: int = 4_000_000) -> Iterator[ProvingServer]:
    """Run the null server; `busy`: beside a hog on its CPU.

    With a journal the server asks the kernel for times of receipt, which on loopback are taken within the sender's own
    system call: they do not depend on when the server runs. It has real-time priority all the same, so that generators
    that wait for answers get them promptly.
    """
    with contextlib.ExitStack() as stack:
        if busy:
            stack.enter_context(hogs(SERVER_CPU, 1))
        yield stack.enter_context(null_server(real_time=True, cpu=SERVER_CPU, journal=journal, records=records))


def python() -> list[str]:
    """Return the command that runs this tool."""
    return [sys.executable, "-m", "tailtune"]

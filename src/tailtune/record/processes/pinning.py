"""Keeps each thread of a process on a CPU of its own, threads that are born later too."""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tailtune.record.processes import proc

_STEP_SECONDS: Final = 0.02


class Pinning:
    """Which thread is on which CPU; a new one gets the CPU that has the fewest."""

    def __init__(self, pid: int, cpus: Sequence[int]) -> None:
        """Pin threads of `pid` to these CPUs, at least one."""
        self._pid = pid
        self._cpus = list(cpus)
        self._before = os.sched_getaffinity(pid)
        self.placed: dict[int, int] = {}

    def look(self) -> None:
        """Pin threads that were born since the last look, and forget those that have ended."""
        tasks = proc.tasks(self._pid)
        for gone in self.placed.keys() - set(tasks):
            del self.placed[gone]
        for task in tasks:
            if task not in self.placed:
                self._place(task)

    def undo(self) -> None:
        """Give living threads the CPUs back that the process had."""
        for task in proc.tasks(self._pid):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(task, self._before)

    def _place(self, task: int) -> None:
        used = Counter(self.placed.values())
        cpu = min(self._cpus, key=lambda one: used[one])
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(task, {cpu})
            self.placed[task] = cpu


@contextlib.contextmanager
def pinned(pid: int, cpus: Sequence[int]) -> Iterator[Pinning]:
    """Pin the threads of a process to these CPUs, one after the other, and look for new ones fifty times a second.

    Raises:
        OSError: if the kernel refuses; a process of another user, or a CPU that it may not use.
    """
    pinning = Pinning(pid, cpus)
    pinning.look()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_STEP_SECONDS):
            with contextlib.suppress(OSError):
                pinning.look()

    watcher = threading.Thread(target=watch, name="tailtune-pinning", daemon=True)
    watcher.start()
    try:
        yield pinning
    finally:
        ended.set()
        watcher.join()
        pinning.undo()

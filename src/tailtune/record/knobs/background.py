"""Background load: other programs that want the CPU, the memory, the caches or the disk at the same time."""

import contextlib
import os
from collections.abc import Iterator

from tailtune.model.knobs import KnobPlace
from tailtune.record.knob import Plain
from tailtune.record.ports import Launch, Started
from tailtune.record.processes import proc
from tailtune.record.processes.background import LONGEST_SECONDS, MOST, background
from tailtune.record.processes.hog import KINDS
from tailtune.record.processes.process import supervisor

_NONE = "none"


class BackgroundLoad(Plain):
    """Runs hogs on the service's CPUs while the service is under load, and only then."""

    name = "background"
    help = "programs beside the service, on its CPUs while it is loaded, that take CPU, memory bandwidth, cache or disk"
    levels = (
        "`none`, or kinds with numbers, joined by `+`, such as `cpu:1+io:1`: `cpu` computes, `memory` copies 128 MiB,"
        f" `cache` reads all over the last cache, `io` writes and syncs in the temporary folder; {MOST} at most"
    )
    examples = ("cpu:1", "memory:1")
    takes = f"nothing; it lasts {LONGEST_SECONDS // 3600} h at most, and other work on the machine is disturbed too"
    undo = "the programs end with the service and with the tool, also after a kill -9; their files are deleted"
    place = KnobPlace.MACHINE

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self._counts(level)

    @contextlib.contextmanager
    def hold(self, process: Started, level: str) -> Iterator[None]:
        """See `ports.Knob.hold`."""
        counts = self._counts(level)
        if not counts:
            yield
            return
        try:
            cpus = sorted(os.sched_getaffinity(process.pid))
        except ProcessLookupError:  # it has ended; whoever watches it says so
            yield
            return
        with background(counts, cpus, supervisor()) as hogs:
            process.during_load.append(hogs.running)
            pids = [one.pid for one in hogs.hogs]
            process.companions.extend(pids)
            _running[process.pid] = pids
            try:
                yield
            finally:
                process.during_load.remove(hogs.running)
                process.companions.clear()
                del _running[process.pid]

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Count the hogs that live."""
        hogs = _running.get(pid, [])
        states = [found.state for one in hogs if (found := proc.stat(one)) is not None]
        alive = sum(state not in "ZX" for state in states)
        return self.told(f"{alive} programs", level, same=alive == sum(self._counts(level).values()))

    def _counts(self, level: str) -> dict[str, int]:
        if level == _NONE:
            return {}
        parts = [part.partition(":") for part in level.split("+")]
        if any(kind not in KINDS or not number.isdecimal() or int(number) < 1 for kind, _, number in parts):
            raise self.impossible(level)
        counts = {kind: int(number) for kind, _, number in parts}
        if len(counts) != len(parts) or sum(counts.values()) > MOST:
            raise self.impossible(level)
        return counts


_running: dict[int, list[int]] = {}
"""Pid of the service → pids of its hogs."""

KNOB = BackgroundLoad()

"""What the machine takes from the load engine while it plays: steal on its CPUs, throttling of its control group."""

import os
import time
from collections.abc import Collection

from tailtune.model.load import HostAccount
from tailtune.record.host import machine
from tailtune.record.host.cgroup import cpu_group, parse_throttling, throttling_files
from tailtune.record.processes import proc

_Reading = tuple[int, int, int, int]
"""Time, steal, throttled periods, throttled time; ns."""


class EngineHost:
    """Counts from its construction on; each reading takes about 0.1 ms."""

    def __init__(self, cpus: Collection[int] = ()) -> None:
        """Watch these CPUs, or all that this process may use, and the control group, which the engine shares."""
        self._cpus = frozenset(cpus) or os.sched_getaffinity(0)
        self._files = throttling_files(cpu_group().directory)
        self._began = self._read()

    def account(self) -> HostAccount:
        """Return what was taken so far."""
        return self._between(self._began, self._read())

    def lap(self) -> HostAccount:
        """Return what was taken since the last lap, or so far, and count anew from here."""
        began, self._began = self._began, self._read()
        return self._between(began, self._began)

    def _between(self, began: _Reading, now: _Reading) -> HostAccount:
        time_ns = max(1, now[0] - began[0]) * len(self._cpus)
        return HostAccount(
            steal_share=min(1.0, max(0, now[1] - began[1]) / time_ns),
            throttled_periods=now[2] - began[2],
            throttled_ns=now[3] - began[3],
        )

    def _read(self) -> _Reading:
        throttled = [parse_throttling(proc.read(file)) for file in self._files]
        steal_ns = machine.cpu_time(cpus=self._cpus).steal_ns
        return time.monotonic_ns(), steal_ns, sum(one.periods for one in throttled), sum(one.ns for one in throttled)

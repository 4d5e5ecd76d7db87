"""What disturbs the service from outside: steal, pressure, throttling, load, and a probe's run-queue delay."""

import contextlib
import os
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from tailtune.errors import TailtuneError
from tailtune.record.host import machine
from tailtune.record.host.cgroup import cpu_group, parse_throttling, throttling_files
from tailtune.record.ports import Launch
from tailtune.record.processes import proc
from tailtune.record.processes.process import Process, supervisor


class HostReading(NamedTuple):
    """One reading; the fields are columns of the table `host`, cumulative but for the load average."""

    t_ns: int
    steal_ns: int
    busy_ns: int
    psi_cpu_some_ns: int
    psi_memory_some_ns: int
    psi_io_some_ns: int
    throttled_periods: int
    throttled_ns: int
    probe_delay_ns: int
    load_1m: float


def parse_pressure(text: str) -> int:
    """Read the total time in ns that some task waited, from a file of `/proc/pressure`; 0 when there is none."""
    for line in text.splitlines():
        if line.startswith("some "):
            return int(line.rpartition("total=")[2]) * 1000
    return 0


class Probe:
    """A nearly idle process on the service's CPUs: how long it waits for a CPU is the queue seen from outside."""

    def __init__(self, cpus: Sequence[int]) -> None:
        """Start it; where that fails it reads 0."""
        self._process: Process | None = None
        launch = Launch(
            argv=[sys.executable, "-P", "-m", "tailtune.record.host.probe"], env=dict(os.environ), workdir=Path("/"),
            port=0, cpus=list(cpus), stdout=Path(os.devnull), stderr=Path(os.devnull),
        )  # fmt: skip
        with contextlib.suppress(TailtuneError):
            self._process = supervisor().start(launch)

    def is_running(self) -> bool:
        """Return whether there is something to read."""
        return self._process is not None and self._process.status is None

    def delay_ns(self) -> int:
        """Return how long the probe has waited for a CPU so far, in ns."""
        if self._process is None:
            return 0
        text = proc.read(proc.PROC / str(self._process.pid) / "schedstat")
        return proc.parse_schedstat(text).run_delay_ns if text else 0

    def close(self) -> None:
        """End it; safe to call twice."""
        if self._process is not None:
            supervisor().stop(self._process, grace_seconds=0)
            self._process = None


class HostReader:
    """Reads the interference; the control group is looked up once."""

    def __init__(self, probe: Probe | None, cpus: Collection[int] = (), pid: int | None = None) -> None:
        """Read these CPUs of the machine or all, the group of the process or our own, and the probe if there is one.

        Services have the tool's group, unless a quota was asked for: then they have one of their own below it.
        """
        self._probe = probe
        self._cpus = cpus
        self._throttling = throttling_files(cpu_group(pid=pid).directory)

    def read(self) -> HostReading:
        """Take a reading, about 0.2 ms."""
        cpu = machine.cpu_time(cpus=self._cpus)
        cpu_ns, memory_ns, io_ns = (
            parse_pressure(proc.read(proc.PROC / "pressure" / kind)) for kind in ("cpu", "memory", "io")
        )
        throttled = [parse_throttling(proc.read(file)) for file in self._throttling]
        return HostReading(
            time.monotonic_ns(), cpu.steal_ns, cpu.busy_ns, cpu_ns, memory_ns, io_ns,
            sum(one.periods for one in throttled), sum(one.ns for one in throttled),
            self._probe.delay_ns() if self._probe else 0, os.getloadavg()[0],
        )  # fmt: skip

"""Interference from outside the service: steal, pressure, throttling, load and a probe's run-queue delay."""

import os

from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import rows
from tailtune.record.host.interference import HostReader, HostReading, Probe
from tailtune.record.ports import Capture, Subject
from tailtune.record.processes import proc
from tailtune.record.processes.pace import Pace


class HostCollector:
    """Reads the machine once a second, ten times when diagnosing; a probe process waits on the service's CPUs."""

    name = "host"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "< 0.2 % of one CPU; the probe wakes 50 times a second on the service's CPUs"
    instant = True

    def __init__(self) -> None:
        self._probe: Probe | None = None
        self._reader: HostReader | None = None
        self._window = ""
        self._readings: list[HostReading] = []
        self._lost: list[str] = []
        self._pace = Pace()

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every service has a host."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Start the probe on the service's CPUs."""
        self._probe = Probe(sorted(os.sched_getaffinity(subject.pid)))
        self._reader = HostReader(self._probe, pid=subject.pid)
        if not self._probe.is_running():
            self._lost.append("run-queue delay of a probe: its process could not be started")
        if not proc.read(proc.PROC / "pressure" / "cpu"):
            self._lost.append("pressure: this kernel has no /proc/pressure")

    def begin(self, window: str) -> None:
        """Take the reading at the window's front edge."""
        self._window, self._readings = window, []
        self._pace.window(window)
        self._read()

    def poll(self) -> None:
        """Take a reading when the last is old enough."""
        if self._pace.is_due:
            self._read()

    def end(self) -> Capture:
        """Take the reading at the window's back edge and hand over all."""
        self._read()
        table = rows.table("host", self._readings, HostReading._fields, window=self._window, slice=-1)
        return Capture(tables={"host": table})

    def record(self) -> CollectorRecord:
        """Say what was read and what this host does not tell."""
        return CollectorRecord(
            name=self.name,
            phases=[phase for phase in Phase if phase in self.phases],
            cost=self.cost,
            mode="/proc/stat, /proc/pressure, cpu.stat, probe, 1 Hz, when diagnosing 10 Hz",
            lost="; ".join(self._lost),
        )

    def close(self) -> None:
        """End the probe."""
        if self._probe is not None:
            self._probe.close()

    def _read(self) -> None:
        if self._reader is not None:
            self._pace.begin()
            self._readings.append(self._reader.read())
            self._pace.end()


COLLECTOR = HostCollector

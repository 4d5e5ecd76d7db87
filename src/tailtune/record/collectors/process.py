"""CPU, memory, faults, switches and run-queue delay of the service: once a second, ten times when diagnosing."""

from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import rows
from tailtune.record.ports import Capture, Subject
from tailtune.record.processes.pace import Pace
from tailtune.record.processes.usage import Usage, UsageReader


class ProcessCollector:
    """Reads /proc and the process's CPU clock; the service's children are included."""

    name = "process"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "< 0.1 % of one CPU, when diagnosing up to 5 %, outside the service"
    instant = True

    def __init__(self) -> None:
        self._reader: UsageReader | None = None
        self._window = ""
        self._readings: list[Usage] = []
        self._pace = Pace()

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every service has processes."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Remember the process."""
        self._reader = UsageReader(subject.pid)

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
        warnings = ["the service had ended when its window closed"] if self._reader and self._reader.gone else []
        table = rows.table("process", self._readings, Usage._fields, window=self._window, slice=-1)
        return Capture(tables={"process": table}, warnings=warnings)

    def record(self) -> CollectorRecord:
        """Say what was read."""
        return CollectorRecord(
            name=self.name,
            phases=[phase for phase in Phase if phase in self.phases],
            cost=self.cost,
            mode="/proc and per-process CPU clock, 1 Hz, when diagnosing 10 Hz",
        )

    def close(self) -> None:
        """Nothing is held."""

    def _read(self) -> None:
        if self._reader is not None:
            self._pace.begin()
            self._readings.append(self._reader.read())
            self._pace.end()


COLLECTOR = ProcessCollector

"""CPU, run-queue delay and time slices of each thread over a window."""

from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import rows
from tailtune.record.ports import Capture, Subject
from tailtune.record.processes.usage import ThreadUsage, UsageReader


class ThreadsCollector:
    """Reads each thread's schedstat at both edges of a window, so it costs nothing inside."""

    name = "threads"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "nothing inside the window"
    instant = True

    def __init__(self) -> None:
        self._pid = 0
        self._window = ""
        self._before: dict[int, ThreadUsage] = {}

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every service has threads."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Remember the process."""
        self._pid = subject.pid

    def begin(self, window: str) -> None:
        """Read all threads."""
        self._window = window
        self._before = UsageReader(self._pid).threads()

    def poll(self) -> None:
        """Nothing is read inside the window."""

    def end(self) -> Capture:
        """Read again and hand over the differences; threads that ended inside the window are missing."""
        after = UsageReader(self._pid).threads()
        found = [self._row(task, after[task]) for task in sorted(after)]
        ended = len(self._before.keys() - after.keys())
        warnings = [f"{ended} threads ended inside the window {self._window} and are missing"] if ended else []
        columns = ("tid", "name", "cpu_ns", "run_delay_ns", "timeslices")
        table = rows.table("threads", found, columns, window=self._window)
        return Capture(tables={"threads": table}, warnings=warnings)

    def record(self) -> CollectorRecord:
        """Say what was read."""
        return CollectorRecord(
            name=self.name, phases=[phase for phase in Phase if phase in self.phases], cost=self.cost, mode="schedstat"
        )

    def close(self) -> None:
        """Nothing is held."""

    def _row(self, task: int, after: ThreadUsage) -> tuple[int, str, int, int, int]:
        before = self._before.get(task)
        start = before.sched if before else (0, 0, 0)
        cpu, delay, slices = (last - first for last, first in zip(after.sched, start, strict=True))
        return task, after.name, cpu, delay, slices


COLLECTOR = ThreadsCollector

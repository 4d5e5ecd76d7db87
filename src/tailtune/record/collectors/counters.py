"""What the processor counts of the service: cycles, instructions, cache misses and stalls.

Nobody is interrupted for it: the kernel adds up, and is read at the window's edges. Most virtual machines and many
containers show no counters; then the record says so, event by event, and nothing else is lost.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from tailtune._native import Counters
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import rows
from tailtune.record.ports import Capture, Subject

EVENTS: Final = ("cycles", "instructions", "cache-misses", "stalled-cycles-backend")
_COLUMNS: Final = ("event", "count", "counted", "enabled_ns", "running_ns")
_USER_ONLY: Final = (
    "what the kernel does for the service is not counted; kernel.perf_event_paranoid=1 or CAP_PERFMON counts it"
)


class CounterCollector:
    """Fills the table `counters`."""

    name = "counters"
    phases = frozenset({Phase.MEASURE})
    cost = "nothing inside the window; a system call for each thread and event at its edges"
    instant = True

    def __init__(self, events: Sequence[str] = EVENTS) -> None:
        """`events`: by the names of `_native.Counters`."""
        self._events = list(events)
        self._pid = 0
        self._window = ""
        self._counters: Counters | None = None
        self._mode = ""
        self._lost = ""
        self._refused = ""

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every process can be counted."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Open all events once, to see which of them there are."""
        self._pid = subject.pid
        try:
            counters = Counters(self._pid, self._events)
        except NativeError as error:
            self._lost = f"nothing is counted: {error.message}"
            return
        absent = {event for event, _ in counters.refused}
        there = [event for event in self._events if event not in absent]
        lost = by_reason(counters.refused)
        if there:
            self._mode = f"{', '.join(there)} of all threads{'' if counters.counts_kernel else ', user code only'}"
            lost += [] if counters.counts_kernel else [_USER_ONLY]
        self._lost = "; ".join(lost)

    def begin(self, window: str) -> None:
        """Start to count; where nothing can be, the collector's record says so already."""
        self._window, self._counters, self._refused = window, None, ""
        if not self._mode:
            return
        try:
            counters = Counters(self._pid, self._events)
            counters.start()
        except NativeError as error:
            self._refused = f"nothing was counted in the window {window}: {error.message}"
            return
        self._counters = counters

    def poll(self) -> None:
        """Nothing is read inside the window."""

    def end(self) -> Capture:
        """Stop, and hand over the counts."""
        counters, self._counters = self._counters, None
        if counters is None:
            return Capture(warnings=[self._refused] if self._refused else [])
        try:
            counts = counters.stop()
        except NativeError as error:
            return Capture(warnings=[f"nothing was counted in the window {self._window}: {error.message}"])
        table = rows.table("counters", counts, _COLUMNS, window=self._window, kernel=counters.counts_kernel)
        warnings = [f"threads that began with the window {self._window} may not be counted"]
        return Capture(tables={"counters": table}, warnings=warnings if counters.missed_threads else [])

    def record(self) -> CollectorRecord:
        """Say what was counted, and why other events were not."""
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode=self._mode, lost=self._lost
        )

    def close(self) -> None:
        """Stop counting, if it still goes on."""
        self._counters = None


def by_reason(refused: Iterable[tuple[str, str]]) -> list[str]:
    """Return `EVENT, EVENT: reason` for each reason."""
    events: dict[str, list[str]] = {}
    for event, reason in refused:
        events.setdefault(reason, []).append(event)
    return [f"{', '.join(names)}: {reason}" for reason, names in events.items()]


COLLECTOR = CounterCollector

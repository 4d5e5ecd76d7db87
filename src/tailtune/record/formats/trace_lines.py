"""What collectors of the Go runtime's trace lines share: the service's stderr, read at each window's end."""

from collections.abc import Callable
from typing import Any

from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import rows
from tailtune.record.formats.lines import LineReader
from tailtune.record.ports import Capture, Subject

ParseLine = Callable[[str, int], dict[str, Any] | None]
"""A line of stderr and the process's start (CLOCK_MONOTONIC ns) → a row; absent when the line is none of ours."""


class TraceLinesCollector:
    """Hands over, at each window's end, the rows since the last handing over; the first time since the start."""

    name: str
    """The setting of GODEBUG that makes the runtime print."""
    cost: str
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    instant = False

    def __init__(self, table: str, parse: ParseLine) -> None:
        """Read lines with `parse` into `table`."""
        self._table = table
        self._parse = parse
        self._lines: LineReader | None = None
        self._started_ns = 0
        self._count = 0

    def applies(self, subject: Subject) -> bool:
        """Only Go prints these lines."""
        return subject.language == "go"

    def prepare(self, subject: Subject) -> None:
        """Remember where the runtime prints."""
        self._lines, self._started_ns = LineReader(subject.stderr), subject.started_ns

    def begin(self, window: str) -> None:
        """The runtime prints by itself."""

    def poll(self) -> None:
        """Nothing is read inside the window."""

    def end(self) -> Capture:
        """Read what was printed."""
        lines = self._lines.read() if self._lines else []
        found = [row for line in lines if (row := self._parse(line, self._started_ns)) is not None]
        self._count += len(found)
        return Capture(tables={self._table: rows.from_dicts(self._table, found)})

    def record(self) -> CollectorRecord:
        """Say whether lines were seen."""
        lost = "" if self._count else f"no {self.name} line was seen: nothing to tell, or stderr goes elsewhere"
        return CollectorRecord(
            name=self.name,
            phases=[phase for phase in Phase if phase in self.phases],
            cost=self.cost,
            mode=f"GODEBUG={self.name}",
            lost=lost,
        )

    def close(self) -> None:
        """Nothing is held."""

"""Drives the collectors of a trial through its windows; none of them can fail it."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from tailtune.bundle.writer import BundleWriter
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record import registry
from tailtune.record.ports import Capture, Collector, Subject

_T = TypeVar("_T")


class Capturing:
    """The collectors that apply to one running service. What fails becomes a warning and is left out from then on."""

    def __init__(self, subject: Subject, writer: BundleWriter, names: Iterable[str] | None = None) -> None:
        """Prepare the collectors named, or all."""
        self.warnings: list[str] = []
        self._writer = writer
        self._collectors: list[Collector] = []
        self._active: list[Collector] = []
        for name in registry.collectors() if names is None else names:
            collector = registry.collector(name)()
            if self._attempt(collector, "applies", lambda one: one.applies(subject)):
                self._collectors.append(collector)
                self._attempt(collector, "prepare", lambda one: one.prepare(subject))

    def begin(self, phase: Phase) -> None:
        """Begin the window of a phase, for the collectors that declared it; those that only read counters last."""
        active = [one for one in self._collectors if phase in one.phases]
        self._active = sorted(active, key=lambda one: one.instant)
        for one in list(self._active):
            self._attempt(one, "begin", lambda one: one.begin(phase))

    def poll(self) -> None:
        """Let each take a reading if one is due."""
        for one in list(self._active):
            self._attempt(one, "poll", lambda one: one.poll())

    def end(self) -> None:
        """End the window, in the reverse order of its begin, and store what was captured; twice is once.

        So the windows nest: what one does at its edges, such as pulling a profile or naming addresses, is
        outside of those within it, and counters are read innermost.

        Raises:
            RecordingError: if the disk refuses.
        """
        active, self._active = self._active[::-1], []
        captures = [self._attempt(one, "end", lambda one: one.end()) for one in active]
        for one, capture in zip(active, captures, strict=True):
            if capture is not None:
                self._store(one, capture)

    def records(self) -> list[CollectorRecord]:
        """Return what each did."""
        found = (self._attempt(one, "record", lambda one: one.record()) for one in self._collectors)
        return [record for record in found if record is not None]

    def close(self) -> None:
        """Release all; safe to call twice."""
        for one in self._collectors:
            self._attempt(one, "close", lambda one: one.close())

    def _store(self, collector: Collector, capture: Capture) -> None:
        self.warnings += capture.warnings
        try:
            for name, table in capture.tables.items():
                self._writer.add_table(name, table)
            for name, data in capture.files.items():
                self._writer.add_file(name, data)
        except ValueError as error:  # a table or name that does not fit: the collector's mistake
            self.warnings.append(f"collector {collector.name} handed over something unfit: {error}")

    def _attempt(self, collector: Collector, doing: str, call: Callable[[Collector], _T]) -> _T | None:
        """Return what the call returns; absent when it failed, which ends the collector's window."""
        try:
            return call(collector)
        except Exception as error:  # noqa: BLE001 - the contract: a collector never fails a trial
            self.warnings.append(f"collector {collector.name} failed in {doing}: {type(error).__name__}: {error}")
            self._active = [one for one in self._active if one is not collector]
            return None

"""Allocations of a program into which jemalloc was preloaded, from the heap profiles that it writes.

Nothing from outside makes jemalloc write one: it does so by itself each time some bytes were allocated. So a
window is seen from the last dump before it to the last dump within it, and the record says how far off its
edges that is.
"""

import time
from pathlib import Path
from typing import Final

import msgspec

from tailtune._native import read_heap_v2
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.model.units import NS_PER_S
from tailtune.record.ports import Capture, Subject
from tailtune.record.processes.preload import PREFIX

_KEPT: Final = 2
"""Newest dumps that are kept while a window runs: the last one may not be written to its end."""


class _Dump(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    sequence: int
    written_ns: int
    """UTC, of its last byte."""


class JemallocCollector:
    """Writes `profiles/allocations.<window>.pb.gz`; what cannot be had is a warning."""

    name = "jemalloc"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "another allocator and a stack for each 512 KiB allocated, only where asked for: see docs/rust.md"
    instant = False

    def __init__(self) -> None:
        self._subject: Subject | None = None
        self._window = ""
        self._begun_ns = 0
        self._before: _Dump | None = None
        self._seen: list[str] = []

    def applies(self, subject: Subject) -> bool:
        """Only services that were started with a preloaded jemalloc."""
        return subject.heap_dumps is not None

    def prepare(self, subject: Subject) -> None:
        """Nothing is needed: dumps come by themselves."""
        self._subject = subject

    def begin(self, window: str) -> None:
        """Note the last dump before the window."""
        self._window, self._begun_ns = window, time.time_ns()
        dumps = self._dumps()
        self._before = dumps[-1] if dumps else None
        self._remove(dumps[:-1])

    def poll(self) -> None:
        """Remove dumps that no window needs, so that a long one does not fill the disk."""
        dumps = [dump for dump in self._dumps() if self._before is None or dump.sequence > self._before.sequence]
        if self._before is None and dumps:
            self._before, dumps = dumps[0], dumps[1:]
        self._remove(dumps[:-_KEPT])

    def end(self) -> Capture:
        """Hand over what was allocated between the two dumps."""
        ended_ns = time.time_ns()
        dumps = [dump for dump in self._dumps() if dump.written_ns <= ended_ns]
        before, after = self._before, dumps[-1] if dumps else None
        if self._subject is None or before is None or after is None or after.sequence <= before.sequence:
            return Capture(
                warnings=[
                    f"no allocation profile of the window {self._window}: too little was allocated for two dumps; "
                    "a longer window or a smaller `dump_bytes` helps"
                ]
            )
        self._seen.append(self._edges(before, after, ended_ns))
        try:
            data, earlier = after.path.read_bytes(), before.path.read_bytes()
            profile = read_heap_v2(data, earlier=earlier, pid=self._subject.pid)
        except (OSError, NativeError) as error:
            return Capture(warnings=[f"no allocation profile of the window {self._window}: {error}"])
        return Capture(
            files={f"profiles/allocations.{self._window}.pb.gz": profile.to_pprof()}, warnings=profile.warnings
        )

    def record(self) -> CollectorRecord:
        """Say how far the profiles are off the edges of their windows."""
        return CollectorRecord(
            name=self.name, phases=[phase for phase in Phase if phase in self.phases], cost=self.cost,
            mode="; ".join(["preloaded jemalloc", *self._seen]),
            lost="allocations of child processes, and memory that is not from malloc",
        )  # fmt: skip

    def close(self) -> None:
        """Leave the dumps: their folder goes with the service."""

    def _edges(self, before: _Dump, after: _Dump, ended_ns: int) -> str:
        early, short = (self._begun_ns - before.written_ns) / NS_PER_S, (ended_ns - after.written_ns) / NS_PER_S
        begin = f"{early:.1f} s before" if early >= 0 else f"{-early:.1f} s after"
        return f"{self._window}: from {begin} its begin to {short:.1f} s before its end"

    def _dumps(self) -> list[_Dump]:
        """The dumps of the service itself, oldest first."""
        if self._subject is None or self._subject.heap_dumps is None:
            return []
        found = []
        for path in self._subject.heap_dumps.glob(f"{PREFIX}.{self._subject.pid}.*.heap"):
            sequence = path.name.split(".")[2]
            if sequence.isdecimal():
                found.append(_Dump(path=path, sequence=int(sequence), written_ns=path.stat().st_mtime_ns))
        return sorted(found, key=lambda dump: dump.sequence)

    def _remove(self, dumps: list[_Dump]) -> None:
        for dump in dumps:
            dump.path.unlink(missing_ok=True)


COLLECTOR = JemallocCollector

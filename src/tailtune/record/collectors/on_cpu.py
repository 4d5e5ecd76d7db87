"""On-CPU stacks of the service, sampled from outside by perf events on CPU time.

No hardware counters, no perf program and no change to the service are needed. Addresses are named after
the window ended, so that naming costs the window nothing.
"""

from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa

from tailtune._native import Profile, Sampler
from tailtune.bundle.schema import FRAMES, SAMPLES, STACKS
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.ports import Capture, Subject

_HZ: Final = {Phase.MEASURE: 99, Phase.DIAGNOSE: 999}
"""Samples per second of CPU time: no round numbers, so that sampling keeps no step with periodic work."""
_COLUMNS: Final = ("<i8", "<i4", "<i4", "<u4")
"""Types of the columns t_ns, tid, cpu, stack as the native core hands them over."""


class OnCpuCollector:
    """Writes `profiles/on-cpu.<window>.pb.gz` and the tables `samples`, `stacks` and `frames`.

    Numbers of stacks and frames go on from window to window, so that the rows of all windows of a
    trial may stand in one table.
    """

    name = "on_cpu"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "measure: 99 Hz, under 0.5 % CPU; diagnose: 999 Hz, about 2 %"
    instant = False

    def __init__(self) -> None:
        self._pid = 0
        self._window = ""
        self._sampler: Sampler | None = None
        self._mode = ""
        self._lost = ""
        self._refused = ""
        self._next_stack = 0
        self._next_frame = 0

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every process has stacks."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Open events once to see which mode the kernel permits."""
        self._pid = subject.pid
        try:
            sampler = Sampler(subject.pid, _HZ[Phase.MEASURE])
        except NativeError as error:
            self._lost = f"no on-CPU stacks: {error.message}; {error.hint}"
            return
        self._mode, self._lost = sampler.mode, sampler.lost_note

    def begin(self, window: str) -> None:
        """Start sampling; where nothing is permitted, the window's capture says so."""
        self._window, self._sampler, self._refused = window, None, ""
        try:
            sampler = Sampler(self._pid, _HZ[Phase.DIAGNOSE if window == Phase.DIAGNOSE else Phase.MEASURE])
            sampler.start()
        except NativeError as error:
            self._refused = f"no on-CPU stacks of the window {window}: {error.message}"
            return
        self._sampler = sampler

    def poll(self) -> None:
        """A thread of the native core drains and folds the samples."""

    def end(self) -> Capture:
        """Stop, name all addresses, and hand over profile and tables."""
        sampler, self._sampler = self._sampler, None
        if sampler is None:
            return Capture(warnings=[self._refused] if self._refused else [])
        try:
            profile = sampler.stop()
        except NativeError as error:
            return Capture(warnings=[f"no on-CPU stacks of the window {self._window}: {error.message}"])
        return Capture(
            tables=self._tables(profile),
            files={f"profiles/on-cpu.{self._window}.pb.gz": profile.to_pprof()},
            warnings=[f"on-CPU samples of the window {self._window}: {text}" for text in profile.warnings],
        )

    def record(self) -> CollectorRecord:
        """Say in which mode samples were taken and what it loses."""
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode=self._mode, lost=self._lost
        )

    def close(self) -> None:
        """Stop sampling, if it still runs."""
        self._sampler = None

    def _tables(self, profile: Profile) -> dict[str, pa.Table]:
        stacks, frames = profile.stacks(), profile.frames()
        tables = {
            "samples": _samples(profile, self._window, self._next_stack),
            "stacks": _stacks(stacks, self._next_stack, self._next_frame),
            "frames": _frames(frames, self._next_frame),
        }
        self._next_stack += len(stacks)
        self._next_frame += len(frames)
        return tables


def _samples(profile: Profile, window: str, first_stack: int) -> pa.Table:
    columns = zip(profile.samples(), _COLUMNS, strict=True)
    t_ns, tid, cpu, stack = (np.frombuffer(data, dtype) for data, dtype in columns)
    windows = pa.DictionaryArray.from_arrays(np.zeros(len(t_ns), np.int8), [window])
    shifted = stack + np.uint32(first_stack)
    return pa.Table.from_arrays([windows, *map(pa.array, (t_ns, tid, cpu, shifted))], schema=SAMPLES)


def _stacks(stacks: list[list[int]], first_stack: int, first_frame: int) -> pa.Table:
    lengths = np.fromiter(map(len, stacks), np.int64, len(stacks))
    stack = np.repeat(np.arange(len(stacks)), lengths) + first_stack
    depth = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    frame = np.fromiter(chain.from_iterable(stacks), np.int64, int(lengths.sum())) + first_frame
    return pa.Table.from_arrays([pa.array(column, pa.uint32()) for column in (stack, depth, frame)], schema=STACKS)


def _frames(frames: list[tuple[str, str, str, int, bool, bool]], first_frame: int) -> pa.Table:
    names = ("function", "file", "module", "line", "inlined", "kernel")
    columns: dict[str, list[object]] = {name: [row[at] for row in frames] for at, name in enumerate(names)}
    columns["frame"] = list(range(first_frame, first_frame + len(frames)))
    return pa.Table.from_arrays([pa.array(columns[field.name], field.type) for field in FRAMES], schema=FRAMES)


COLLECTOR = OnCpuCollector

"""Stacks of the service, sampled from outside by perf events: on the CPU, and when diagnosing off it.

No hardware counters, no perf program and no change to the service are needed. Addresses are named after
the window ended, so that naming costs the window nothing.
"""

import os
import platform
from pathlib import Path
from typing import Final

import pyarrow as pa

from tailtune._native import Sampler, Sampling
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats.atomic_stacks import atomic_stacks
from tailtune.record.formats.sampler_mode import sees_code
from tailtune.record.formats.stacks import StackTables, thread_states, wait_ends
from tailtune.record.ports import Capture, Subject

_HZ: Final = {Phase.MEASURE: 99, Phase.DIAGNOSE: 999}
"""Samples per second of CPU time: no round numbers, so that sampling keeps no step with periodic work."""


class StackCollector:
    """One sampler for both, so that a thread's states, waits and samples have one account.

    Writes `profiles/on-cpu.<window>.pb.gz` and the tables `samples`, `stacks`, `frames` and `atomic_stacks`; in the
    window `diagnose` also `profiles/off-cpu.diagnose.pb.gz` and the tables `waits`, `wait_ends` and `thread_states`.
    """

    name = "on_cpu"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "measure: 99 Hz, under 0.5 % CPU; diagnose: 999 Hz with copied stacks, about 5 %, 1 to 2 µs a context switch"
    instant = False

    def __init__(self) -> None:
        self._pid = 0
        self._window = ""
        self._sampler: Sampler | None = None
        self._mode = ""
        self._lost = ""
        self._refused = ""
        self._tables = StackTables()

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every process has stacks."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Open events once to see which mode the kernel permits."""
        self._pid = subject.pid
        try:
            sampler = Sampler(subject.pid, _HZ[Phase.DIAGNOSE], off_cpu=True, dwarf=True)
        except NativeError as error:
            self._lost = f"no stacks: {error.message}; {error.hint}"
            return
        self._mode, self._lost = sampler.mode, sampler.lost_note

    def begin(self, window: str) -> None:
        """Start sampling; where nothing is permitted, the window's capture says so."""
        self._window, self._sampler, self._refused = window, None, ""
        is_diagnosis = window == Phase.DIAGNOSE
        hz = _HZ[Phase.DIAGNOSE if is_diagnosis else Phase.MEASURE]
        try:
            sampler = Sampler(self._pid, hz, off_cpu=is_diagnosis, dwarf=is_diagnosis)
            if not is_diagnosis and not sees_code(sampler.mode):
                self._refused = f"no stacks of the window {window}: {sampler.lost_note}"
                return
            sampler.start()
        except NativeError as error:
            self._refused = f"no stacks of the window {window}: {error.message}"
            return
        self._sampler = sampler

    def poll(self) -> None:
        """A thread of the native core drains and folds the samples."""

    def end(self) -> Capture:
        """Stop, name all addresses, and hand over profiles and tables."""
        sampler, self._sampler = self._sampler, None
        if sampler is None:
            return Capture(warnings=[self._refused] if self._refused else [])
        try:
            return self._capture(sampler.stop())
        except NativeError as error:
            return Capture(warnings=[f"no stacks of the window {self._window}: {error.message}"])

    def record(self) -> CollectorRecord:
        """Say in which mode samples were taken and what it loses."""
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode=self._mode, lost=self._lost
        )

    def close(self) -> None:
        """Stop sampling, if it still runs."""
        self._sampler = None

    def _capture(self, sampling: Sampling) -> Capture:
        window, parts, capture = self._window, [], Capture()
        warnings = [f"sampling of the window {window}: {text}" for text in sampling.warnings]
        for name, profile in (("on-cpu", sampling.on_cpu), ("off-cpu", sampling.off_cpu)):
            if profile is None:
                continue
            if name == "on-cpu" and not sees_code(sampling.mode):
                warnings.append(f"no on-CPU stacks of the window {window}: only the states of threads could be seen")
                continue
            pprof = profile.to_pprof()
            is_on_cpu = name == "on-cpu"
            parts.append(
                self._tables.on_cpu(profile, window, self._at_atomics(pprof))
                if is_on_cpu
                else self._tables.off_cpu(profile, window)
            )
            capture.files[f"profiles/{name}.{window}.pb.gz"] = pprof
            warnings += [f"samples of the window {window}: {text}" for text in profile.warnings]
        if sampling.off_cpu is not None:
            states, ends = thread_states(sampling, window), wait_ends(sampling, window)
            parts.append({"thread_states": states, "wait_ends": ends})
        capture.tables.update(_joined(parts))
        capture.warnings.extend(dict.fromkeys(warnings))  # a record that is lost is lost to all profiles
        return capture

    def _at_atomics(self, pprof: bytes) -> list[int]:
        """Return the stacks at atomic instructions of the service's executable: as it runs, whatever its path holds."""
        executable = Path(f"/proc/{self._pid}/exe")
        try:
            with executable.open("rb") as code:
                return atomic_stacks(pprof, os.fspath(executable.readlink()), code, platform.machine())
        except OSError:
            return []  # it has ended, or is another user's


def _joined(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    names = {name for part in parts for name in part}
    return {name: pa.concat_tables([part[name] for part in parts if name in part]) for name in sorted(names)}


COLLECTOR = StackCollector

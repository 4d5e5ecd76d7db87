"""What trials and experiments are given by the use case, and what both have to do around their phases."""

import contextlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tailtune.bundle.writer import BundleWriter
from tailtune.errors import RecordingError, RunInterruptedError, TailtuneError, UsageError
from tailtune.model.environment import Environment
from tailtune.model.project import Goals, Service
from tailtune.model.recording import CpuLayout, Manifest, Phase, PhaseRecord
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Workload
from tailtune.record.ports import AnswersJudge, Engine, ForecastOf, LoadCheck, LookAt, Progress, SteadyTest
from tailtune.record.processes.process import supervisor


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The tools of one recording, supplied by the use case; judging comes in as functions."""

    engine: Engine
    writer: BundleWriter
    environment: Environment
    layout: CpuLayout
    steady: SteadyTest
    check_load: LoadCheck
    progress: Progress
    look: LookAt | None = None
    """After each epoch of an experiment; without it, all its epochs are made."""
    answers: AnswersJudge | None = None
    """Compares answers of the variants, before their first epoch; without it, they are not asked."""
    forecast: ForecastOf | None = None
    """Before the first epoch of an experiment; without it, nothing is foretold."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs that trials and experiments share, fixed before they begin."""

    root: Path
    """Folder of `tailtune.toml`."""
    cache: Path
    """Where builds go, `.tailtune/builds`."""
    command: list[str]
    """The command line, for the record."""
    service: Service
    workload_name: str
    workload: Workload
    goals: Goals = Goals()
    seed: int | None = None
    """Of all that is random: loads, and the orders of an experiment; absent: the workload's own."""
    warm_up_cap: Duration = Duration(30 * NS_PER_S)


class Journal:
    """The phases that ran, in order, and which one runs now."""

    def __init__(self, progress: Progress) -> None:
        """Tell each phase to `progress` as well."""
        self.records: list[PhaseRecord] = []
        self.current: Phase | None = None
        self._progress = progress
        self._notes: list[str] = []

    @contextlib.contextmanager
    def phase(self, phase: Phase, note: str = "") -> Iterator[None]:
        """Record a phase, also when it fails."""
        self.current, self._notes = phase, []
        started_ns, ok = time.monotonic_ns(), False
        try:
            self._progress.phase(phase, note)
            yield
            ok = True
        finally:
            self.records.append(
                PhaseRecord(
                    phase=phase,
                    started_ns=started_ns,
                    ended_ns=time.monotonic_ns(),
                    ok=ok,
                    note="; ".join(self._notes),
                )
            )

    def note(self, text: str) -> None:
        """Say something about the running phase in its record."""
        self._notes.append(text)


def scratch() -> contextlib.AbstractContextManager[Path]:
    """Give a temporary directory for schedules and logs of the engine.

    Raises:
        RecordingError: if the disk refuses.
    """
    return supervisor().folder("tailtune-", Path(tempfile.gettempdir()))


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while something is put in order; it is forgotten, for the order is: end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def away_from_service(layout: CpuLayout) -> Iterator[None]:
    """Keep this thread off the service's CPUs while it measures, where there are others."""
    before = os.sched_getaffinity(0)
    others = before - set(layout.service)
    if others:
        os.sched_setaffinity(0, others)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seal_failed(
    writer: BundleWriter, error: BaseException, manifest: Manifest, during: Phase | None, *, again: str = ""
) -> None:
    """End all that runs, keep what the failed or interrupted recording holds, raise what the user is to read.

    Args:
        writer: of the recording.
        error: that ended it.
        manifest: of what there is.
        during: the phase that it ended in.
        again: the command that goes on with what was interrupted; empty: there is none.

    Raises:
        RunInterruptedError: for a Ctrl-C.
        TailtuneError: the error itself otherwise. Where the disk refuses, the last checkpoint is left; nothing is
            left where the command asked for what does not exist.
    """
    with uninterrupted():
        supervisor().stop_all()
        if isinstance(error, RecordingError):
            writer.leave()
            raise error
        if isinstance(error, UsageError):
            writer.abort()
            raise error
        try:
            writer.finish(manifest)
        except RecordingError:
            writer.leave()
            raise
    if isinstance(error, KeyboardInterrupt):
        raise RunInterruptedError(
            f"interrupted during {during or 'preparation'}; what was recorded is kept as {writer.id}",
            hint=again or f"tailtune runs show {writer.id}",
        ) from error
    raise error


def failure_text(error: BaseException, during: Phase | None) -> str:
    """Return the text that marks a partial recording."""
    if isinstance(error, TailtuneError):
        return f"{error.code}: {error.message}"
    return f"interrupted during {during or 'preparation'}"


def now_utc() -> str:
    """Return the present as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""From what a user names to a profile: a process, a service, a file or a recording."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tailtune.bundle.reader import Bundle
from tailtune.errors import RecordingError, RunInterruptedError, UsageError
from tailtune.lab.facts import open_recording
from tailtune.model.endpoint import PprofKind
from tailtune.model.go_trace import GoTrace
from tailtune.model.profile_view import ProfileSource, SourceKind, ThreadStates
from tailtune.model.recording import Phase
from tailtune.model.units import NS_PER_S
from tailtune.record.formats.sampler_mode import sees_code
from tailtune.record.ports import Progress
from tailtune.record.profiling.attach import Wanted, attach
from tailtune.record.profiling.endpoint import Pull, pull, pull_of
from tailtune.record.profiling.find import Process, process_named, process_of
from tailtune.record.profiling.open import STDIN, ProfileFile, is_profile_file, naming, open_profile, read_profile

if TYPE_CHECKING:
    from tailtune._native import Profile

_T = TypeVar("_T")
ON_CPU: Final = "on-CPU"
OFF_CPU: Final = "off-CPU"
PAGE_FAULTS: Final = "page faults"
CPU_SAMPLES: Final = "CPU samples"
READ: Final = "profile"
"""Titles of profiles; the last is of one that was read."""
_STEP_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Taking(Wanted):
    """How a process or a service is profiled."""

    seconds: float = 10.0
    hz: int = 99
    kind: PprofKind | None = None
    """What to pull from a service."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A profile that was taken or read, with what is known of it."""

    source: ProfileSource
    profiles: "dict[str, Profile]"
    """By title, the one to look at first in front."""
    seconds: float
    mode: str = ""
    lost_note: str = ""
    lost: int = 0
    """Records that the kernel had no room for."""
    interrupted: bool = False
    sees_states: bool = False
    """Frames are states of threads and places of waiting: no code was seen."""
    requests: int | None = None
    """Answered meanwhile; None: not known."""
    trace: GoTrace | None = None
    """Of a file that is an execution trace."""
    threads: list[ThreadStates] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def main(self) -> "Profile":
        """The profile to look at first."""
        return next(iter(self.profiles.values()))


@dataclass(frozen=True)
class Sources:
    """Opens what is named."""

    root: Path
    """The project whose recordings are meant."""
    taking: Taking
    progress: Progress

    def open(self, name: str) -> Opened:
        """Take or read the profile that `name` means.

        In this order: `-`, a URL, a number, a file, a recording, a process by its name.

        Raises:
            UsageError: if it means nothing, or several things.
            SetupError: if the machine does not permit it, or what was named cannot be read.
            RunInterruptedError: on Ctrl-C while a service makes a profile; what it made is lost with the connection.
        """
        if "://" in name:
            return self._pulled(pull_of(name, self.taking.kind, self.taking.seconds))
        if name.isdecimal():
            return self._sampled(process_of(int(name)))
        if name == STDIN or is_profile_file(Path(name)):
            return self._read(name)
        recording = self._recording(name)
        if recording:
            return self._recorded(recording)
        if Path(name).is_dir() or "/" in name:
            what = "is a folder" if Path(name).is_dir() else "does not exist"
            raise UsageError(f"{name} {what}", hint="give a file, a PID, a process name, a URL, or - for stdin")
        process = process_named(name)
        if process is None:
            raise UsageError(
                f"`{name}` is no file, no recording, and the name of no process",
                hint="give a PID, a process name, a URL such as http://127.0.0.1:6060, a file, or - for stdin",
            )
        return self._sampled(process)

    def _sampled(self, process: Process) -> Opened:
        taken = attach(process, self.taking, self.progress)
        titled = {ON_CPU: taken.on_cpu, OFF_CPU: taken.off_cpu, PAGE_FAULTS: taken.page_faults}
        profiles = {title: profile for title, profile in titled.items() if profile is not None}
        warnings = [*taken.warnings, *(warning for one in profiles.values() for warning in one.warnings)]
        if taken.ended:
            warnings.append(
                f"{process.name} (PID {process.pid}) ended after {taken.seconds:.1f} s: shown is what was taken"
            )
        if taken.interrupted:
            warnings.append(f"interrupted after {taken.seconds:.1f} of {self.taking.seconds:g} s")
        return Opened(
            source=ProfileSource(kind=SourceKind.PROCESS, name=process.name, pid=process.pid, command=process.command),
            profiles=profiles,
            seconds=taken.seconds,
            lost=taken.lost,
            threads=taken.threads,
            mode=taken.mode,
            lost_note=taken.lost_note,
            interrupted=taken.interrupted,
            sees_states=not sees_code(taken.mode),
            warnings=warnings,
        )

    def _pulled(self, asked: Pull) -> Opened:
        self.progress.phase("pull", asked.url)
        data = _in_background(lambda: pull(asked), asked.seconds, self.progress)
        with naming(asked.url):
            found = read_profile(data, self.progress)
        opened = _opened(found, SourceKind.URL, asked.url)
        if not asked.kind:
            return opened
        mode = "made by the service itself (net/http/pprof)"
        return replace(opened, profiles={asked.kind.value: found.profile}, mode=mode)

    def _read(self, name: str) -> Opened:
        shown = "stdin" if name == STDIN else name
        self.progress.phase("read", shown)
        return _opened(open_profile(name, self.progress), SourceKind.FILE, shown)

    def _recording(self, name: str) -> Bundle | None:
        try:
            return open_recording(self.root, name)
        except RecordingError:
            raise
        except UsageError:
            return None

    def _recorded(self, bundle: Bundle) -> Opened:
        from tailtune._native import Profile

        names = [name for name in bundle.files() if name.startswith("profiles/") and name.endswith(".pb.gz")]
        if not names:
            raise UsageError(f"{bundle.id} holds no profile", hint="`tailtune run` records them")
        best = min(names, key=lambda name: (".diagnose." not in name, "on-cpu" not in name, "cpu" not in name, name))
        self.progress.phase("read", f"{bundle.path / best}")
        found = Profile.from_pprof(bundle.file(best))
        others = [name for name in names if name != best]
        notes = [f"{best} of this recording; it also holds {', '.join(others)}"] if others else []
        opened = _opened(ProfileFile(found), SourceKind.RECORDING, f"{bundle.id}: {best}")
        manifest = bundle.manifest
        load = manifest.diagnose_load if f".{Phase.DIAGNOSE}." in best else manifest.load
        return replace(opened, requests=load.completed_requests if load else None, warnings=[*opened.warnings, *notes])


def _opened(found: ProfileFile, kind: SourceKind, name: str) -> Opened:
    """Return what was made elsewhere, with what it says of itself."""
    profiles = {READ: found.profile}
    if found.cpu_samples is not None:
        profiles[CPU_SAMPLES] = found.cpu_samples
    trace = found.trace
    mode = f"execution trace in the format of Go {trace.version}; tables are of time that was not run" if trace else ""
    return Opened(
        source=ProfileSource(kind=kind, name=name),
        profiles=profiles,
        seconds=found.profile.duration_ns / NS_PER_S,
        mode=mode,
        lost=found.profile.lost,
        trace=trace,
        warnings=list(found.profile.warnings),
    )


def _in_background(work: Callable[[], _T], seconds: float, progress: Progress) -> _T:
    """Do what takes about `seconds` while progress is shown.

    Raises:
        RunInterruptedError: on Ctrl-C; the work is left to end by itself.
    """
    done: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, name="pull", daemon=True)
    thread.start()
    began = time.monotonic()
    try:
        while thread.is_alive():
            thread.join(_STEP_S)
            if seconds:
                progress.advance(min(time.monotonic() - began, seconds), seconds)
    except KeyboardInterrupt as error:
        raise RunInterruptedError(
            "interrupted while the service made the profile: nothing of it was sent yet",
            hint="a shorter --seconds gives a smaller profile",
        ) from error
    if failed:
        raise failed[0]
    return done[0]

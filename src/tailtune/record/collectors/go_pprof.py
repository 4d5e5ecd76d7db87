"""Go's own profiles, pulled from net/http/pprof where the service imports it, or from the overlay's socket.

What grows (allocations, mutex, block) is a difference of snapshots at both edges of a window, before and
after its load, so the window itself is left alone. In diagnose, CPU is sampled all the time and the
goroutines are listed in the middle of the load.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tailtune._native import Profile
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.endpoint import EndpointError, Source, pull
from tailtune.record.meanwhile import Meanwhile, may_answer, source_of
from tailtune.record.ports import Capture, Subject

_DELTAS: Final = ("allocs", "mutex", "block")
_SNAPSHOTS: Final = ("heap", "goroutine")
_SWITCHED: Final = {"mutex": "runtime.SetMutexProfileFraction", "block": "runtime.SetBlockProfileRate"}
"""Kinds that stay empty until the program calls this."""
_DEFAULT_CPU_SECONDS: Final = 10.0


class GoPprofCollector:
    """Writes `profiles/go-{cpu,allocs,mutex,block,heap,goroutine}.<window>.pb.gz`; what cannot be had is a warning."""

    name = "go_pprof"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "measure: snapshots outside the load; diagnose: 100 Hz CPU profile, about 1 %"
    instant = False

    def __init__(self) -> None:
        self._subject: Subject | None = None
        self._source = Source()
        self._window = ""
        self._absent = ""
        self._never: set[str] = set()
        self._before: dict[str, bytes] = {}
        self._warnings: list[str] = []
        self._meanwhile: list[Meanwhile] = []

    def applies(self, subject: Subject) -> bool:
        """Go programs that may answer."""
        return may_answer(subject)

    def prepare(self, subject: Subject) -> None:
        """Pull one profile to see whether the endpoint is there."""
        self._subject = subject
        self._source = source_of(subject)
        try:
            pull(self._source, "heap")
        except EndpointError as error:
            self._absent = f"{self._source} gives no profiles: {error}"

    def begin(self, window: str) -> None:
        """Take the front snapshots; in diagnose start what runs beside the load."""
        self._window, self._before, self._meanwhile = window, {}, []
        self._warnings = [self._absent] if self._absent else []
        if self._absent or self._subject is None:
            return
        for kind in _DELTAS:
            self._try(kind, self._before)
        if window == Phase.DIAGNOSE:
            seconds = max(1, int(self._subject.window_seconds.get(window, _DEFAULT_CPU_SECONDS)))
            self._meanwhile = [
                Meanwhile("cpu", partial(_profile, self._source, "profile", seconds), lasts=seconds),
                Meanwhile("goroutine", partial(_profile, self._source, "goroutine", 0), after=seconds / 2),
            ]

    def poll(self) -> None:
        """Nothing is pulled inside the window."""

    def end(self) -> Capture:
        """Take the back snapshots and hand over what changed between."""
        found: dict[str, bytes] = {}
        for one in self._meanwhile:
            data, failure = one.join()
            if data:
                found[one.name] = data
            else:
                label = one.name.upper() if one.name == "cpu" else one.name
                self._warnings.append(f"no {label} profile from pprof: {failure}")
        after: dict[str, bytes] = {}
        for kind in (*self._before, *(_SNAPSHOTS if self._before else ())):
            if kind not in found:
                self._try(kind, after)
        for kind, data in after.items():
            if kind in _SWITCHED and _is_empty(data):
                self._never.add(kind)
            elif kind in self._before:
                # The server could subtract (`?seconds=N`), but would then snapshot while the load runs.
                earlier = Profile.from_pprof(self._before[kind])
                found[kind] = Profile.from_pprof(data).since(earlier).to_pprof()
            else:
                found[kind] = data
        files = {f"profiles/go-{kind}.{self._window}.pb.gz": data for kind, data in found.items()}
        return Capture(files=files, warnings=self._warnings)

    def record(self) -> CollectorRecord:
        """Say whether the endpoint was there, and what it never had."""
        lost = f"{self._absent}; import net/http/pprof for allocation and lock profiles" if self._absent else ""
        if self._never:
            lost = _empty(sorted(self._never), instrumented=bool(self._source.socket))
        mode = "socket of the overlay" if self._source.socket else "net/http/pprof"
        return CollectorRecord(
            name=self.name, phases=[phase for phase in Phase if phase in self.phases], cost=self.cost,
            mode="" if self._absent else mode, lost=lost,
        )  # fmt: skip

    def close(self) -> None:
        """Let a CPU profile that still runs end by itself: the service ends it."""
        self._meanwhile = []

    def _try(self, kind: str, into: dict[str, bytes]) -> None:
        try:
            data = pull(self._source, kind)
            Profile.from_pprof(data)
            into[kind] = data
        except (ValueError, NativeError) as error:
            self._warnings.append(f"no {kind} profile of the window {self._window}: {error}")


def _profile(source: Source, kind: str, seconds: int) -> bytes:
    data = pull(source, kind, seconds=seconds)
    Profile.from_pprof(data)
    return data


def _is_empty(data: bytes) -> bool:
    lengths, _ = Profile.from_pprof(data).stack_columns()
    return not lengths


def _empty(kinds: Sequence[str], *, instrumented: bool) -> str:
    told = f"empty: {', '.join(kinds)}; nothing was contended"
    if instrumented:
        return told
    calls = " and ".join(_SWITCHED[kind] for kind in kinds)
    return (
        f"{told}, or the program does not call {calls}: "
        "`tailtune run --instrument` builds it with both, nothing is edited"
    )


COLLECTOR = GoPprofCollector

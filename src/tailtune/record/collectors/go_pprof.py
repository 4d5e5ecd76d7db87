"""Go's own profiles, pulled from net/http/pprof where the service imports it.

Allocation and mutex profiles are snapshots at both edges of a window, before and after its load, so the
window itself is left alone. The CPU profile takes samples all the time, so it belongs to diagnose.
"""

import http.client
import threading
import time
from typing import Final

from tailtune.model.endpoint import LOOPBACK
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.formats import pprof_delta
from tailtune.record.ports import Capture, Subject

_DELTAS: Final = ("allocs", "mutex")
_SNAPSHOTS: Final = ("heap",)
_TIMEOUT_SECONDS: Final = 10.0
_CUT_SHORT_SECONDS: Final = 0.5
"""Patience with the CPU profile of a window that was cut short: the user waits for the end."""
_MAX_BYTES: Final = 64 << 20
_DEFAULT_CPU_SECONDS: Final = 10.0


class GoPprofCollector:
    """Writes `profiles/go-{cpu,allocs,mutex,heap}.<window>.pb.gz`; what cannot be had is a warning."""

    name = "go_pprof"
    phases = frozenset({Phase.MEASURE, Phase.DIAGNOSE})
    cost = "measure: snapshots outside the load; diagnose: 100 Hz CPU profile, about 1 %"
    instant = False

    def __init__(self) -> None:
        self._subject: Subject | None = None
        self._window = ""
        self._absent = ""
        self._before: dict[str, bytes] = {}
        self._warnings: list[str] = []
        self._cpu: _CpuProfile | None = None

    def applies(self, subject: Subject) -> bool:
        """Go programs that may have imported net/http/pprof; a prebuilt one is known by its build ID."""
        return bool(subject.pprof) and (subject.language == "go" or "/" in subject.artifact.build_id)

    def prepare(self, subject: Subject) -> None:
        """Pull one profile to see whether the endpoint is there."""
        self._subject = subject
        try:
            self._pull("heap")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._absent = f"{subject.pprof} gives no profiles: {error}"

    def begin(self, window: str) -> None:
        """Take the front snapshots; in diagnose start the CPU profile."""
        self._window, self._before, self._cpu = window, {}, None
        self._warnings = [self._absent] if self._absent else []
        if self._absent or self._subject is None:
            return
        for kind in _DELTAS:
            self._try(kind, self._before)
        if window == Phase.DIAGNOSE:
            self._cpu = _CpuProfile(self, self._subject.window_seconds.get(window, _DEFAULT_CPU_SECONDS))

    def poll(self) -> None:
        """Nothing is pulled inside the window."""

    def end(self) -> Capture:
        """Take the back snapshots and hand over what changed between."""
        found: dict[str, bytes] = {}
        if self._cpu is not None:
            self._warnings += self._cpu.join(found)
        after: dict[str, bytes] = {}
        for kind in (*self._before, *(_SNAPSHOTS if self._before else ())):
            self._try(kind, after)
        for kind, data in after.items():
            found[kind] = pprof_delta.subtract(data, self._before[kind]) if kind in self._before else data
        files = {f"profiles/go-{kind}.{self._window}.pb.gz": data for kind, data in found.items()}
        return Capture(files=files, warnings=self._warnings)

    def record(self) -> CollectorRecord:
        """Say whether the endpoint was there."""
        lost = f"{self._absent}; import net/http/pprof for allocation and lock profiles" if self._absent else ""
        return CollectorRecord(
            name=self.name, phases=[phase for phase in Phase if phase in self.phases], cost=self.cost,
            mode="" if self._absent else "net/http/pprof", lost=lost,
        )  # fmt: skip

    def close(self) -> None:
        """Let a CPU profile that still runs end by itself: the service ends it."""
        self._cpu = None

    def _try(self, kind: str, into: dict[str, bytes]) -> None:
        try:
            into[kind] = self._pull(kind)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._warnings.append(f"no {kind} profile of the window {self._window}: {error}")

    def _pull(self, kind: str, query: str = "", seconds: float = 0.0) -> bytes:
        """Fetch one profile.

        Raises:
            OSError: if the service does not answer.
            http.client.HTTPException: if the answer is not HTTP.
            ValueError: if it answers with another status than 200, or with something else than a profile.
        """
        if self._subject is None:
            raise ValueError("no service")
        path = f"{self._subject.pprof.rstrip('/')}/{kind}{query}"
        connection = http.client.HTTPConnection(LOOPBACK, self._subject.port, timeout=_TIMEOUT_SECONDS + seconds)
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise ValueError(f"GET {path} answered {response.status}")
            data = response.read(_MAX_BYTES)
        finally:
            connection.close()
        pprof_delta.check(data)
        return data


class _CpuProfile:
    """A CPU profile being taken; the request lasts as long as the profile, so a thread waits for it."""

    def __init__(self, collector: GoPprofCollector, seconds: float) -> None:
        self._seconds = max(1, int(seconds))
        self._begun = time.monotonic()
        self._collector = collector
        self._data = b""
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="go-cpu-profile", daemon=True)
        self._thread.start()

    def join(self, into: dict[str, bytes]) -> list[str]:
        """Wait for the profile and store it; return what went wrong."""
        cut_short = time.monotonic() - self._begun < self._seconds / 2
        self._thread.join(_CUT_SHORT_SECONDS if cut_short else self._seconds + _TIMEOUT_SECONDS)
        if self._data:
            into["cpu"] = self._data
            return []
        return [f"no CPU profile from pprof: {self._failure or 'it did not end with its window'}"]

    def _run(self) -> None:
        try:
            self._data = self._collector._pull("profile", f"?seconds={self._seconds}", self._seconds)  # noqa: SLF001
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._failure = str(error)


COLLECTOR = GoPprofCollector

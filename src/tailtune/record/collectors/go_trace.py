"""Go's execution trace of the diagnose window: from net/http/pprof, or from the overlay's socket.

The trace tells of each goroutine when it ran, could have run, and what it waited for; `crates/gotrace` reads it.
"""

from functools import partial
from typing import Final

from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.endpoint import EndpointError, Source, fetch, pull
from tailtune.record.meanwhile import Meanwhile, may_answer, source_of
from tailtune.record.ports import Capture, Subject

_DEFAULT_SECONDS: Final = 10.0
_AHEAD_SECONDS: Final = 1.5
"""The load begins when all collectors have, hardly later than this after the trace, which must not end before it."""
_MAGIC: Final = b"go 1."
_MOST_SAID: Final = 200
"""Characters kept of an answer that is no trace."""


class GoTraceCollector:
    """Writes `profiles/go-trace.diagnose.trace`, as `go tool trace` reads it; what cannot be had is a warning."""

    name = "go_trace"
    phases = frozenset({Phase.DIAGNOSE})
    cost = "1 to 2 % of CPU time, and 0.2 to 10 MB a second"
    instant = False

    def __init__(self) -> None:
        self._subject: Subject | None = None
        self._source = Source()
        self._absent = ""
        self._pulled: Meanwhile | None = None

    def applies(self, subject: Subject) -> bool:
        """Go programs that may answer."""
        return may_answer(subject)

    def prepare(self, subject: Subject) -> None:
        """Ask for something small to see whether the endpoint is there."""
        self._subject, self._source = subject, source_of(subject)
        try:
            pull(self._source, "threadcreate")
        except EndpointError as error:
            self._absent = f"{self._source} gives no execution trace: {error}"

    def begin(self, window: str) -> None:
        """Begin the trace, which lasts until after the planned end of the window."""
        self._pulled = None
        if self._absent or self._subject is None:
            return
        seconds = self._subject.window_seconds.get(window, _DEFAULT_SECONDS) + _AHEAD_SECONDS
        self._pulled = Meanwhile("trace", partial(_trace, self._source, seconds), lasts=seconds)

    def poll(self) -> None:
        """The service writes, and a thread reads."""

    def end(self) -> Capture:
        """Wait for the end of the trace."""
        if self._pulled is None:
            return Capture(warnings=[self._absent] if self._absent else [])
        data, failure = self._pulled.join()
        if failure:
            return Capture(warnings=[f"no execution trace: {failure}"])
        return Capture(files={f"profiles/go-trace.{Phase.DIAGNOSE}.trace": data})

    def record(self) -> CollectorRecord:
        """Say whether the endpoint was there."""
        lost = f"{self._absent}; `tailtune run --instrument` builds it in, nothing is edited" if self._absent else ""
        mode = "socket of the overlay" if self._source.socket else "net/http/pprof"
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode="" if self._absent else mode, lost=lost
        )

    def close(self) -> None:
        """Let a trace that still runs end by itself: the service ends it."""
        self._pulled = None


def _trace(source: Source, seconds: float) -> bytes:
    path = f"{source.prefix.rstrip('/')}/trace?seconds={seconds:g}"
    data = fetch(source, path, seconds)
    if not data.startswith(_MAGIC):
        said = data[:_MOST_SAID].decode(errors="replace").strip()
        raise EndpointError(f"GET {path} is not an execution trace, it begins with {said!r}")
    return data


COLLECTOR = GoTraceCollector

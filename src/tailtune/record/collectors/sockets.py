"""The service's side of each request: when which of its threads read and wrote on connections with its port.

Also when they opened connections to others.

Programs in the kernel write down the calls while they happen, so nothing in the service is changed. Together with
the load engine's table `connections` this says when a request had arrived in the process and when its answer left it.
"""

from typing import Final

import numpy as np
import pyarrow as pa

from tailtune._native import SocketCalls
from tailtune.bundle.schema import SOCKET_CALLS
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record.ports import Capture, Subject

_COLUMNS: Final = ("<i8", "<i4", "<i4", "u1", "<u2", "<i8")
"""Types of the columns t_ns, tid, pid, kind, peer_port and bytes as the native core hands them over."""
_REMAINS: Final = "what overlaps slow requests can still be told"


class SocketCollector:
    """Fills the table `socket_calls`."""

    name = "sockets"
    phases = frozenset({Phase.DIAGNOSE})
    cost = "diagnose: 0.3 to 0.5 µs for each time the service reads or writes a connection, or opens one"
    instant = False

    def __init__(self) -> None:
        self._pid = 0
        self._port = 0
        self._window = ""
        self._loaded: SocketCalls | None = None
        self._calls: SocketCalls | None = None
        self._mode = ""
        self._lost = ""
        self._refused = ""

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - as the port asks
        """Every service has a port."""
        return True

    def prepare(self, subject: Subject) -> None:
        """Load the programs, to see whether the kernel permits it, and so that no window waits for that."""
        self._pid, self._port = subject.pid, subject.port
        try:
            self._loaded = SocketCalls(self._pid, self._port)
        except NativeError as error:
            self._lost = "; ".join(text for text in (error.message, error.hint, _REMAINS) if text)
            return
        self._mode = self._loaded.mode

    def begin(self, window: str) -> None:
        """Start to record; where it is not permitted, the collector's record says so already."""
        self._window, self._calls, self._refused = window, None, ""
        if not self._mode:
            return
        calls, self._loaded = self._loaded, None
        try:
            calls = calls or SocketCalls(self._pid, self._port)
            calls.start()
        except NativeError as error:
            self._refused = f"no socket calls of the window {window}: {error.message}"
            return
        self._calls = calls

    def poll(self) -> None:
        """A thread of the native core takes the calls out of the kernel's hands."""

    def end(self) -> Capture:
        """Stop, and hand over the calls."""
        calls, self._calls = self._calls, None
        if calls is None:
            return Capture(warnings=[self._refused] if self._refused else [])
        try:
            columns, lost = calls.stop()
        except NativeError as error:
            return Capture(warnings=[f"no socket calls of the window {self._window}: {error.message}"])
        warnings = [f"{lost:,} socket calls of the window {self._window} found no room"] if lost else []
        return Capture(tables={"socket_calls": _table(columns, self._window)}, warnings=warnings)

    def record(self) -> CollectorRecord:
        """Say how calls were seen, or why they were not."""
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode=self._mode, lost=self._lost
        )

    def close(self) -> None:
        """Stop recording, if it still runs."""
        self._loaded = self._calls = None


def _table(columns: tuple[bytes, ...], window: str) -> pa.Table:
    arrays = [np.frombuffer(data, kind) for data, kind in zip(columns, _COLUMNS, strict=True)]
    windows = pa.DictionaryArray.from_arrays(np.zeros(len(arrays[0]), np.int8), [window])
    return pa.Table.from_arrays([windows, *map(pa.array, arrays)], schema=SOCKET_CALLS)


COLLECTOR = SocketCollector

"""What each request's latency consists of: consecutive parts, which add up to it to the nanosecond.

```text
intended       sent             arrival                          departure      done
   |- client queue -|- way in -------|- the server's part ------------|- way back -|
```

While a request is on its way in, what its reader does meanwhile says what it waits for: a thread that sleeps until the
network brings it delays nobody; one without a CPU, or busy with something else, does. The server's part is split
by the states of its thread, if one thread did it all and nothing else meanwhile. Otherwise the request was handed over:
the CPU time at both ends is known, what lies between is not.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.request_tables import LATEST_NS, WindowTables
from tailtune.judge.request_windows import RequestWindows, join
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.thread_times import ThreadTimes
from tailtune.model.request_parts import PartKind

CLIENT_QUEUE: Final = "client queue"
WAY_IN: Final = "way in"
READER_RUNNABLE: Final = "reader runnable"
READER_ON_CPU: Final = "reader on CPU"
READER_BLOCKED: Final = "reader blocked"
ON_CPU: Final = "on CPU"
RUNNABLE: Final = "runnable"
WAY_BACK: Final = "way back"
SERVER: Final = "server"
"""The server's part where no states of threads were recorded."""
RESIDUE: Final = "residue"
UNDIVIDED: Final = "not divided"
"""From send to end, where the window of a request could not be told."""

READER_UNKNOWN: Final = "reader blocked, cause unknown"
"""No stack was seen. Where switches come without wake-ups, this may be waiting for a CPU as well."""
_ARRIVING: Final = (Cause.EVENTS, Cause.HANDED_OVER)
"""What a reader without work waits for."""
_UNKNOWN: Final = (str(Cause.UNKNOWN), str(Cause.HANDED_OVER), READER_UNKNOWN, SERVER, RESIDUE, UNDIVIDED)


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of time that a thread spent on a request and on nothing else; of one thread, none overlap."""

    request: Integers
    """Row of the request."""
    tid: Integers
    begin_ns: Integers
    end_ns: Integers


@dataclass(frozen=True, eq=False)
class RequestParts:
    """The parts of all requests of a window. Arrays have one element a request, in the order of the table."""

    tables: WindowTables
    windows: RequestWindows
    times: ThreadTimes
    parts: dict[str, Integers]
    """By name, ns; 0 for requests without that part. Together the latency of each request that is `usable`."""
    usable: Flags
    """The request ended after its intended start: its latency is no nonsense."""
    stretches: Stretches
    is_whole: Flags
    """One thread served it, and nothing else meanwhile."""


def kind_of_part(name: str) -> PartKind:
    """Return whether a part is computing, waiting, or not known."""
    if name == ON_CPU:
        return PartKind.COMPUTING
    return PartKind.UNKNOWN if name in _UNKNOWN else PartKind.WAITING


def divide(tables: WindowTables) -> RequestParts:
    """Divide the latency of all requests of a window into parts."""
    windows = join(tables)
    times = ThreadTimes(tables.waits, tables.stacks.causes(tables.waits["stack"]), tables.states)
    usable = windows.latency_ns >= 0
    told = np.flatnonzero(windows.is_told & usable)
    whole = _is_whole(windows, told)
    found = _Parts(len(windows))
    _outside(found, windows, usable)
    _way_in(found, windows, times, told)
    if len(times):
        _served_by_one(found, windows, times, told[whole])
        stretches = _handed_over(found, windows, times, told[~whole])
    else:
        found.add(SERVER, told, windows.departure_ns[told] - windows.arrival_ns[told])
        stretches = _no_stretches()
    is_whole = np.zeros(len(windows), dtype=np.bool_)
    is_whole[told[whole]] = len(times) > 0
    return RequestParts(
        tables=tables,
        windows=windows,
        times=times,
        parts=found.parts,
        usable=usable,
        stretches=_joined(_stretches_of_one(windows, told[whole]), stretches),
        is_whole=is_whole,
    )


class _Parts:
    """Collects parts; those without any time are left out."""

    def __init__(self, requests: int) -> None:
        self.parts: dict[str, Integers] = {}
        self._requests = requests

    def add(self, name: str, rows: Integers, values_ns: Integers) -> None:
        if values_ns.any():
            part = self.parts.setdefault(name, np.zeros(self._requests, dtype=np.int64))
            part[rows] += values_ns


def _outside(found: _Parts, windows: RequestWindows, usable: Flags) -> None:
    """Add what the engine alone tells; where its own times contradict each other, nothing is divided."""
    requests = windows.requests
    intended, sent, done = (requests[name] for name in ("intended_ns", "sent_ns", "done_ns"))
    untold = windows.is_sent & ~windows.is_told & usable
    broken = untold & ((sent < intended) | (done < sent))
    for rows, end in (
        (np.flatnonzero(~windows.is_sent & usable), done),
        (np.flatnonzero(windows.is_sent & usable & ~broken), sent),
    ):
        found.add(CLIENT_QUEUE, rows, end[rows] - intended[rows])
    for rows, begin in ((np.flatnonzero(broken), intended), (np.flatnonzero(untold & ~broken), sent)):
        found.add(UNDIVIDED, rows, done[rows] - begin[rows])
    told = np.flatnonzero(windows.is_told & usable)
    found.add(WAY_BACK, told, done[told] - windows.departure_ns[told])


def _way_in(found: _Parts, windows: RequestWindows, times: ThreadTimes, told: Integers) -> None:
    """Split the way in by what the thread did that read the request in the end."""
    sent, arrival = windows.requests["sent_ns"][told], windows.arrival_ns[told]
    if not len(times):
        found.add(WAY_IN, told, arrival - sent)
        return
    turned = turned_to_it(windows, told)
    for begin, end, is_its_own in ((sent, turned, False), (turned, arrival, True)):
        spent = times.spent(windows.reader[told], begin, end)
        found.add(WAY_IN, told, spent.residue)
        found.add(READER_ON_CPU, told, spent.on_cpu)
        found.add(READER_RUNNABLE, told, spent.runnable)
        for cause, values in spent.blocked.items():
            found.add(on_the_way_in(cause, is_its_own=is_its_own), told, values)


def turned_to_it(windows: RequestWindows, rows: Integers) -> Integers:
    """Return from when on the reader of each request had no other connection's call to make before it read it.

    What it waited for on the network before that was not this request.
    """
    reader, arrival = windows.reader[rows], windows.arrival_ns[rows]
    last = windows.calls.last_elsewhere(reader, windows.connection[rows], arrival)
    turned: Integers = np.clip(last, windows.requests["sent_ns"][rows], arrival)
    return turned


def on_the_way_in(cause: Cause, *, is_its_own: bool) -> str:
    """Name the part in which a reader was blocked; `is_its_own`: since it turned to the request's connection."""
    if cause in _ARRIVING or (cause is Cause.NETWORK and is_its_own):
        return WAY_IN
    return reader_blocked(cause)


def reader_blocked(cause: Cause) -> str:
    """Name the part in which the reader waited for something of its own."""
    return READER_UNKNOWN if cause is Cause.UNKNOWN else f"{READER_BLOCKED}: {cause}"


def _is_whole(windows: RequestWindows, told: Integers) -> Flags:
    """Return which requests one thread read and answered without a call on any other connection in between.

    Where no answer was written, the reader is taken to be at work still.
    """
    reader, writer = windows.reader[told], windows.writer[told]
    elsewhere = windows.calls.next_elsewhere(reader, windows.connection[told], windows.arrival_ns[told])
    whole: Flags = ((writer == reader) | (writer == NO_THREAD)) & (elsewhere >= windows.departure_ns[told])
    return whole


def _served_by_one(found: _Parts, windows: RequestWindows, times: ThreadTimes, rows: Integers) -> None:
    spent = times.spent(windows.reader[rows], windows.arrival_ns[rows], windows.departure_ns[rows])
    found.add(ON_CPU, rows, spent.on_cpu)
    found.add(RUNNABLE, rows, spent.runnable)
    found.add(RESIDUE, rows, spent.residue)
    for cause, values in spent.blocked.items():
        found.add(str(cause), rows, values)


def _handed_over(found: _Parts, windows: RequestWindows, times: ThreadTimes, rows: Integers) -> Stretches:
    """Add the CPU time at both ends, and what is between them; return the ends.

    The first end lasts until the reader leaves its CPU or turns to another connection, the last one begins where the
    writer did either for the last time.
    """
    arrival, departure = windows.arrival_ns[rows], windows.departure_ns[rows]
    reader, writer, connection = windows.reader[rows], windows.writer[rows], windows.connection[rows]
    calls = windows.calls
    turned = np.minimum(times.leaves(reader, arrival, LATEST_NS), calls.next_elsewhere(reader, connection, arrival))
    first_end = np.clip(turned, arrival, departure)
    returned = np.maximum(
        times.came(writer, departure, -LATEST_NS), calls.last_elsewhere(writer, connection, departure)
    )
    last_begin = np.clip(returned, first_end, departure)
    last_begin = np.where(writer == NO_THREAD, departure, last_begin)
    ends = _joined(
        Stretches(rows, reader, arrival, first_end),
        Stretches(rows, writer, last_begin, departure),
    )
    spent = times.spent(ends.tid, ends.begin_ns, ends.end_ns)
    found.add(ON_CPU, rows, spent.on_cpu[: len(rows)] + spent.on_cpu[len(rows) :])
    unseen = (ends.end_ns - ends.begin_ns) - spent.on_cpu
    found.add(RESIDUE, rows, unseen[: len(rows)] + unseen[len(rows) :])
    found.add(str(Cause.HANDED_OVER), rows, last_begin - first_end)
    return ends


def _stretches_of_one(windows: RequestWindows, rows: Integers) -> Stretches:
    return Stretches(rows, windows.reader[rows], windows.arrival_ns[rows], windows.departure_ns[rows])


def _joined(first: Stretches, second: Stretches) -> Stretches:
    return Stretches(
        np.concatenate([first.request, second.request]),
        np.concatenate([first.tid, second.tid]),
        np.concatenate([first.begin_ns, second.begin_ns]),
        np.concatenate([first.end_ns, second.end_ns]),
    )


def _no_stretches() -> Stretches:
    empty = np.empty(0, dtype=np.int64)
    return Stretches(empty, empty, empty, empty)

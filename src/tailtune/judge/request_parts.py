"""What each request's latency consists of: consecutive parts, which add up to it to the nanosecond.

```text
intended       sent             arrival                          departure      done
   |- client queue -|- way in -------|- the server's part ------------|- way back -|
```

While a request is on its way in, what its reader does meanwhile says what it waits for: a thread that sleeps until the
network brings it delays nobody; one without a CPU, or busy with something else, does. The server's part is split
by the states of its thread, if one thread did it all and nothing else meanwhile. Otherwise the request was handed over:
the CPU time at both ends is known, and of what lies between, what the threads did that one after another woke the last
one; where wakers were not recorded, at most what one other thread did. Where the execution trace tells which goroutines
served a request, it is followed from thread to thread, and divided by what they did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.goroutine_parts import Followed, add_parts, follow
from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.other_threads import named_times
from tailtune.judge.part_names import (
    CLIENT_QUEUE,
    HANDED_OVER,
    ON_CPU,
    OUTSIDE,
    READER_ON_CPU,
    READER_RUNNABLE,
    RESIDUE,
    RUNNABLE,
    SERVER,
    TIMER,
    UNDIVIDED,
    WAY_BACK,
    WAY_IN,
    on_the_way_in,
)
from tailtune.judge.request_tables import LATEST_NS, WindowTables
from tailtune.judge.request_windows import RequestWindows, join
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches, joined, no_stretches
from tailtune.judge.thread_times import ThreadTimes
from tailtune.judge.wait_ends import WaitEnds
from tailtune.judge.wake_chains import Chains, chains_of, no_chains

_MOSTLY: Final = 0.5


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
    """Of threads, for requests that are not followed."""
    others: Stretches
    """Of threads that requests were handed over to and waited for; see `wake_chains`, or where nothing tells who woke
    threads, `other_threads`."""
    timers: Stretches
    """Of requests that were handed over, until a timer woke a thread."""
    outside: Stretches
    """Of requests that were handed over, while no thread of the service had anything to do."""
    origins: Stretches
    """Of requests that were handed over, until something that is no thread of the service woke the thread `tid`."""
    ends: WaitEnds | None
    """How waits of threads ended; absent: not recorded."""
    is_whole: Flags
    """One thread or goroutine served it, and nothing else meanwhile."""
    followed: Followed | None
    """Requests that are divided by what their goroutines did; absent: no execution trace, or one that does not fit."""
    warnings: Sequence[str]

    @property
    def is_followed(self) -> Flags:
        """Whether the goroutines of a request are known."""
        return np.zeros(len(self.windows), dtype=np.bool_) if self.followed is None else self.followed.is_followed


def divide(tables: WindowTables, *, turns: bool = False) -> RequestParts:
    """Divide the latency of all requests of a window into parts.

    Args:
        tables: of the window.
        turns: threads take turns at everything, as those of Go's runtime do: what one did tells of no request.
    """
    windows = join(tables)
    times = ThreadTimes(tables.waits, tables.stacks.causes(tables.waits["stack"]), tables.states)
    ends = None if tables.ends is None else WaitEnds(times, tables.ends, tables.behind_names, tables.states)
    usable = windows.latency_ns >= 0
    told = np.flatnonzero(windows.is_told & usable)
    followed, warnings = follow(tables, windows, told)
    found = _Parts(len(windows))
    _outside(found, windows, usable)
    is_whole = np.zeros(len(windows), dtype=np.bool_)
    if followed is not None:
        add_parts(found, followed, times)
        is_whole |= followed.is_whole
        told = told[~followed.is_followed[told]]
    whole = windows.whole(told)
    if len(times) and not turns:
        whole &= ~_is_elsewhere(windows, times, told)
    _way_in(found, windows, times, told)
    if len(times):
        _served_by_one(found, windows, times, told[whole])
        of_threads, between = _handed_over(found, windows, times, told[~whole])
        chains = no_chains() if turns else chains_of(times, ends, tables.states, between)
        _between(found, times, between, chains)
        is_whole[told[whole]] = True
    else:
        chains = no_chains()
        found.add(SERVER, told, windows.departure_ns[told] - windows.arrival_ns[told])
        of_threads = no_stretches()
    return RequestParts(
        tables=tables,
        windows=windows,
        times=times,
        parts=found.parts,
        usable=usable,
        stretches=joined([_stretches_of_one(windows, told[whole]), of_threads]),
        others=chains.threads,
        timers=chains.timers,
        outside=chains.outside,
        origins=chains.origins,
        ends=ends,
        is_whole=is_whole,
        followed=followed,
        warnings=warnings,
    )


class _Parts:
    """Collects parts; those without any time are left out."""

    def __init__(self, requests: int) -> None:
        self.parts: dict[str, Integers] = {}
        self._requests = requests

    def add(self, name: str, rows: Integers, values_ns: Integers) -> None:
        if values_ns.any():
            part = self.parts.setdefault(name, self.nothing())
            part[rows] += values_ns

    def nothing(self) -> Integers:
        """Return no time for each request."""
        return np.zeros(self._requests, dtype=np.int64)


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
    turned = windows.turned_to_it(told)
    for begin, end, is_its_own in ((sent, turned, False), (turned, arrival, True)):
        spent = times.spent(windows.reader[told], begin, end)
        found.add(WAY_IN, told, spent.residue)
        found.add(READER_ON_CPU, told, spent.on_cpu)
        found.add(READER_RUNNABLE, told, spent.runnable)
        for cause, values in spent.blocked.items():
            found.add(on_the_way_in(str(cause), is_its_own=is_its_own), told, values)


def _served_by_one(found: _Parts, windows: RequestWindows, times: ThreadTimes, rows: Integers) -> None:
    spent = times.spent(windows.reader[rows], windows.arrival_ns[rows], windows.departure_ns[rows])
    found.add(ON_CPU, rows, spent.on_cpu)
    found.add(RUNNABLE, rows, spent.runnable)
    found.add(RESIDUE, rows, spent.residue)
    for cause, values in spent.blocked.items():
        found.add(str(cause), rows, values)


def _is_elsewhere(windows: RequestWindows, times: ThreadTimes, rows: Integers) -> Flags:
    """Whether a thread mostly waited for work while it had the request: then that was elsewhere."""
    begin, end = windows.arrival_ns[rows], windows.departure_ns[rows]
    mostly: Flags = times.blocked_for(Cause.HANDED_OVER, windows.reader[rows], begin, end) > _MOSTLY * (end - begin)
    return mostly


def _handed_over(
    found: _Parts, windows: RequestWindows, times: ThreadTimes, rows: Integers
) -> tuple[Stretches, Stretches]:
    """Add the CPU time at both ends; return the ends, and what lies between them, with the writer.

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
    ends = joined([Stretches(rows, reader, arrival, first_end), Stretches(rows, writer, last_begin, departure)])
    spent = times.spent(ends.tid, ends.begin_ns, ends.end_ns)
    found.add(ON_CPU, rows, spent.on_cpu[: len(rows)] + spent.on_cpu[len(rows) :])
    unseen = (ends.end_ns - ends.begin_ns) - spent.on_cpu
    found.add(RESIDUE, rows, unseen[: len(rows)] + unseen[len(rows) :])
    return ends, Stretches(rows, writer, first_end, last_begin)


def _between(found: _Parts, times: ThreadTimes, between: Stretches, chains: Chains) -> None:
    """Add what requests waited for between their ends; what is left of that is not known."""
    rows = between.request
    left = between.end_ns - between.begin_ns
    found_in = (
        (chains.threads, named_times(times, chains.threads)),
        (chains.timers, {TIMER: chains.timers.lengths_ns}),
        (chains.outside, {OUTSIDE: chains.outside.lengths_ns}),
    )
    for stretches, parts in found_in:
        for part, values in parts.items():
            each = found.nothing()
            np.add.at(each, stretches.request, values)
            found.add(part, rows, each[rows])
            left -= each[rows]
    found.add(HANDED_OVER, rows, left)


def _stretches_of_one(windows: RequestWindows, rows: Integers) -> Stretches:
    return Stretches(rows, windows.reader[rows], windows.arrival_ns[rows], windows.departure_ns[rows])

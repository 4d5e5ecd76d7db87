"""The parts of requests that goroutines served, followed through Go's execution trace from thread to thread.

A call on a socket is made by a thread; the goroutine that ran there made it. So the trace and the calls together tell
which goroutine read a request and which one answered it, without any change to the service. Where it was the same one,
and it made no call on another connection meanwhile, its states divide the server's part: on a thread, what that thread
did; off it, why the goroutine waits. Where two had a hand in it, the first is followed until it waits or turns to
another connection, the second from when it first read on the connection itself, or else was last woken; what lies
between was handed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

import numpy as np

from tailtune.judge.goroutine_table import ASSISTING, NOBODY
from tailtune.judge.goroutine_times import GoroutineTimes, Pieces
from tailtune.judge.grouped_times import NONE, Flags, Integers
from tailtune.judge.part_names import GC_ASSIST, HANDED_OVER, ON_CPU, RESIDUE, RUNNABLE, WAITS_FOR_P, on_the_way_in
from tailtune.judge.request_tables import LATEST_NS, WindowTables
from tailtune.judge.request_windows import RequestWindows
from tailtune.judge.socket_calls import NO_THREAD, Calls
from tailtune.judge.stretches import Stretches, joined, summed
from tailtune.judge.thread_times import ThreadTimes
from tailtune.model.units import format_share

_MOST_PIECES: Final = 2_000_000
"""Looked at for one window, so that memory is bounded; requests beyond are divided by their threads."""
_FITS: Final = 0.9
"""Share of calls that have to fall into intervals of their threads; with another clock or process, few do."""
_FEWEST_CALLS: Final = 10


class _Adds(Protocol):
    """Takes parts of requests."""

    def add(self, name: str, rows: Integers, values_ns: Integers) -> None:
        """Add the times of different rows to a part."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Requests whose goroutines are known. Arrays have one element a request."""

    times: GoroutineTimes
    windows: RequestWindows
    """As those of threads, but readers, writers and who made calls are goroutines."""
    is_followed: Flags
    is_whole: Flags
    """Of these: one goroutine served it, and nothing else meanwhile."""
    spans: Stretches
    """Of goroutines, within the server's part: one for a whole request, two for others, the second behind the first."""


class Fit(NamedTuple):
    """How well a trace and the recorded calls go together."""

    calls: int
    """Within the time of the trace."""
    share: float
    """Of these: a goroutine was on their thread."""


def follow(tables: WindowTables, windows: RequestWindows, told: Integers) -> tuple[Followed | None, list[str]]:
    """Find the goroutines of requests.

    Args:
        tables: of the window, with a trace or without.
        windows: of requests, by threads.
        told: rows of the requests of which arrival and departure are known.

    Returns:
        Nothing where there is no trace or it does not fit; and what has to be known of it.
    """
    table = tables.goroutines
    if table is None:
        return None, []
    warnings = list(table.warnings)
    times = GoroutineTimes(table)
    who = times.on_thread(tables.calls["tid"], tables.calls["t_ns"])
    fit = _fit(tables, times, who)
    if fit.calls < _FEWEST_CALLS or fit.share < _FITS:
        return None, [*warnings, _misfit(fit)]
    calls = Calls({**tables.calls, "tid": who}, tables.connections)
    reader = times.on_thread(windows.reader, windows.arrival_ns)
    writer = times.on_thread(windows.writer, windows.departure_ns)
    is_answered = windows.writer != NO_THREAD
    own = replace(windows, calls=calls, reader=reader, writer=np.where(is_answered, writer, NO_THREAD))
    rows = told[(reader[told] != NOBODY) & ((writer[told] != NOBODY) | ~is_answered[told])]
    counts = times.count(reader[rows], windows.requests["sent_ns"][rows], windows.departure_ns[rows])
    kept = np.cumsum(counts) <= _MOST_PIECES
    if not kept.all():
        warnings.append(f"{np.count_nonzero(~kept):,} requests have too many intervals of goroutines to be followed")
    rows = rows[kept]
    is_whole = own.whole(rows)
    return Followed(
        times=times,
        windows=own,
        is_followed=_flags(len(windows), rows),
        is_whole=_flags(len(windows), rows[is_whole]),
        spans=joined([_of_one(own, rows[is_whole]), *_of_two(own, times, rows[~is_whole])]),
    ), warnings


def add_parts(found: _Adds, followed: Followed, threads: ThreadTimes) -> None:
    """Divide the way in and the server's part of the requests that are followed."""
    windows, times = followed.windows, followed.times
    rows = np.flatnonzero(followed.is_followed)
    sent, arrival, turned = windows.requests["sent_ns"][rows], windows.arrival_ns[rows], windows.turned_to_it(rows)
    for begin, end, is_its_own in ((sent, turned, False), (turned, arrival, True)):
        way = Stretches(rows, windows.reader[rows], begin, end)
        for part, values in _divided(way, times, threads):
            found.add(on_the_way_in(part, is_its_own=is_its_own), rows, values)
    for spans in (followed.spans.chosen(which) for which in _first_and_second(followed.spans)):
        for part, values in _divided(spans, times, threads):
            found.add(part, spans.request, values)
    server = windows.departure_ns - windows.arrival_ns
    for which in _first_and_second(followed.spans):
        spans = followed.spans.chosen(which)
        server[spans.request] -= spans.end_ns - spans.begin_ns
    found.add(HANDED_OVER, rows, server[rows])


def on_threads(followed: Followed, within: Stretches, *, assisting: bool | None = None) -> Stretches:
    """Return when goroutines (`within.tid`) were on threads, by request and thread.

    Args:
        followed: requests and their goroutines.
        within: stretches of goroutines.
        assisting: only while they marked for the collector, or only while they did not.
    """
    times = followed.times
    pieces = times.pieces(within, _MOST_PIECES)
    chosen = times.is_on_thread(pieces)
    if assisting is not None:
        chosen &= (times.state[pieces.row] == ASSISTING) == assisting
    found = pieces.chosen(chosen)
    return Stretches(within.request[found.stretch], times.tid[found.row], found.begin_ns, found.end_ns)


def off_threads(followed: Followed, within: Stretches, part: str) -> Pieces:
    """Return when goroutines (`within.tid`) waited, for what a part is named after."""
    times = followed.times
    pieces = times.pieces(within, _MOST_PIECES)
    place = times.waits.index(part) if part in times.waits else NONE
    if place == NONE and part != WAITS_FOR_P:
        return pieces.chosen(np.zeros(len(pieces.row), dtype=np.bool_))
    return pieces.chosen(~times.is_on_thread(pieces) & (times.wait[pieces.row] == place))


def _divided(spans: Stretches, times: GoroutineTimes, threads: ThreadTimes) -> Iterator[tuple[str, Integers]]:
    """Yield parts of stretches of goroutines; a part may come several times, and together they are the whole length."""
    pieces = times.pieces(spans, _MOST_PIECES)
    count = len(spans)
    on_thread = times.is_on_thread(pieces)
    for part, values in _on_threads(pieces.chosen(on_thread), times, threads):
        yield part, summed(pieces.stretch[on_thread], values, count)
    off = pieces.chosen(~on_thread)
    length, wait = off.end_ns - off.begin_ns, times.wait[off.row]
    for place in np.unique(wait).tolist():
        part = WAITS_FOR_P if place == NONE else times.waits[place]
        yield part, summed(off.stretch, np.where(wait == place, length, 0), count)
    seen = summed(pieces.stretch, pieces.end_ns - pieces.begin_ns, count)
    yield RESIDUE, spans.end_ns - spans.begin_ns - seen


def _on_threads(pieces: Pieces, times: GoroutineTimes, threads: ThreadTimes) -> Iterator[tuple[str, Integers]]:
    spent = threads.spent(times.tid[pieces.row], pieces.begin_ns, pieces.end_ns)
    is_assist = times.state[pieces.row] == ASSISTING
    yield ON_CPU, np.where(is_assist, 0, spent.on_cpu)
    yield GC_ASSIST, np.where(is_assist, spent.on_cpu, 0)
    yield RUNNABLE, spent.runnable
    yield RESIDUE, spent.residue
    for cause, values in spent.blocked.items():
        yield str(cause), values


def _of_one(windows: RequestWindows, rows: Integers) -> Stretches:
    return Stretches(rows, windows.reader[rows], windows.arrival_ns[rows], windows.departure_ns[rows])


def _of_two(windows: RequestWindows, times: GoroutineTimes, rows: Integers) -> Sequence[Stretches]:
    """Return what each of two goroutines did for requests that were handed over, as far as it is known."""
    reader, writer, connection = windows.reader[rows], windows.writer[rows], windows.connection[rows]
    arrival, departure, calls = windows.arrival_ns[rows], windows.departure_ns[rows], windows.calls
    turned = np.minimum(times.stays(reader, arrival), calls.next_elsewhere(reader, connection, arrival))
    first_end = np.clip(turned, arrival, departure)
    read = calls.reads.times.first(connection, arrival + 1)
    has_read = (calls.reads.thread(read) == writer) & (calls.reads.times.at(read, LATEST_NS) < departure)
    since = np.where(has_read, calls.reads.times.at(read, LATEST_NS), times.woke(writer, departure))
    since = np.maximum(since, calls.last_elsewhere(writer, connection, departure))
    last_begin = np.where(writer == NO_THREAD, departure, np.clip(since, first_end, departure))
    return Stretches(rows, reader, arrival, first_end), Stretches(rows, writer, last_begin, departure)


def _first_and_second(spans: Stretches) -> tuple[Integers, Integers]:
    """Return the places of the first stretch of each request, and of the second ones."""
    _, first = np.unique(spans.request, return_index=True)
    is_first = _flags(len(spans), first)
    return np.flatnonzero(is_first), np.flatnonzero(~is_first)


def _fit(tables: WindowTables, times: GoroutineTimes, who: Integers) -> Fit:
    t_ns = tables.calls["t_ns"]
    inside = (t_ns >= times.begin_ns) & (t_ns <= times.last_ns)
    count = int(np.count_nonzero(inside))
    return Fit(count, float(np.count_nonzero(who[inside] != NOBODY)) / count if count else 0.0)


def _misfit(fit: Fit) -> str:
    if fit.calls < _FEWEST_CALLS:
        return f"Go's execution trace is not used: only {fit.calls} calls on sockets were recorded during it"
    return (
        f"Go's execution trace is not used: of {fit.calls:,} calls on sockets only {format_share(fit.share)} were made "
        "by a thread that ran a goroutine by then, so that it is of another process or clock"
    )


def _flags(count: int, rows: Integers) -> Flags:
    flags = np.zeros(count, dtype=np.bool_)
    flags[rows] = True
    return flags

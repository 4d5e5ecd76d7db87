"""When no thread of the service had anything to do: whatever a request waited for then was outside."""

from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import NONE, Integers, ranges, taken
from tailtune.judge.request_tables import LATEST_NS, Columns
from tailtune.judge.stretches import Stretches
from tailtune.judge.thread_times import ThreadTimes

_OUTSIDE: Final = (Cause.EVENTS, Cause.HANDED_OVER, Cause.QUEUE, Cause.NETWORK, Cause.SLEEP)
"""Waits for what is outside the service, or for other threads that are waiting themselves."""
_ASLEEP_NS: Final = 1_000_000_000
"""A thread that waits as long, nobody knows what for, has no work: mostly it slept before anything was recorded."""
_LATE_NS: Final = 1_000_000
"""What is known of a thread's CPU time may be off by so much."""
_MOST_PIECES: Final = 1_000_000


def idle_pieces(times: ThreadTimes, states: Columns, within: Stretches) -> Stretches:
    """Return the pieces of stretches in which no thread of the service ran, could run, or waited for a lock or a disk.

    Args:
        times: of all threads of the service.
        states: `thread_states` of the window.
        within: of requests; those beyond a million pieces are left out.
    """
    begin, end = _idle(times, states)
    stretch, piece = ranges(
        np.searchsorted(end, within.begin_ns, side="right"), np.searchsorted(begin, within.end_ns), _MOST_PIECES
    )
    since = np.maximum(begin[piece], within.begin_ns[stretch])
    until = np.minimum(end[piece], within.end_ns[stretch])
    return Stretches(within.request[stretch], within.tid[stretch], since, until).chosen(until > since)


def _idle(times: ThreadTimes, states: Columns) -> tuple[Integers, Integers]:
    """Return the stretches of time, ascending and apart, in which all threads are idle."""
    inside = ~np.isin(times.cause, [CAUSES.index(cause) for cause in _OUTSIDE])
    inside &= (times.cause != CAUSES.index(Cause.UNKNOWN)) | (times.blocked < _ASLEEP_NS)
    since, until = _without_rows(times, states)
    begin = np.concatenate([times.woken_ns, times.rows.t_ns[inside], since])
    end = np.concatenate([times.next_ns, times.woken_ns[inside], until])
    order = np.argsort(begin, kind="stable")
    begin, latest = begin[order], np.maximum.accumulate(end[order])
    apart = np.flatnonzero(begin[1:] > latest[:-1])
    return latest[apart], begin[apart + 1]


def _without_rows(times: ThreadTimes, states: Columns) -> tuple[Integers, Integers]:
    """Return when threads may have run before the first row of theirs, or behind the last one.

    Their states tell how much they ran; what lasts longer than that is no such time.
    """
    tid = states["tid"]
    first, behind = (times.rows.count_until(tid, np.full_like(tid, edge)) for edge in (-LATEST_NS, LATEST_NS))
    has_rows = behind > first
    ran = np.concatenate([np.zeros(1, np.int64), np.cumsum(times.next_ns - times.back_ns)])
    unseen = states["on_cpu_ns"] - (ran[behind] - ran[first]) + _LATE_NS
    span = times.span
    begins = np.where(has_rows, taken(times.back_ns, behind - 1, span.begin_ns), span.begin_ns)
    ends = np.where(has_rows, times.rows.at(np.where(has_rows, first, NONE), span.begin_ns), span.begin_ns)
    since = np.concatenate([np.full_like(tid, span.begin_ns), begins])
    until = np.concatenate([ends, np.full_like(tid, span.end_ns)])
    kept = (until > since) & (until - since <= np.concatenate([unseen, unseen])) & np.tile(unseen > 2 * _LATE_NS, 2)
    return since[kept], until[kept]

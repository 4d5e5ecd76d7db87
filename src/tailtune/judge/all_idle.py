"""When no thread of the service had anything to do: whatever a request waited for then was outside."""

from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import Integers, ranges
from tailtune.judge.stretches import Stretches
from tailtune.judge.thread_times import ThreadTimes

_OUTSIDE: Final = (Cause.EVENTS, Cause.HANDED_OVER, Cause.QUEUE, Cause.UNKNOWN, Cause.NETWORK, Cause.SLEEP)
"""Waits for what is outside the service, or for other threads that are waiting themselves."""
_MOST_PIECES: Final = 1_000_000


def idle_pieces(times: ThreadTimes, within: Stretches) -> Stretches:
    """Return the pieces of stretches in which no thread of the service ran, could run, or waited for a lock or a disk.

    Args:
        times: of all threads of the service.
        within: of requests; those beyond a million pieces are left out.
    """
    begin, end = _idle(times)
    stretch, piece = ranges(
        np.searchsorted(end, within.begin_ns, side="right"), np.searchsorted(begin, within.end_ns), _MOST_PIECES
    )
    since = np.maximum(begin[piece], within.begin_ns[stretch])
    until = np.minimum(end[piece], within.end_ns[stretch])
    return Stretches(within.request[stretch], within.tid[stretch], since, until).chosen(until > since)


def _idle(times: ThreadTimes) -> tuple[Integers, Integers]:
    """Return the stretches of time, ascending and apart, in which all threads are idle."""
    inside = ~np.isin(times.cause, [CAUSES.index(cause) for cause in _OUTSIDE])
    begin = np.concatenate([times.woken_ns, times.rows.t_ns[inside]])
    end = np.concatenate([times.next_ns, times.woken_ns[inside]])
    order = np.argsort(begin, kind="stable")
    begin, latest = begin[order], np.maximum.accumulate(end[order])
    apart = np.flatnonzero(begin[1:] > latest[:-1])
    return latest[apart], begin[apart + 1]

"""When requests waited for a CPU, by the states of threads, and which threads of the service had CPUs meanwhile.

A thread that is ready waits for a CPU. A request also waits where the thread that is to read it computes for others:
of such a thread, the CPU that it has is the one that is waited for.
"""

from typing import Final, NamedTuple

import numpy as np

from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges, taken
from tailtune.judge.part_names import OTHER_RUNNABLE, READER_ON_CPU, READER_RUNNABLE, RUNNABLE
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.shared_waits import RequestWaits, near
from tailtune.judge.stretches import Stretches
from tailtune.judge.thread_times import ThreadTimes

CPU_PARTS: Final = (RUNNABLE, READER_RUNNABLE, OTHER_RUNNABLE, READER_ON_CPU)
"""Parts of latency that are waits for a CPU."""
_MOST_ROWS: Final = 2_000_000
"""Looked at for one part, so that memory is bounded."""


class CpuTurns(NamedTuple):
    """Stretches of time of threads on a CPU, for one request each, or for none; arrays of one length."""

    row: Integers
    """Of `ThreadTimes`: the one behind which the thread was on a CPU."""
    begin_ns: Integers
    end_ns: Integers
    request: Integers
    """Row of the request that it worked for; NONE: none is known."""


def waits_for_cpu(parts: RequestParts, members: Flags) -> RequestWaits:
    """Return the waits for a CPU of the requests in `members` that are divided by the states of threads."""
    windows, times = parts.windows, parts.times
    rows = np.flatnonzero(members & windows.is_told & parts.usable & ~parts.is_followed)
    reader, sent = windows.reader[rows], windows.requests["sent_ns"][rows]
    whole = parts.stretches.chosen((members & parts.is_whole)[parts.stretches.request])
    others = parts.others.chosen(members[parts.others.request])
    return RequestWaits.named(
        {
            RUNNABLE: _ready(times, whole),
            READER_RUNNABLE: _ready(times, Stretches(rows, reader, sent, windows.arrival_ns[rows])),
            OTHER_RUNNABLE: _ready(times, others),
            READER_ON_CPU: _on_cpu(times, Stretches(rows, reader, sent, windows.turned_to_it(rows))),
        }
    )


def cpu_turns(parts: RequestParts, waits: Stretches) -> CpuTurns:
    """Return when threads of the service had CPUs while anyone waited, cut where they turned to another request."""
    times, spans = parts.times, parts.stretches
    begin, end = times.back_ns, times.next_ns - times.lost_ns
    rows = near(begin, end, waits)
    spans = spans.chosen(near(spans.begin_ns, spans.end_ns, waits))
    tid, begin, end = times.rows.group[rows], begin[rows], end[rows]
    edges = GroupedTimes(
        np.concatenate([tid, tid, spans.tid, spans.tid]), np.concatenate([begin, end, spans.begin_ns, spans.end_ns])
    )
    cut = np.flatnonzero((edges.group[1:] == edges.group[:-1]) & (edges.t_ns[1:] > edges.t_ns[:-1]))
    of, since, until = edges.group[cut], edges.t_ns[cut], edges.t_ns[cut + 1]
    there = _around(GroupedTimes(tid, begin), end, of, since)
    request = taken(spans.request, _around(GroupedTimes(spans.tid, spans.begin_ns), spans.end_ns, of, since), NONE)
    kept = there != NONE
    return CpuTurns(rows[there[kept]], since[kept], until[kept], request[kept])


def _ready(times: ThreadTimes, within: Stretches) -> Stretches:
    """Return when threads waited for a CPU within stretches."""
    stretch, row = _rows(times, within)
    return _cut(within, stretch, times.woken_ns[row], times.back_ns[row])


def _on_cpu(times: ThreadTimes, within: Stretches) -> Stretches:
    """Return when threads had one."""
    stretch, row = _rows(times, within)
    return _cut(within, stretch, times.back_ns[row], times.next_ns[row] - times.lost_ns[row])


def _rows(times: ThreadTimes, within: Stretches) -> tuple[Integers, Integers]:
    first, behind = times.overlapping(within.tid, within.begin_ns, within.end_ns)
    return ranges(first, behind, _MOST_ROWS)


def _cut(within: Stretches, stretch: Integers, begin_ns: Integers, end_ns: Integers) -> Stretches:
    begin, end = np.maximum(begin_ns, within.begin_ns[stretch]), np.minimum(end_ns, within.end_ns[stretch])
    found = Stretches(within.request[stretch], within.tid[stretch], begin, end)
    return found.chosen(end > begin)


def _around(begins: GroupedTimes, end_ns: Integers, group: Integers, t_ns: Integers) -> Integers:
    """Return the place, in the order given, of the stretch of a group that lasts beyond each time; NONE: there is none.

    Stretches of a group do not overlap.
    """
    place = taken(begins.order, begins.last(group, t_ns), NONE)
    lasts = taken(end_ns, place, -LATEST_NS) > t_ns
    return np.where(lasts, place, NONE)

"""What another thread did while a request was handed over: the one that woke the request's writer.

A task that left its thread comes back when somebody wakes the thread that goes on with it, which mostly slept until
then. Where no recording names who that was (`wake_chains`), it had a CPU at that moment: where only one thread of the
service had, it was that one, and what it did since the task was handed over is what the task waited for. Where several
had one, or none (a timer, the network), nothing is said. Inferred, not seen: a wake-up by the network while another
thread happens to compute is taken for that thread's.

Threads that wait for work themselves tell nothing, and this stays *handed over*.
"""

import numpy as np

from tailtune.judge.grouped_times import GroupedTimes, Integers, taken
from tailtune.judge.part_names import HANDED_OVER, ON_CPU, RUNNABLE, on_another_thread
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches, joined, no_stretches
from tailtune.judge.thread_times import ThreadTimes


def stretches_of_others(times: ThreadTimes, asked: Stretches) -> Stretches:
    """Return which thread the requests waited for, and until when; nothing where that cannot be inferred.

    Args:
        times: of all threads of the service.
        asked: of each request, the thread that wrote the answer, and from when the request was handed over to when its
            writer turned to it; unknown threads have no states.

    Returns:
        For each such request two stretches that together last as long as it was asked for: of the thread that woke the
        writer, until it did; and of the writer, which was woken but had something else to do first.
    """
    rows, writer, begin_ns, end_ns = asked.request, asked.tid, asked.begin_ns, asked.end_ns
    if not len(rows):
        return no_stretches()  # as where a thread serves each connection: nothing has to be sorted
    asleep = times.blocked > 0  # a thread that was only taken off its CPU was woken by nobody
    sleeps = GroupedTimes(times.rows.group[asleep], times.rows.t_ns[asleep])
    woken = taken(times.woken_ns[asleep], sleeps.last(writer, end_ns), LATEST_NS)
    who = _alone_on_a_cpu(times, woken)
    is_known = (who != NO_THREAD) & (who != writer) & (woken > begin_ns) & (woken <= end_ns)
    rows, writer, who, woken = rows[is_known], writer[is_known], who[is_known], woken[is_known]
    return joined([Stretches(rows, who, begin_ns[is_known], woken), Stretches(rows, writer, woken, end_ns[is_known])])


def named_times(times: ThreadTimes, within: Stretches) -> dict[str, Integers]:
    """Return what the threads did, by the name of the part, ns; times that tell nothing are left out."""
    spent = times.spent(within.tid, within.begin_ns, within.end_ns)
    found: dict[str, Integers] = {}
    for name, values in ((ON_CPU, spent.on_cpu), (RUNNABLE, spent.runnable), *spent.blocked.items()):
        part = on_another_thread(name)
        if part != HANDED_OVER:
            found[part] = found.get(part, np.zeros_like(values)) + values
    return found


def _alone_on_a_cpu(times: ThreadTimes, t_ns: Integers) -> Integers:
    """Return the only thread of the service that had a CPU at each moment; NO_THREAD where it was none or several.

    The numbers of all threads that had come to a CPU until then, less those that had left it, sum up to that thread's.
    """
    lasted = times.next_ns > times.back_ns
    tid = times.rows.group[lasted]
    came, left = times.back_ns[lasted], times.next_ns[lasted]
    there, sums = np.zeros_like(t_ns), np.zeros_like(t_ns)
    for edge, sign in ((came, 1), (left, -1)):
        order = np.argsort(edge, kind="stable")
        until = np.searchsorted(edge[order], t_ns, side="right" if sign == 1 else "left")
        there += sign * until
        sums += sign * np.concatenate([np.zeros(1, np.int64), np.cumsum(tid[order])])[until]
    return np.where(there == 1, sums, NO_THREAD)

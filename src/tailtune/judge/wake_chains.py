"""What a request waited for while no thread had it: back from the thread that went on with it through its wakers.

A task that left its thread comes back in a thread that mostly slept until then. Whoever ended that sleep had something
for it: what that thread did before, and who had woken it in turn, is what the task waited for. The chain is followed
back until the task was handed over, or to where it leaves the service: a timer's interrupt, the network.

```text
begin                                                      woken                    end
  |- another thread: computes, sleeps, waits for a lock ... -|- the thread that goes on -|
  |- a timer -----------|- another thread, woken by it ------|
```

Where somebody else woke a thread, such as the client with another request, it is not known what made this one ready;
but while no thread of the service had anything to do, it was nothing in the service.

Recorded, not inferred; but that a wake-up was for this request is: a thread that is woken for another one may find this
one ready, too.
"""

from typing import Final, NamedTuple

import numpy as np

from tailtune.judge.all_idle import idle_pieces
from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, taken
from tailtune.judge.other_threads import stretches_of_others
from tailtune.judge.request_tables import LATEST_NS, Columns
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches, joined, no_stretches
from tailtune.judge.thread_times import ThreadTimes
from tailtune.judge.wait_ends import BY_SENDER, BY_THREAD, BY_TIMER, WaitEnds

_LONGEST: Final = 32
"""Steps of a chain: each is one wait of one thread."""
_WITHOUT_WORK: Final = [CAUSES.index(cause) for cause in (Cause.EVENTS, Cause.HANDED_OVER, Cause.QUEUE, Cause.UNKNOWN)]
"""Waits of a thread that say nothing by themselves: whoever ended them does."""
_NETWORK: Final = CAUSES.index(Cause.NETWORK)


class Chains(NamedTuple):
    """What requests waited for; of one request, nothing overlaps."""

    threads: Stretches
    """Threads that they waited for."""
    timers: Stretches
    """Until a timer woke the thread `tid`."""
    outside: Stretches
    """What is left in which no thread of the service had anything to do; `tid` went on behind it."""
    origins: Stretches
    """From when requests were handed over until what is no thread of the service woke `tid`: one a request."""


class _Steps(NamedTuple):
    """Where chains have got to, each from its end backwards; arrays of one length."""

    request: Integers
    tid: Integers
    begin_ns: Integers
    until_ns: Integers
    by: Integers
    """How `tid` woke the thread before; what that waited for, where it is its own step."""

    def chosen(self, which: Flags) -> "_Steps":
        return _Steps(*(values[which] for values in self))


def no_chains() -> Chains:
    """Return none."""
    return Chains(no_stretches(), no_stretches(), no_stretches(), no_stretches())


def chains_of(times: ThreadTimes, ends: WaitEnds | None, states: Columns, asked: Stretches) -> Chains:
    """Return what requests waited for, recorded if it was, and else as far as it can be inferred.

    Args:
        times: of all threads of the service.
        ends: how their waits ended; None: not recorded.
        states: `thread_states` of the window.
        asked: from when a request was handed over to when its writer (`tid`) turned to it.
    """
    if ends is None or not ends.tells_wakers:
        return no_chains()._replace(threads=stretches_of_others(times, asked))
    return _followed_back(times, ends, states, asked)


def _followed_back(times: ThreadTimes, ends: WaitEnds, states: Columns, asked: Stretches) -> Chains:
    asleep = np.flatnonzero(times.blocked > 0)  # a thread that was only taken off its CPU was woken by nobody
    sleeps = GroupedTimes(times.rows.group[asleep], times.rows.t_ns[asleep])
    by_itself = np.full(len(asked), BY_THREAD)
    at = _Steps(asked.request, asked.tid, asked.begin_ns, asked.end_ns, by_itself)
    at = at.chosen((asked.end_ns > asked.begin_ns) & (asked.tid != NO_THREAD))
    threads, timers, others = [no_stretches()], [no_stretches()], [no_stretches()]
    for _ in range(_LONGEST):
        if not len(at.request):
            break
        found = sleeps.last(at.tid, at.until_ns, including=False)
        row = taken(asleep, found, NONE)
        woken = np.minimum(taken(times.woken_ns, row, -LATEST_NS), at.until_ns)
        left = taken(times.rows.t_ns, row, -LATEST_NS)
        cause, by = taken(times.cause, row, NONE), taken(ends.woken_in, row, NONE)
        is_ours = ((by == BY_THREAD) | (by == BY_SENDER)) & _at(ends.is_ours, row)
        # A thread that answers another one of the service waited for that one's question before.
        serves = (cause == _NETWORK) & is_ours & (at.by == BY_SENDER)
        says_much = (row != NONE) & ~np.isin(cause, _WITHOUT_WORK) & ~serves
        born = times.rows.at(times.rows.first(at.tid, np.full_like(at.tid, -LATEST_NS)), LATEST_NS)
        before_it = np.where(row == NONE, np.minimum(born, at.until_ns), woken)
        since = np.maximum(np.where(says_much, left, before_it), at.begin_ns)
        threads.append(Stretches(at.request, at.tid, since, at.until_ns).chosen(at.until_ns > since))
        goes_on = since > at.begin_ns
        is_timer = goes_on & ~says_much & (by == BY_TIMER)
        before = Stretches(at.request, at.tid, at.begin_ns, since)
        timers.append(before.chosen(is_timer))
        tid = np.where(says_much, at.tid, taken(ends.woken_by, row, NO_THREAD))
        is_followed = goes_on & (says_much | is_ours)
        others.append(before.chosen(goes_on & ~is_timer & ~is_followed))
        at = _Steps(at.request, tid, at.begin_ns, since, np.where(says_much, at.by, by)).chosen(is_followed)
    of_timers, of_others = joined(timers), joined(others)
    outside = idle_pieces(times, states, of_others)
    return Chains(joined(threads), of_timers, outside, joined([of_timers, of_others]))


def _at(flags: Flags, row: Integers) -> Flags:
    there: Flags = taken(flags.astype(np.int64), row, 0) > 0
    return there

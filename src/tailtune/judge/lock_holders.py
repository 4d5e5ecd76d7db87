"""Who had a lock while requests waited for it: inferred, as the kernel does not tell who holds a lock.

A thread that waits for a lock is woken by the one that releases it: what that did meanwhile, since it last waited for a
lock itself, is what the lock was held for. Where it was not recorded who woke the thread, the one had a CPU at this
moment; where several threads had, some of it is chance. Likewise at a queue: since it last waited at one, the thread
that ended the wait was busy with what came before.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges
from tailtune.judge.names import is_code, short
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches
from tailtune.model.request_parts import Place

_IDLE: Final = (Cause.EVENTS, Cause.HANDED_OVER)
"""What nobody does who holds a lock that others wait for; waits for a lock itself end where it is held."""
_MOST_WAITS: Final = 400
_MOST_ROWS: Final = 500_000
_SEEN: Final = 0.5
"""Of the waits, and of the time in which their holders had the lock; where less was seen, nothing is said."""
_WORTH_NAMING: Final = 0.05
_SHOWN: Final = 3


class _Waits(NamedTuple):
    """Waits for locks, or at queues."""

    tid: Integers
    begin_ns: Integers
    end_ns: Integers
    waker: Integers
    """The thread that ended the wait; NO_THREAD: not known."""


class _Done(NamedTuple):
    """What one thread did within waits of others: samples and waits of its own, one element each."""

    wait: Integers
    """The other's wait, by its number."""
    stack: Integers
    weight: Integers
    """ns."""
    had_ns: Integers
    """For each wait of others: how long the thread may have had the lock; 0 where it had no CPU at the end."""


class LockHolders:
    """What threads did that released locks, or that ended waits at queues."""

    def __init__(self, parts: RequestParts, by_thread: GroupedTimes, cause: Cause) -> None:
        """Look at one window.

        Args:
            parts: of its requests.
            by_thread: its samples.
            cause: of the waits.
        """
        self._parts = parts
        self._cause = CAUSES.index(cause)
        self._idle = [CAUSES.index(one) for one in (cause, *_IDLE)]
        self._by_thread = by_thread
        samples, states = parts.tables.samples, parts.tables.states
        self._sample_ns = int(states["on_cpu_ns"].sum()) // max(1, len(samples["t_ns"]))
        self._at_work = GroupedTimes(parts.stretches.tid, parts.stretches.begin_ns)

    def of(self, within: Stretches) -> list[Place]:
        """Return the functions that locks were held in while they were waited for within stretches, largest first.

        Shares are of what was seen of the threads that ended the waits. Empty where less than half the waits had such
        a thread, or less than half the time was seen in which it may have had the lock.
        """
        waits = self._waited(within)
        found: dict[str, tuple[float, int]] = {}
        had, ended = 0.0, np.zeros(len(waits.tid), dtype=np.bool_)
        for one in self._meanwhile(waits):
            told = np.unique(one.wait)
            had += float(one.had_ns[told].sum())
            ended[told] = True
            for stack, weight in zip(one.stack.tolist(), one.weight.tolist(), strict=True):
                name = self._named(stack)
                before, count = found.get(name, (0.0, 0))
                found[name] = before + weight, count + 1
        total = sum(weight for weight, _ in found.values())
        if not total or total < _SEEN * had or np.count_nonzero(ended) < _SEEN * len(ended):
            return []
        ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:_SHOWN]
        places = [Place(function=name, share=weight / total, count=count) for name, (weight, count) in ordered]
        return [place for place in places if place.share >= _WORTH_NAMING]

    def _waited(self, within: Stretches) -> _Waits:
        """Return the longest waits that reach into the stretches."""
        times = self._parts.times
        _, row = ranges(*times.overlapping(within.tid, within.begin_ns, within.end_ns), _MOST_ROWS)
        row = np.unique(row[times.cause[row] == self._cause])
        lasting = np.argsort(-times.blocked[row], kind="stable")[:_MOST_WAITS]
        row = row[lasting]
        ends = self._parts.ends
        waker = np.full(len(row), NO_THREAD) if ends is None else ends.waker[row]
        return _Waits(times.rows.group[row], times.rows.t_ns[row], times.woken_ns[row], waker)

    def _meanwhile(self, waits: _Waits) -> Iterator[_Done]:
        """Yield what each thread did that ended waits, or had a CPU at the end of those of which that is not known."""
        times = self._parts.times
        for tid in np.unique(times.rows.group).tolist():
            others = np.flatnonzero((waits.tid != tid) & np.isin(waits.waker, (tid, NO_THREAD)))
            last = times.rows.last(np.full(len(others), tid), waits.end_ns[others], including=False)
            has_cpu = (last != NONE) & (times.back_ns[np.maximum(last, 0)] <= waits.end_ns[others])
            has_cpu &= self._works(tid, waits.end_ns[others])
            if has_cpu.any():
                yield self._done_by(tid, waits, others[has_cpu])

    def _done_by(self, tid: int, waits: _Waits, chosen: Integers) -> _Done:
        """Return what a thread did within the chosen waits, since it last waited so itself."""
        times, asked = self._parts.times, np.full(len(chosen), tid)
        since, end = waits.begin_ns[chosen], waits.end_ns[chosen]
        piece, row = ranges(*times.overlapping(asked, since, end), _MOST_ROWS)
        own = times.cause[row] == self._cause
        np.maximum.at(since, piece[own], times.back_ns[row[own]])
        begin = np.maximum(times.rows.t_ns[row], since[piece])
        lasted = np.minimum(times.back_ns[row], end[piece]) - begin
        kept = (lasted > 0) & ~np.isin(times.cause[row], self._idle) & self._works(tid, begin)
        sampled, stack = self._sampled(asked, since, end)
        had = np.zeros(len(waits.tid), dtype=np.int64)
        had[chosen] = end - since
        return _Done(
            np.concatenate([chosen[piece[kept]], chosen[sampled]]),
            np.concatenate([times.stack[row[kept]], stack]),
            np.concatenate([lasted[kept], np.full(len(stack), self._sample_ns)]),
            had,
        )

    def _works(self, tid: int, t_ns: Integers) -> Flags:
        """Whether a thread that serves requests had one; others always count."""
        asked, served = np.full(len(t_ns), tid), self._at_work.group
        first = int(np.searchsorted(served, tid))
        if first == len(served) or served[first] != tid:
            return np.ones(len(t_ns), dtype=np.bool_)
        position = self._at_work.last(asked, t_ns)
        end = self._parts.stretches.end_ns[self._at_work.order[np.maximum(position, 0)]]
        works: Flags = (position != NONE) & (t_ns < end)
        return works

    def _sampled(self, tid: Integers, begin_ns: Integers, end_ns: Integers) -> tuple[Integers, Integers]:
        """Return for each sample within stretches the stretch, and its stack."""
        first = self._by_thread.count_until(tid, begin_ns, including=False)
        stretch, position = ranges(first, self._by_thread.count_until(tid, end_ns, including=False), _MOST_ROWS)
        return stretch, self._parts.tables.samples["stack"][self._by_thread.order[position]]

    def _named(self, stack: int) -> str:
        """Name the function that a stack belongs to and the one that called it, one of which took the lock."""
        table = self._parts.tables.stacks
        function = table.owner(stack)
        callers = (short(name) for name in table.functions(stack) if is_code(name))
        outer = False
        for name in callers:
            if name != function and outer:
                return f"{function} called by {name}"
            outer = outer or name == function
        return function

"""How threads spent their time, from the table `waits`: sums over any stretch of any thread."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import NONE, GroupedTimes, Integers
from tailtune.judge.request_tables import LATEST_NS, Columns


class Spent(NamedTuple):
    """What threads did in stretches of time; all parts of a stretch add up to its length. ns."""

    on_cpu: Integers
    runnable: Integers
    blocked: dict[Cause, Integers]
    """By cause; those that occur in the window."""
    residue: Integers
    """Not recorded, or lost."""


@dataclass(frozen=True)
class Span:
    """From when until when the states of threads were recorded; CLOCK_MONOTONIC ns."""

    begin_ns: int
    end_ns: int


class _Mark(NamedTuple):
    """Moments among the rows of their threads."""

    t_ns: Integers
    row: Integers
    """The thread's last row until then; NONE: there is none."""
    rows: Integers
    """How many rows lie until then, those of other threads before it included."""


class ThreadTimes:
    """The rows of `waits`, by thread and time. Arrays over rows are in that order."""

    def __init__(self, waits: Columns, causes: Integers, states: Columns) -> None:
        """Sort and check the rows.

        Args:
            waits: the rows of one window.
            causes: for each row, the index in CAUSES of why the thread left its CPU.
            states: `thread_states` of the window; empty where it was not recorded.
        """
        self.rows = GroupedTimes(waits["tid"], waits["t_ns"])
        order = self.rows.order
        t_ns = self.rows.t_ns
        lasting = self._until_the_next()
        blocked = np.clip(waits["blocked_ns"][order], 0, LATEST_NS)
        runnable = np.clip(waits["runnable_ns"][order], 0, LATEST_NS)
        self.blocked: Integers = np.minimum(blocked, lasting)
        self.runnable: Integers = np.minimum(runnable, lasting - self.blocked)
        self.cut = int(np.count_nonzero((self.blocked < blocked) | (self.runnable < runnable)))
        """Rows that would reach into the next one of their thread; they end there."""
        self.woken_ns: Integers = t_ns + self.blocked
        self.back_ns: Integers = self.woken_ns + self.runnable
        self.cause: Integers = causes[order]
        self.stack: Integers = waits["stack"][order]
        self._occurring = np.unique(self.cause).tolist()
        self._unknown = _unknown_shares(self, states)
        self.next_ns: Integers = self.back_ns + self._between()
        self.lost_ns: Integers = _lost_between(self, states)
        """Behind each row, time until the thread's next one in which it may have done anything; mostly 0."""
        self.span = Span(int(t_ns.min()), int(self.back_ns.max())) if len(t_ns) else Span(0, 0)

    def __len__(self) -> int:
        return len(self.rows)

    def spent(self, tid: Integers, begin_ns: Integers, end_ns: Integers) -> Spent:
        """Return what threads did from `begin_ns` to `end_ns`, which is not before it."""
        begin, end = self._mark(tid, begin_ns), self._mark(tid, end_ns)
        length = end_ns - begin_ns
        runnable = self._sum(self.runnable, self.back_ns, end) - self._sum(self.runnable, self.back_ns, begin)
        blocked: dict[Cause, Integers] = {}
        for number in self._occurring:
            blocked[CAUSES[number]] = self._blocked(number, begin, end)
        gaps = self._sum(self.lost_ns, self.next_ns, end) - self._sum(self.lost_ns, self.next_ns, begin)
        rest = length - runnable - gaps - sum(blocked.values(), np.zeros_like(length))
        seen_until = np.minimum(end_ns, self.span.end_ns)
        seen = np.clip(seen_until - np.maximum(begin_ns, self.span.begin_ns), 0, length)
        outside = np.minimum(length - seen, rest)
        lost = np.minimum(np.floor((rest - outside) * self._shares_of(tid)).astype(np.int64), rest - outside)
        return Spent(rest - outside - lost, runnable, blocked, outside + lost + gaps)

    def blocked_for(self, cause: Cause, tid: Integers, begin_ns: Integers, end_ns: Integers) -> Integers:
        """Return how long threads waited for one cause: part of `Spent.blocked`."""
        return self._blocked(CAUSES.index(cause), self._mark(tid, begin_ns), self._mark(tid, end_ns))

    def runnable_after(self, cause: Cause, tid: Integers, begin_ns: Integers, end_ns: Integers) -> Integers:
        """Return how long threads, woken from waits for one cause, then waited for a CPU: part of `Spent.runnable`."""
        begin, end = self._mark(tid, begin_ns), self._mark(tid, end_ns)
        woken = (self.cause == CAUSES.index(cause)) & (self.blocked > 0)  # else it was preempted there
        values = np.where(woken, self.runnable, 0)
        return self._sum(values, self.back_ns, end) - self._sum(values, self.back_ns, begin)

    def knows(self, tid: int) -> bool:
        """Whether anything was recorded of a thread."""
        return bool(np.isin(tid, self._unknown[0]))

    def overlapping(self, tid: Integers, begin_ns: Integers, end_ns: Integers) -> tuple[Integers, Integers]:
        """Return the first row of each stretch and the one behind its last."""
        before = self.rows.last(tid, begin_ns)
        after = self.rows.count_until(tid, begin_ns)
        return np.where(before == NONE, after, before), self.rows.count_until(tid, end_ns, including=False)

    def leaves(self, tid: Integers, from_ns: Integers, otherwise: int) -> Integers:
        """Return when threads leave their CPU the next time."""
        return self.rows.at(self.rows.first(tid, from_ns), otherwise)

    def came(self, tid: Integers, until_ns: Integers, otherwise: int) -> Integers:
        """Return when threads came back to a CPU after the last time that they left one before `until_ns`."""
        row = self.rows.last(tid, until_ns, including=False)
        if not len(self):
            return np.full(len(tid), otherwise, dtype=np.int64)
        return np.where(row == NONE, otherwise, self.back_ns[np.maximum(row, 0)])

    def _until_the_next(self) -> Integers:
        """How long each row may last: up to the thread's next one."""
        group, t_ns = self.rows.group, self.rows.t_ns
        lasting = np.full(len(t_ns), LATEST_NS, dtype=np.int64)
        same = group[1:] == group[:-1]
        lasting[:-1][same] = (t_ns[1:] - t_ns[:-1])[same]
        return lasting

    def _between(self) -> Integers:
        """How long each thread was not off its CPU behind each row; 0 behind its last."""
        group, t_ns = self.rows.group, self.rows.t_ns
        between = np.zeros(len(t_ns), dtype=np.int64)
        between[:-1] = np.where(group[1:] == group[:-1], t_ns[1:] - self.back_ns[:-1], 0)
        return between

    def _blocked(self, cause: int, begin: _Mark, end: _Mark) -> Integers:
        values = np.where(self.cause == cause, self.blocked, 0)
        return self._sum(values, self.woken_ns, end) - self._sum(values, self.woken_ns, begin)

    def _mark(self, tid: Integers, t_ns: Integers) -> _Mark:
        return _Mark(t_ns, self.rows.last(tid, t_ns), self.rows.count_until(tid, t_ns))

    @staticmethod
    def _sum(values: Integers, ends_ns: Integers, mark: _Mark) -> Integers:
        """Sum one state over all rows until moments; of the row that lasts beyond, only what is before."""
        if not len(values):
            return np.zeros(len(mark.t_ns), dtype=np.int64)
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
        row = np.maximum(mark.row, 0)
        still = np.clip(ends_ns[row] - mark.t_ns, 0, values[row])
        return total[mark.rows] - np.where(mark.row == NONE, 0, still)

    def _shares_of(self, tid: Integers) -> npt.NDArray[np.float64]:
        """Share of a thread's time off no row that was not on a CPU either; 1 for a thread that nobody saw."""
        tids, shares = self._unknown
        if not len(tids):
            return np.ones(len(tid))
        place = np.minimum(np.searchsorted(tids, tid), len(tids) - 1)
        return np.where(tids[place] == tid, shares[place], 1.0)


def _unknown_shares(times: ThreadTimes, states: Columns) -> tuple[Integers, npt.NDArray[np.float64]]:
    """Return all threads, ascending, and what share of their time is not known, of those without any row."""
    tids = np.unique(np.concatenate([times.rows.group, states["tid"]]))
    wall, on_cpu = (_summed(tids, states["tid"], states[name]) for name in ("wall_ns", "on_cpu_ns"))
    lost = np.where(np.isin(tids, times.rows.group), 0.0, np.maximum(0.0, wall - on_cpu))
    outside = lost + np.maximum(0.0, on_cpu)
    return tids, np.divide(lost, outside, out=np.zeros(len(tids)), where=outside > 0)


def _lost_between(times: ThreadTimes, states: Columns) -> Integers:
    """Return how much of the time between rows was lost rather than spent on a CPU.

    The states of a thread tell how much there is of both. Records are lost many at once, and threads seldom compute for
    long without leaving their CPU: so what was lost is taken to be the longest stretches without a row.
    """
    tids, group, between = np.unique(states["tid"]), times.rows.group, times.next_ns - times.back_ns
    is_told = np.isin(group, tids)
    waited = _summed(tids, group[is_told], (times.blocked + times.runnable)[is_told])
    wall, on_cpu = (_summed(tids, states["tid"], states[name]) for name in ("wall_ns", "on_cpu_ns"))
    lost = wall - on_cpu - waited
    order = np.lexsort((-between, group))
    length = between[order].astype(np.float64)
    until = np.cumsum(length)
    first = np.searchsorted(group, group)  # `group` ascends, also in `order`
    longer = until - length - (until - length)[first]
    place = np.minimum(np.searchsorted(tids, group), max(0, len(tids) - 1))
    budget = np.where(tids[place] == group, lost[place], 0.0) if len(tids) else np.zeros(len(group))
    found = np.zeros(len(group), dtype=np.int64)
    found[order] = np.where(longer + length / 2 <= budget, between[order], 0)
    return found


def _summed(tids: Integers, tid: Integers, values: Integers) -> npt.NDArray[np.float64]:
    return np.bincount(np.searchsorted(tids, tid), values.astype(np.float64), len(tids)).astype(np.float64)

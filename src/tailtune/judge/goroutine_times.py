"""How goroutines spent their time: their states, looked up by goroutine and time, and by thread and time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.goroutine_causes import wait_of
from tailtune.judge.goroutine_table import ASSISTING, NOBODY, RUNNABLE, RUNNING, SYSCALL, WAITING, GoroutineTable
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges, taken
from tailtune.judge.part_names import WAITS_FOR_P
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.stretches import Stretches

_ON_A_THREAD: Final = (RUNNING, ASSISTING, SYSCALL)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Intervals of goroutines, cut to stretches; ascending by stretch, then by time, and without overlaps."""

    stretch: Integers
    """Index of the stretch."""
    row: Integers
    """Of `GoroutineTimes`."""
    begin_ns: Integers
    end_ns: Integers

    def chosen(self, which: Flags) -> "Pieces":
        """Return some of them."""
        return Pieces(self.stretch[which], self.row[which], self.begin_ns[which], self.end_ns[which])


class GoroutineTimes:
    """The intervals of a trace, by goroutine and time. Arrays over rows are in that order."""

    def __init__(self, table: GoroutineTable) -> None:
        """Sort the intervals; where two of a goroutine overlap, the earlier one is cut."""
        begin = np.clip(table.begin_ns, -LATEST_NS, LATEST_NS)
        self.rows = GroupedTimes(table.goroutine, begin)
        order, goroutine = self.rows.order, self.rows.group
        end = np.maximum(np.clip(table.end_ns[order], -LATEST_NS, LATEST_NS), self.rows.t_ns)
        same = goroutine[1:] == goroutine[:-1]
        end[:-1][same] = np.minimum(end[:-1], self.rows.t_ns[1:])[same]
        self.end_ns: Integers = end
        self.state: Integers = table.state[order]
        self.tid: Integers = table.tid[order]
        self.stack: Integers = table.stack[order]
        self.waker: Integers = table.waker[order]
        """The goroutine that woke a runnable one; NOBODY: none is known."""
        self.stacks = table.stacks
        self.waits: list[str] = []
        """Names of the parts in which goroutines wait."""
        self.wait: Integers = self._waits(table, order)
        """For each row its place in `waits`; NONE: it does not wait."""
        self.begin_ns = int(begin.min()) if len(begin) else 0
        self.last_ns = int(end.max()) if len(end) else 0
        self._threads, self._row_of_thread = self._by_thread()
        waiting = np.flatnonzero(self.state == WAITING)
        self._waiting = GroupedTimes(goroutine[waiting], self.rows.t_ns[waiting])
        self._row_of_waiting: Integers = waiting[self._waiting.order]

    def __len__(self) -> int:
        return len(self.rows)

    def on_thread(self, tid: Integers, t_ns: Integers) -> Integers:
        """Return the goroutine that was on each thread at a time; NOBODY where there is none."""
        row = taken(self._row_of_thread, self._threads.last(tid, t_ns), NONE)
        is_there = t_ns <= taken(self.end_ns, row, -LATEST_NS)
        found: Integers = taken(self.rows.group, np.where(is_there, row, NONE), NOBODY)
        return found

    def count(self, goroutine: Integers, begin_ns: Integers, end_ns: Integers) -> Integers:
        """Return how many intervals reach into each stretch."""
        first, behind = self._overlapping(goroutine, begin_ns, end_ns)
        counts: Integers = np.maximum(behind - first, 0)
        return counts

    def pieces(self, within: Stretches, most: int) -> Pieces:
        """Cut the intervals of goroutines (`within.tid`) to stretches.

        Stretches from the one on with which there would be more than `most` have none.
        """
        first, behind = self._overlapping(within.tid, within.begin_ns, within.end_ns)
        stretch, row = ranges(first, behind, most)
        begin = np.maximum(self.rows.t_ns[row], within.begin_ns[stretch])
        end = np.minimum(self.end_ns[row], within.end_ns[stretch])
        found = Pieces(stretch, row, begin, end)
        return found.chosen(end > begin)

    def is_on_thread(self, pieces: Pieces) -> Flags:
        """Return which pieces ran on a thread, or were in a system call there."""
        return np.isin(self.state[pieces.row], _ON_A_THREAD)

    def part(self, row: int) -> str:
        """Name the part in which a goroutine is off its thread."""
        place = int(self.wait[row])
        return WAITS_FOR_P if place == NONE else self.waits[place]

    def stays(self, goroutine: Integers, from_ns: Integers) -> Integers:
        """Return until when each goroutine goes on without waiting: it waits then, or ends."""
        waits = self._waiting.at(self._waiting.first(goroutine, from_ns), LATEST_NS)
        last = self.rows.last(goroutine, np.full(len(goroutine), LATEST_NS, dtype=np.int64))
        return np.minimum(waits, taken(self.end_ns, last, -LATEST_NS))

    def woke(self, goroutine: Integers, until_ns: Integers) -> Integers:
        """Return since when each goroutine goes on without waiting: it was woken then, or created."""
        before = self._waiting.last(goroutine, until_ns, including=False)
        woken = taken(self.end_ns, taken(self._row_of_waiting, before, NONE), -LATEST_NS)
        first = self.rows.first(goroutine, np.full(len(goroutine), -LATEST_NS, dtype=np.int64))
        return np.maximum(woken, self.rows.at(first, LATEST_NS))

    def _overlapping(self, goroutine: Integers, begin_ns: Integers, end_ns: Integers) -> tuple[Integers, Integers]:
        before = self.rows.last(goroutine, begin_ns)
        after = self.rows.count_until(goroutine, begin_ns)
        first = np.where(before == NONE, after, before)
        return first, self.rows.count_until(goroutine, end_ns, including=False)

    def _by_thread(self) -> tuple[GroupedTimes, Integers]:
        rows = np.flatnonzero(np.isin(self.state, _ON_A_THREAD) & (self.tid != NOBODY))
        times = GroupedTimes(self.tid[rows], self.rows.t_ns[rows])
        return times, rows[times.order]

    def _waits(self, table: GoroutineTable, order: Integers) -> Integers:
        """Name why each row waits, once for each reason and stack.

        A channel that nobody of the program made ready was ready by a timer: that is a sleep.
        """
        reason, waker = table.reason[order], self.waker
        waiting = np.flatnonzero(self.state == WAITING)
        stacks = int(self.stack.max(initial=0)) + 1
        pairs, place = np.unique(reason[waiting] * stacks + self.stack[waiting], return_inverse=True)
        told = [self._name(table, *divmod(pair, stacks)) for pair in pairs.tolist()]
        self.waits = sorted({*told, str(Cause.SLEEP)})
        found = np.full(len(order), NONE, dtype=np.int64)
        found[waiting] = np.array([self.waits.index(one) for one in told], dtype=np.int64)[place.ravel()]
        if str(Cause.QUEUE) in self.waits:
            by_timer = np.zeros(len(order), dtype=np.bool_)
            follows = (self.rows.group[1:] == self.rows.group[:-1]) & (self.state[1:] == RUNNABLE)
            by_timer[:-1] = follows & (waker[1:] == NOBODY) & self._is_channel(table, reason)[:-1]
            is_queue = found == self.waits.index(str(Cause.QUEUE))
            found[by_timer & is_queue] = self.waits.index(str(Cause.SLEEP))
        return found

    @staticmethod
    def _is_channel(table: GoroutineTable, reason: Integers) -> Flags:
        channels = [at for at, name in enumerate(table.reasons) if name in ("chan receive", "select")]
        return np.isin(reason, channels)

    @staticmethod
    def _name(table: GoroutineTable, reason: int, stack: int) -> str:
        told = table.reasons[reason] if 0 <= reason < len(table.reasons) else ""
        return wait_of(told, table.stacks.functions(stack))

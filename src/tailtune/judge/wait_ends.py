"""How waits of threads ended: who woke them, and who had the CPU until they came to it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tailtune.bundle.schema import WOKEN_IN
from tailtune.judge.grouped_times import NONE, Flags, Integers, taken
from tailtune.judge.request_tables import Columns
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.thread_times import ThreadTimes

UNKNOWN, BY_THREAD, BY_SENDER, BY_TIMER, BY_INTERRUPT = range(len(WOKEN_IN))
"""Indices into WOKEN_IN."""
_NOBODY: Final = 0
"""The process that stands for a CPU without work."""


class WaitEnds:
    """The rows of `wait_ends`, put to those of `ThreadTimes`. Arrays have one element a row of `ThreadTimes`."""

    def __init__(self, times: ThreadTimes, ends: Columns, names: Sequence[str], states: Columns) -> None:
        """Match the rows.

        Args:
            times: the waits.
            ends: `wait_ends` of the same window, with `behind` as row of `names`.
            names: of threads.
            states: `thread_states`, which tells the service's threads and processes.
        """
        row = times.rows.last(ends["tid"], ends["t_ns"])
        is_there = times.rows.at(row, NONE) == ends["t_ns"]
        at = np.full(len(times), NONE, dtype=np.int64)
        at[row[is_there]] = np.flatnonzero(is_there)
        self.woken_in: Integers = taken(ends["woken_in"], at, UNKNOWN)
        self.woken_by: Integers = taken(ends["woken_by"], at, NO_THREAD)
        """Thread that had the CPU at that moment; NO_THREAD: not known."""
        self.tells_wakers = bool((self.woken_in != UNKNOWN).any())
        """Whether it was recorded what woke threads."""
        self._behind = taken(ends["behind"], at, NONE)
        self._behind_pid = taken(ends["behind_pid"], at, NO_THREAD)
        self._names = names
        ours = np.concatenate([states["tid"], times.rows.group])  # of very many threads, not each has a state
        self.is_ours: Flags = (self.woken_by > _NOBODY) & np.isin(self.woken_by, ours)
        """Whether the thread in `woken_by` is one of the service's."""
        in_its_call = self.is_ours & (self.woken_in == BY_THREAD)
        self.waker: Integers = np.where(in_its_call, self.woken_by, NO_THREAD)
        """The thread of the service that ended the wait itself, and not by a packet; NO_THREAD: none, or not known."""
        is_summed = bool((states["tid"] == 0).any())  # then processes of the service may be missing
        self.is_behind_others: Flags = (self._behind_pid > _NOBODY) & ~np.isin(self._behind_pid, states["pid"])
        self.is_behind_others &= not is_summed
        """Whether another program had the CPU until the thread came to it."""

    def programs(self, rows: Integers) -> list[str]:
        """Return the names of the threads of other programs that had the CPU; of rows with such a program."""
        return [self._names[number] for number in self._behind[rows].tolist()]

"""The service's calls on sockets, each put to the connection of the engine that it was on."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, taken
from tailtune.judge.request_tables import LATEST_NS, READ, WRITE, Columns

NO_THREAD: Final = -1
_STILL_RETURNING_NS: Final = 10_000_000
"""So long after the engine closed a connection a call may end that began on it; ports are not used again so soon."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Reads or writes that moved bytes, by connection and time."""

    times: GroupedTimes
    tids: Integers
    """In the order of `times`."""

    def thread(self, position: Integers) -> Integers:
        """Return the threads of calls; NO_THREAD where a position is NONE."""
        return taken(self.tids, position, NO_THREAD)


class Calls:
    """All calls of a window."""

    def __init__(self, calls: Columns, connections: Columns) -> None:
        """Put each call to the connection that had its port at that time; ports may be used again."""
        opened = GroupedTimes(connections["local_port"], connections["opened_ns"])
        found = taken(opened.order, opened.last(calls["peer_port"], calls["t_ns"]), NONE)
        closed = taken(connections["closed_ns"], found, 0)
        is_over = (closed > 0) & (calls["t_ns"] > closed + _STILL_RETURNING_NS)
        connection = np.where(is_over, NONE, found)
        moved = (calls["bytes"] > 0) & (connection != NONE)
        self.reads = _moves(calls, connection, moved & (calls["kind"] == READ))
        self.writes = _moves(calls, connection, moved & (calls["kind"] == WRITE))
        self._by_thread = GroupedTimes(calls["tid"], calls["t_ns"])
        self._connection: Integers = connection[self._by_thread.order]
        """Row of `connections` of each call, by thread and time; NONE: of no connection of the engine."""
        self._next, self._previous = _changes(self._by_thread.group, self._connection)

    def next_elsewhere(self, tid: Integers, connection: Integers, after_ns: Integers) -> Integers:
        """Return when each thread ends its next call on another connection than the given; LATEST_NS: never."""
        row = self._by_thread.first(tid, after_ns + 1)
        is_same = taken(self._connection, row, NONE) == connection
        return self._by_thread.at(np.where(is_same, taken(self._next, row, NONE), row), LATEST_NS)

    def last_elsewhere(self, tid: Integers, connection: Integers, before_ns: Integers) -> Integers:
        """Return when each thread ended its last call on another connection than the given; -LATEST_NS: never."""
        row = self._by_thread.last(tid, before_ns, including=False)
        is_same = taken(self._connection, row, NONE) == connection
        return self._by_thread.at(np.where(is_same, taken(self._previous, row, NONE), row), -LATEST_NS)


def _moves(calls: Columns, connection: Integers, chosen: Flags) -> Moves:
    rows = np.flatnonzero(chosen)
    times = GroupedTimes(connection[rows], calls["t_ns"][rows])
    return Moves(times, calls["tid"][rows][times.order])


def _changes(thread: Integers, connection: Integers) -> tuple[Integers, Integers]:
    """Return for each call the thread's next one and its last one on another connection; NONE where there is none."""
    count = len(thread)
    begins = np.ones(count, dtype=np.bool_)
    begins[1:] = (thread[1:] != thread[:-1]) | (connection[1:] != connection[:-1])
    starts = np.flatnonzero(begins)
    stretch = np.cumsum(begins) - 1
    following = np.append(starts[1:], NONE)[stretch] if count else starts
    preceding = (starts - 1)[stretch] if count else starts
    return _of_thread(thread, following), _of_thread(thread, preceding)


def _of_thread(thread: Integers, position: Integers) -> Integers:
    """Keep the positions whose calls are of the same thread."""
    return np.where(taken(thread, position, NO_THREAD - 1) == thread, position, NONE).astype(np.int64)

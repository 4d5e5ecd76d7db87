"""Joins what the engine knows of each request with what the service's sockets did: when it came in, who answered.

The server sees bytes on a connection, not requests. With one request at a time on a connection, as HTTP/1.1 keep-alive
has it, they belong together by time: the first read that brought bytes after the request was sent is its arrival, the
last write before the next request's arrival is the departure of its answer. A call is timed when it ends. On loopback
the bytes are at their receiver before that, so that the last write may end after the answer was there: the departure
is then the arrival of the answer, and the way back takes no time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np

from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, taken
from tailtune.judge.request_tables import LATEST_NS, Columns, WindowTables
from tailtune.judge.socket_calls import NO_THREAD, Calls

_ANSWERED: Final = (0, 1, 4)
"""Of OUTCOMES: those of a complete answer."""


class Untold(StrEnum):
    """Why a request's time at the server could not be told from its way."""

    CLOCK = "times out of order"
    NO_CONNECTION = "connection not known"
    IN_FLIGHT = "several in flight on one connection (pipelining, HTTP/2)"
    NO_READ = "no read seen (another process, io_uring, lost)"
    NO_WRITE = "no write of the answer seen (sendfile, io_uring, lost)"


UNTOLD: Final = tuple(Untold)


@dataclass(frozen=True, eq=False)
class RequestWindows:
    """One row a request, in the order of the table; times CLOCK_MONOTONIC ns."""

    requests: Columns
    calls: Calls
    untold: Integers
    """Index in UNTOLD; NONE: its window is known, or it was never sent."""
    connection: Integers
    """Row of `connections`. This and what follows means something only where `is_told`."""
    arrival_ns: Integers
    """End of the first read with bytes of it."""
    departure_ns: Integers
    """End of the last write of its answer, at the latest `done_ns`; this where no answer was written."""
    reader: Integers
    """Thread of the read."""
    writer: Integers
    """Thread of the write; NO_THREAD where no answer was written."""

    def __len__(self) -> int:
        return len(self.untold)

    @cached_property
    def latency_ns(self) -> Integers:
        """From intended start to end; negative where the recording is damaged."""
        return self.requests["done_ns"] - self.requests["intended_ns"]

    @cached_property
    def is_sent(self) -> Flags:
        """Whether a request left the client queue."""
        sent: Flags = self.requests["sent_ns"] > 0
        return sent

    @cached_property
    def is_told(self) -> Flags:
        """Whether arrival, departure and threads are known."""
        told: Flags = self.is_sent & (self.untold == NONE)
        return told

    def turned_to_it(self, rows: Integers) -> Integers:
        """Return from when on the reader of each request had no other connection's call to make before it read it.

        What it waited for on the network before that was not this request.
        """
        reader, arrival = self.reader[rows], self.arrival_ns[rows]
        last = self.calls.last_elsewhere(reader, self.connection[rows], arrival)
        turned: Integers = np.clip(last, self.requests["sent_ns"][rows], arrival)
        return turned

    def whole(self, rows: Integers) -> Flags:
        """Return which requests their reader read and answered without a call on any other connection in between.

        Where no answer was written, the reader is taken to be at work still.
        """
        reader, writer = self.reader[rows], self.writer[rows]
        elsewhere = self.calls.next_elsewhere(reader, self.connection[rows], self.arrival_ns[rows])
        found: Flags = ((writer == reader) | (writer == NO_THREAD)) & (elsewhere >= self.departure_ns[rows])
        return found

    def untold_counts(self) -> dict[Untold, int]:
        """Return how many requests could not be told, by reason; reasons without any are left out."""
        found = [(reason, int(np.count_nonzero(self.untold == number))) for number, reason in enumerate(UNTOLD)]
        return {reason: count for reason, count in found if count}


def join(tables: WindowTables) -> RequestWindows:
    """Find the window of each request at the server."""
    requests = tables.requests
    sent, done = requests["sent_ns"], requests["done_ns"]
    calls = Calls(tables.calls, tables.connections)
    connection = _connection_of(requests, tables.connections)
    known = (sent > 0) & (connection != NONE)
    read = calls.reads.times.first(connection, sent)
    arrival = calls.reads.times.at(read, LATEST_NS)
    order = _by_connection(connection, sent, known)
    write = calls.writes.times.last(connection, _ends_of_answers(connection, sent, arrival, order), including=False)
    written = calls.writes.times.at(write, -LATEST_NS)
    has_written = written > arrival
    reasons: list[tuple[Untold, Flags]] = [
        (Untold.CLOCK, (sent < requests["intended_ns"]) | (done < sent)),
        (Untold.NO_CONNECTION, connection == NONE),
        (Untold.IN_FLIGHT, _in_flight_together(connection, sent, done, order)),
        (Untold.NO_READ, arrival > done),
        (Untold.NO_WRITE, np.isin(requests["outcome"], _ANSWERED) & ~has_written),
    ]
    return RequestWindows(
        requests=requests,
        calls=calls,
        untold=_first_reason(reasons, sent > 0),
        connection=connection,
        arrival_ns=arrival,
        departure_ns=np.where(has_written, np.minimum(written, done), done),
        reader=calls.reads.thread(read),
        writer=np.where(has_written, calls.writes.thread(write), NO_THREAD),
    )


def _connection_of(requests: Columns, connections: Columns) -> Integers:
    """Return for each request the row of `connections` that it was sent on; NONE where there is none.

    Should a number occur twice, the last one that was open by then counts.
    """
    opened = GroupedTimes(connections["connection"], connections["opened_ns"])
    number, sent = requests["connection"], requests["sent_ns"]
    before = opened.last(number, sent)
    return taken(opened.order, np.where(before == NONE, opened.first(number, sent), before), NONE)


def _by_connection(connection: Integers, sent: Integers, known: Flags) -> Integers:
    """Return the rows of the requests that are known, by connection and time."""
    rows = np.flatnonzero(known)
    ordered: Integers = rows[np.lexsort((sent[rows], connection[rows]))]
    return ordered


def _ends_of_answers(connection: Integers, sent: Integers, arrival: Integers, order: Integers) -> Integers:
    """Return until when writes on a connection may belong to each request.

    Up to the arrival of the next one on the same connection; where that was not seen, until it was sent.
    """
    until = np.full(len(sent), LATEST_NS, dtype=np.int64)
    following = np.where(arrival < LATEST_NS, arrival, sent)[order[1:]]
    same = connection[order[1:]] == connection[order[:-1]]
    until[order[:-1][same]] = following[same]
    return until


def _in_flight_together(connection: Integers, sent: Integers, done: Integers, order: Integers) -> Flags:
    """Return which requests were under way on a connection while another one was."""
    together = np.zeros(len(sent), dtype=np.bool_)
    if len(order) < 2:
        return together
    group, times = connection[order], np.unique(done[order])
    same = group[1:] == group[:-1]
    # ranks of ends, all of a connection above those of the connections before: one running maximum serves them all
    ends = np.cumsum(np.append(0, ~same)) * len(times) + np.searchsorted(times, done[order])
    latest = times[np.maximum.accumulate(ends)[:-1] % len(times)]
    together[order[1:][same & (sent[order[1:]] < latest)]] = True
    together[order[:-1][same & (sent[order[1:]] < done[order[:-1]])]] = True
    return together


def _first_reason(reasons: Sequence[tuple[Untold, Flags]], is_sent: Flags) -> Integers:
    found = np.full(len(is_sent), NONE, dtype=np.int64)
    for reason, applies in reversed(reasons):
        found[applies & is_sent] = UNTOLD.index(reason)
    return found

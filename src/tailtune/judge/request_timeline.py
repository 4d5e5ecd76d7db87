"""One request, step by step."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from tailtune.bundle.schema import OUTCOMES
from tailtune.errors import UsageError
from tailtune.judge import request_parts as names
from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.names import short
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_parts import RequestParts, kind_of_part
from tailtune.judge.request_windows import UNTOLD
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.model.request_parts import PartKind, RequestTimeline, Step

MANY: Final = "on CPU and short waits"
"""A stretch with more waits than are told one by one."""
_MOST_WAITS: Final = 200
_DEEPEST: Final = 24
_HANDLE: Final = re.compile(r"r(\d{1,12})")
_WAY_IN: Final = {names.ON_CPU: names.READER_ON_CPU, names.RUNNABLE: names.READER_RUNNABLE, names.RESIDUE: names.WAY_IN}


class _Seen(NamedTuple):
    """What was seen of a thread meanwhile."""

    tid: int
    place: str
    functions: list[str]


class _Piece(NamedTuple):
    """What a thread did for a while."""

    part: str
    begin_ns: int
    end_ns: int
    row: int = -1
    """Of the wait, where it was off its CPU."""


def timeline_of(parts: RequestParts, handle: str, window: str, operations: Sequence[str]) -> RequestTimeline:
    """Return the steps of one request.

    Args:
        parts: all requests of the window.
        handle: `r` and the number of its row.
        window: name of the window.
        operations: names of the workload's operations.

    Raises:
        UsageError: if there is no such request.
    """
    row, windows = _row_of(parts, handle), parts.windows
    requests = {name: int(values[row]) for name, values in windows.requests.items()}
    operation, outcome = requests["operation"], requests["outcome"]
    latency = int(windows.latency_ns[row])
    known = windows.latency_ns[parts.usable]
    return RequestTimeline(
        request=f"r{row}",
        window=window,
        operation=operations[operation] if operation < len(operations) else str(operation),
        status=requests["status"],
        outcome=OUTCOMES[outcome] if outcome < len(OUTCOMES) else str(outcome),
        connection=requests["connection"],
        latency_ns=latency,
        rank=float(np.count_nonzero(known <= latency)) / max(1, len(known)),
        steps=_Steps(parts, row).all() if parts.usable[row] else [],
        note=_note(parts, row),
    )


def _row_of(parts: RequestParts, handle: str) -> int:
    found = _HANDLE.fullmatch(handle.strip())
    count = len(parts.windows)
    if found is None or int(found[1]) >= count:
        there = f"there are r0 to r{count - 1}; `--full` names the slowest" if count else "the window has no request"
        raise UsageError(f"{handle!r} names no request", hint=there)
    return int(found[1])


def _note(parts: RequestParts, row: int) -> str:
    if not parts.usable[row]:
        return "it ended before it was to start: the recording's clocks disagree"
    reason = int(parts.windows.untold[row])
    if reason >= 0:
        return f"the server's part could not be told: {UNTOLD[reason]}"
    if parts.windows.is_told[row] and len(parts.times) and not parts.is_whole[row]:
        return "several threads served it, or one that did something else meanwhile: what lies between is not known"
    return ""


class _Steps:
    """Collects the steps of one request."""

    def __init__(self, parts: RequestParts, row: int) -> None:
        self._parts, self._row = parts, row
        self._places = PartPlaces(parts)
        requests = parts.windows.requests
        self._intended, self._sent, self._done = (
            int(requests[name][row]) for name in ("intended_ns", "sent_ns", "done_ns")
        )
        self._steps: list[Step] = []

    def all(self) -> list[Step]:
        """Return all steps; their lengths add up to the latency."""
        windows, row = self._parts.windows, self._row
        if not windows.is_sent[row]:
            self._add(names.CLIENT_QUEUE, self._intended, self._done)
        elif windows.is_told[row]:
            self._told(int(windows.arrival_ns[row]), int(windows.departure_ns[row]))
        elif self._intended <= self._sent <= self._done:
            self._add(names.CLIENT_QUEUE, self._intended, self._sent)
            self._add(names.UNDIVIDED, self._sent, self._done)
        else:
            self._add(names.UNDIVIDED, self._intended, self._done)
        return self._steps

    def _told(self, arrival: int, departure: int) -> None:
        windows, row = self._parts.windows, self._row
        reader, writer = int(windows.reader[row]), int(windows.writer[row])
        self._add(names.CLIENT_QUEUE, self._intended, self._sent)
        turned = int(names.turned_to_it(windows, np.array([row]))[0])
        for begin, end, is_its_own in ((self._sent, turned, False), (turned, arrival, True)):
            for piece in self._pieces(reader, begin, end):
                self._add_piece(piece, reader, _on_the_way_in(piece.part, is_its_own=is_its_own))
        if not len(self._parts.times):
            self._add(names.SERVER, arrival, departure)
        elif self._parts.is_whole[row]:
            self._add_all(reader, arrival, departure)
        else:
            self._add_ends(reader, writer)
        self._add(names.WAY_BACK, departure, self._done)

    def _add_ends(self, reader: int, writer: int) -> None:
        """Add the two ends of a request that was handed over, and what is between them."""
        stretches = self._parts.stretches
        first, last = (
            (int(stretches.begin_ns[at]), int(stretches.end_ns[at]))
            for at in np.flatnonzero(stretches.request == self._row)
        )
        self._add_all(reader, *first)
        self._add(str(Cause.HANDED_OVER), first[1], last[0])
        if writer != NO_THREAD:
            self._add_all(writer, *last)

    def _add_all(self, tid: int, begin: int, end: int) -> None:
        for piece in self._pieces(tid, begin, end):
            self._add_piece(piece, tid, piece.part)

    def _pieces(self, tid: int, begin: int, end: int) -> Iterator[_Piece]:
        """Yield what a thread did in a stretch of time, without gaps."""
        times = self._parts.times
        if not times.knows(tid):
            yield _Piece(names.RESIDUE, begin, end)
            return
        asked = (np.array([value], dtype=np.int64) for value in (tid, begin, end))
        first, behind = (int(found[0]) for found in times.overlapping(*asked))
        rows = np.arange(first, behind)
        lengths = times.back_ns[rows] - times.rows.t_ns[rows]
        kept = rows if len(rows) <= _MOST_WAITS else np.sort(rows[np.argsort(-lengths, kind="stable")[:_MOST_WAITS]])
        at, following, is_lost = begin, first, False
        for row in kept.tolist():
            left, woken, back = (int(values[row]) for values in (times.rows.t_ns, times.woken_ns, times.back_ns))
            until = min(max(left, at), end)
            if is_lost:
                yield _Piece(names.RESIDUE, at, until)
            else:
                yield from self._running(at, until, is_many=row > following)
            yield _Piece(str(CAUSES[int(times.cause[row])]), max(left, begin), min(woken, end), row)
            yield _Piece(names.RUNNABLE, max(woken, begin), min(back, end), row)
            at, following = min(max(back, at), end), row + 1
            is_lost = int(times.lost_ns[row]) > 0
        if is_lost:
            yield _Piece(names.RESIDUE, at, end)
        else:
            yield from self._running(at, end, is_many=behind > following)

    def _running(self, begin: int, end: int, *, is_many: bool) -> Iterator[_Piece]:
        """Yield the time between two waits, as far as it was recorded."""
        span = self._parts.times.span
        first, last = (min(max(edge, begin), max(begin, end)) for edge in (span.begin_ns, span.end_ns))
        yield _Piece(names.RESIDUE, begin, first)
        yield _Piece(MANY if is_many else names.ON_CPU, first, last)
        yield _Piece(names.RESIDUE, last, end)

    def _add_piece(self, piece: _Piece, tid: int, part: str) -> None:
        if piece.end_ns <= piece.begin_ns:
            return
        functions: list[str] = []
        place = ""
        if piece.part in (names.ON_CPU, MANY):
            functions = self._places.sampled_in(tid, piece.begin_ns, piece.end_ns)
        elif piece.part == names.RUNNABLE:
            functions = self._places.had_the_cpu_in(tid, piece.begin_ns, piece.end_ns)
        elif piece.row >= 0:
            stacks, stack = self._parts.tables.stacks, int(self._parts.times.stack[piece.row])
            functions = [short(one) for one in stacks.functions(stack)[:_DEEPEST]]
            place = stacks.owner(stack)
        self._add(part, piece.begin_ns, piece.end_ns, _Seen(tid, place or next(iter(functions), ""), functions))

    def _add(self, part: str, begin: int, end: int, seen: _Seen | None = None) -> None:
        if end <= begin:
            return
        self._steps.append(
            Step(
                part=part,
                kind=PartKind.UNKNOWN if part == MANY else kind_of_part(part),
                begin_ns=begin - self._intended,
                length_ns=end - begin,
                tid=seen.tid if seen else None,
                thread=self._parts.tables.threads.get(seen.tid, "") if seen else "",
                place=seen.place if seen else "",
                functions=seen.functions if seen else [],
            )
        )


def _on_the_way_in(part: str, *, is_its_own: bool) -> str:
    """Name what the reader did before it read the request."""
    if part in _WAY_IN:
        return _WAY_IN[part]
    cause = next((one for one in CAUSES if part == one), None)
    if cause is None:
        return names.READER_ON_CPU
    return names.on_the_way_in(cause, is_its_own=is_its_own)

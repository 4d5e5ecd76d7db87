"""One request, step by step."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from tailtune.bundle.schema import OUTCOMES
from tailtune.errors import UsageError
from tailtune.judge import part_names as names
from tailtune.judge.blocked_causes import CAUSES
from tailtune.judge.goroutine_parts import Followed
from tailtune.judge.goroutine_table import ASSISTING
from tailtune.judge.goroutine_times import Pieces
from tailtune.judge.grouped_times import Flags
from tailtune.judge.names import short
from tailtune.judge.part_names import kind_of_part
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_windows import UNTOLD
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches, joined
from tailtune.model.request_parts import PartKind, RequestTimeline, Step

MANY: Final = "on CPU and short waits"
"""A stretch with more waits than are told one by one."""
_MOST_WAITS: Final = 200
_MOST_PIECES: Final = 100_000
"""Of a goroutine, looked at for one request."""
_DEEPEST: Final = 24
_HANDLE: Final = re.compile(r"r(\d{1,12})")
_Naming = Callable[[str], str]
"""From what a part is called in the server's part to what it is called here."""


class _Seen(NamedTuple):
    """What was seen of a thread or a goroutine meanwhile."""

    tid: int | None
    place: str
    functions: list[str]
    goroutine: int | None = None


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
    if parts.windows.is_told[row] and not parts.is_whole[row] and (len(parts.times) or parts.is_followed[row]):
        who = "goroutines" if parts.is_followed[row] else "threads"
        if any(row in found.request for found in (parts.others, parts.timers, parts.outside)):
            is_seen = parts.ends is not None and parts.ends.tells_wakers
            how = "told by who woke whom" if is_seen else "the one that woke its writer is inferred"
            return f"it was handed over between threads: {how}"
        return f"several {who} served it, or one that did something else meanwhile: what lies between is not known"
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
        followed = self._parts.followed if self._parts.is_followed[row] else None
        self._add(names.CLIENT_QUEUE, self._intended, self._sent)
        known = followed.windows if followed else windows
        reader, turned = int(known.reader[row]), int(known.turned_to_it(np.array([row]))[0])
        for begin, end, is_its_own in ((self._sent, turned, False), (turned, arrival, True)):
            naming = partial(_on_the_way_in, is_its_own=is_its_own)
            if followed:
                self._add_goroutine(followed, _stretch(row, reader, begin, end), naming)
            else:
                self._add_thread(reader, begin, end, naming)
        if followed:
            self._add_spans(followed, departure)
        elif not len(self._parts.times):
            self._add(names.SERVER, arrival, departure)
        elif self._parts.is_whole[row]:
            self._add_thread(reader, arrival, departure)
        else:
            self._add_ends(reader, int(windows.writer[row]))
        self._add(names.WAY_BACK, departure, self._done)

    def _add_ends(self, reader: int, writer: int) -> None:
        """Add the two ends of a request that was handed over, and what is between them."""
        stretches = self._parts.stretches
        first, last = (
            (int(stretches.begin_ns[at]), int(stretches.end_ns[at]))
            for at in np.flatnonzero(stretches.request == self._row)
        )
        self._add_thread(reader, *first)
        parts = self._parts
        of_kinds = {"": parts.others, names.TIMER: parts.timers, names.OUTSIDE: parts.outside}
        found = [one.chosen(one.request == self._row) for one in of_kinds.values()]
        between = joined(found)
        named = np.repeat(list(of_kinds), [len(one) for one in found]).tolist()
        at = first[1]
        for place in np.argsort(between.begin_ns, kind="stable").tolist():
            tid, begin, end = (int(values[place]) for values in (between.tid, between.begin_ns, between.end_ns))
            self._add(names.HANDED_OVER, at, begin)
            if named[place]:
                self._add(named[place], begin, end)
            else:
                self._add_thread(tid, begin, end, _on_another_thread)
            at = end
        self._add(names.HANDED_OVER, at, last[0])
        if writer != NO_THREAD:
            self._add_thread(writer, *last)

    def _add_spans(self, followed: Followed, departure: int) -> None:
        """Add what goroutines did with the request, and what lies between them."""
        at = int(self._parts.windows.arrival_ns[self._row])
        for place in np.flatnonzero(followed.spans.request == self._row).tolist():
            span = followed.spans.chosen(np.array([place]))
            self._add(names.HANDED_OVER, at, int(span.begin_ns[0]))
            self._add_goroutine(followed, span, str)
            at = int(span.end_ns[0])
        self._add(names.HANDED_OVER, at, departure)

    def _add_goroutine(self, followed: Followed, within: Stretches, naming: _Naming) -> None:
        """Add what a goroutine (`within.tid`) did in a stretch of time; of very many intervals, the longest waits."""
        times, goroutine = followed.times, int(within.tid[0])
        at, end = int(within.begin_ns[0]), int(within.end_ns[0])
        pieces = times.pieces(within, _MOST_PIECES)
        on_thread = times.is_on_thread(pieces)
        kept = _longest_waits(pieces, on_thread)
        between = naming(MANY if len(kept) < len(pieces.row) else names.RESIDUE)
        for number in kept:
            row, begin, until = (int(values[number]) for values in (pieces.row, pieces.begin_ns, pieces.end_ns))
            self._add(between, at, begin)
            if on_thread[number]:
                inner = partial(_within, int(times.state[row]), naming)
                self._add_thread(int(times.tid[row]), begin, until, inner, goroutine)
            else:
                self._add_wait(followed, row, (begin, until), naming)
            at = until
        self._add(between, at, end)

    def _add_wait(self, followed: Followed, row: int, times: tuple[int, int], naming: _Naming) -> None:
        """Add an interval in which a goroutine was off its thread."""
        part, stack, stacks = followed.times.part(row), int(followed.times.stack[row]), followed.times.stacks
        goroutine = int(followed.times.rows.group[row])
        functions = [short(one) for one in stacks.functions(stack)[:_DEEPEST]]
        place = stacks.owner(stack) if functions else ""
        if part == names.WAITS_FOR_P:
            functions = self._places.had_a_processor_in(*times)
            place = next(iter(functions), "")
        self._add(naming(part), *times, _Seen(None, place, functions, goroutine))

    def _add_thread(self, tid: int, begin: int, end: int, naming: _Naming = str, goroutine: int | None = None) -> None:
        for piece in self._pieces(tid, begin, end):
            self._add_piece(piece, tid, naming(piece.part), goroutine)

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

    def _add_piece(self, piece: _Piece, tid: int, part: str, goroutine: int | None) -> None:
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
        self._add(
            part, piece.begin_ns, piece.end_ns, _Seen(tid, place or next(iter(functions), ""), functions, goroutine)
        )

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
                thread=self._parts.tables.threads.get(seen.tid, "") if seen and seen.tid is not None else "",
                place=seen.place if seen else "",
                functions=seen.functions if seen else [],
                goroutine=seen.goroutine if seen else None,
            )
        )


def _longest_waits(pieces: Pieces, on_thread: Flags) -> Sequence[int]:
    """Return which pieces are told one by one: all, or of very many the longest off a thread."""
    if len(pieces.row) <= _MOST_WAITS:
        return range(len(pieces.row))
    length = np.where(on_thread, 0, pieces.end_ns - pieces.begin_ns)
    found: list[int] = np.sort(np.argsort(-length, kind="stable")[:_MOST_WAITS]).tolist()
    return found


def _within(state: int, naming: _Naming, part: str) -> str:
    """Name what a thread did for a goroutine that was in a state."""
    return naming(names.GC_ASSIST if part == names.ON_CPU and state == ASSISTING else part)


def _on_the_way_in(part: str, *, is_its_own: bool) -> str:
    """Name what the reader did before it read the request."""
    return names.READER_ON_CPU if part == MANY else names.on_the_way_in(part, is_its_own=is_its_own)


def _on_another_thread(part: str) -> str:
    """Name what a thread did that the request was handed over to."""
    return names.OTHER_ON_CPU if part == MANY else names.on_another_thread(part)


def _stretch(request: int, tid: int, begin_ns: int, end_ns: int) -> Stretches:
    return Stretches(*(np.array([value], dtype=np.int64) for value in (request, tid, begin_ns, end_ns)))

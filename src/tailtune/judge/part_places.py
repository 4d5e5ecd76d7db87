"""Which functions the parts of requests were seen in: sampled on a CPU, or on the stack at which a CPU was left."""

from collections.abc import Iterable
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import numpy as np

from tailtune.judge.async_work import Work, work_of
from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.goroutine_holders import goroutine_holders
from tailtune.judge.goroutine_parts import off_threads, on_threads
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges, taken
from tailtune.judge.lock_holders import LockHolders
from tailtune.judge.part_names import (
    GC_ASSIST,
    ON_CPU,
    OTHER_BLOCKED,
    OTHER_ON_CPU,
    OTHER_RUNNABLE,
    OUTSIDE,
    READER_BLOCKED,
    READER_ON_CPU,
    READER_RUNNABLE,
    READER_WAITS_FOR_P,
    RUNNABLE,
    TIMER,
    WAITS_FOR_P,
    on_another_thread,
    reader_blocked,
    who_had_it,
)
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.request_windows import RequestWindows
from tailtune.judge.socket_calls import NO_THREAD
from tailtune.judge.stretches import Stretches, joined, no_stretches
from tailtune.model.request_parts import Place

_Seen = tuple[str, float, int]
"""A function, how much of a part was seen in it, and how often."""
_IDLE: Final = [CAUSES.index(cause) for cause in (Cause.HANDED_OVER, Cause.QUEUE, Cause.EVENTS)]
"""What a thread without work waits for."""
_NOT_SAMPLED: Final = "[not sampled]"
_FEWEST_BEHIND: Final = 5
"""Samples behind timers, for what went on is short."""
_SHOWN: Final = 3
_MOST_ROWS: Final = 2_000_000
"""Rows looked at for one part of one band, so that memory is bounded: those beyond hardly change the order."""


class Waits(NamedTuple):
    """Waits of threads within stretches that they spent on requests; arrays of one length."""

    request: Integers
    """Row of the request."""
    row: Integers
    """Of `ThreadTimes`."""
    begin_ns: Integers
    """Not before the stretch began."""
    lasted_ns: Integers
    """Within the stretch."""


class PartPlaces:
    """Functions behind the parts of any set of requests of a window."""

    def __init__(self, parts: RequestParts) -> None:
        """Look at the parts of one window."""
        self._parts = parts
        self._samples = parts.tables.samples

    def of(self, part: str, members: Flags) -> list[Place]:
        """Return where the requests that are `members` spent a part, largest share first.

        Empty for parts that have no place, such as ways and queues.
        """
        goroutines = self._parts.followed
        seen = _by_owner(*self.stacks(part, members), self._parts.tables.stacks)
        ready = self._ready(part, members)
        if ready is not None:
            seen = self._beside_others(seen, ready)
        if part == TIMER and sum(count for *_, count in seen) < _FEWEST_BEHIND:
            return []
        if goroutines is not None:
            seen += _by_owner(*self.goroutine_stacks(part, members), goroutines.times.stacks)
        return ranked(seen)

    def holders(self, part: str, members: Flags) -> list[Place]:
        """Return the functions in which locks were held while the requests waited for them; empty for most other parts.

        Also those in which the other end of a queue was meanwhile.
        """
        followed = self._parts.followed
        cause = next((one for one in (Cause.LOCK, Cause.QUEUE) if one == part), None)
        if cause is None:
            return []
        if followed is not None:
            found = goroutine_holders(followed, self._spans(members), cause, self._each_sampled)
            if found or cause is Cause.QUEUE:
                return found
        return LockHolders(self._parts, self._by_thread, cause).of(self._whole(members))

    def taken_at_once(self, part: str, members: Flags) -> float | None:
        """Return how much of a wait on other threads was on such as had been idle when the request came, in [0, 1].

        Of a thread at a queue, by those that ended its waits. None for other parts, and where nobody knows who did. A
        thread that is new counts as idle before.
        """
        ends, times, windows = self._parts.ends, self._parts.times, self._parts.windows
        if part == Cause.QUEUE and ends is not None:
            waits = self.waits(part, members)
            waits = Waits(*(values[ends.waker[waits.row] != NO_THREAD] for values in waits))
            tid = ends.waker[waits.row]
        elif part.startswith(OTHER_BLOCKED):
            waits = self.waits(part, members)
            tid = times.rows.group[waits.row]
        else:
            return None
        arrival = windows.arrival_ns[waits.request]
        row = times.rows.last(tid, arrival)
        taken_idle = taken(times.woken_ns, row, LATEST_NS) > arrival
        taken_idle &= np.isin(taken(times.cause, row, _IDLE[0]), _IDLE) & (tid != windows.writer[waits.request])
        total = float(waits.lasted_ns.sum())
        return float(waits.lasted_ns[taken_idle].sum()) / total if total else None

    def on_pool(self, part: str, members: Flags) -> float | None:
        """Return how much of a wait on other threads was on those of a runtime's blocking pool, in [0, 1].

        None for other parts. A pool's thread is one that was seen to wait for a job.
        """
        if not part.startswith(OTHER_BLOCKED):
            return None
        waits = self.waits(part, members)
        total = float(waits.lasted_ns.sum())
        on_it = np.isin(self._parts.times.rows.group[waits.row], self._pool)
        return float(waits.lasted_ns[on_it].sum()) / total if total else None

    def together(self, part: str, members: Flags) -> float | None:
        """Return how many requests went on since the same thread was woken, averaged over the time that they waited.

        None for parts other than waits for a timer or the network.
        """
        if part not in (TIMER, OUTSIDE):
            return None
        origins = self._parts.origins
        chosen = members[origins.request]
        waited = origins.lengths_ns[chosen].astype(np.float64)
        return float(waited @ self._of_one_moment[chosen] / waited.sum()) if waited.sum() else None

    def stacks(self, part: str, members: Flags) -> tuple[Integers, Integers]:
        """Return the stacks that a part was seen at, one element a sample or wait, and their weights: 1 or ns."""
        if part == ON_CPU:
            return _unweighed(self._sampled(self._stretches(members)))
        if part == GC_ASSIST:
            return _unweighed(self._sampled(self._on_threads(self._spans(members), assisting=True)))
        if part == READER_ON_CPU:
            within = joined([self._ways_in(members), self._on_threads(self._ways_followed(members))])
            return _unweighed(self._sampled(within))
        if part == OTHER_ON_CPU:
            return _unweighed(self._sampled(self._others(members)))
        if part == TIMER:
            return _unweighed(self._sampled(self._behind_timers(members)))
        ready = self._ready(part, members)
        if ready is not None:
            return _unweighed(self._had_the_cpu(ready))
        if part in (WAITS_FOR_P, READER_WAITS_FOR_P):
            return _unweighed(self._had_a_processor(self._spans_of(part, members)))
        waits = self.waits(part, members)
        return self._parts.times.stack[waits.row], waits.lasted_ns

    def waits(self, part: str, members: Flags) -> Waits:
        """Return the waits that a part consists of; none for parts that are no waits of a thread."""
        for number, cause in enumerate(CAUSES):
            if part == cause:
                return self._blocked(self._divided(members), number)
            if part == on_another_thread(cause) and part != Cause.HANDED_OVER:
                return self._blocked(self._others(members), number)
            if part == reader_blocked(cause):
                before = cause is Cause.NETWORK
                on_threads = self._on_threads(self._ways_followed(members, only_before=before))
                return self._blocked(joined([self._ways_in(members, only_before=before), on_threads]), number)
        nothing = np.empty(0, dtype=np.int64)
        return Waits(nothing, nothing, nothing, nothing)

    def goroutine_stacks(self, part: str, members: Flags) -> tuple[Integers, Integers]:
        """Return the same of goroutines that waited: numbers of their own stacks, and ns."""
        followed = self._parts.followed
        within = self._spans_of(part, members)
        waits_for = part.removeprefix(f"{READER_BLOCKED}: ")
        if followed is None or waits_for == WAITS_FOR_P:
            return _unweighed(np.empty(0, dtype=np.int64))
        found = off_threads(followed, within, waits_for)
        return followed.times.stack[found.row], found.end_ns - found.begin_ns

    def sampled_in(self, tid: int, begin_ns: int, end_ns: int) -> list[str]:
        """Return the functions sampled on a thread in a stretch of time, most often first."""
        seen = self._owners(self._sampled(_single(tid, begin_ns, end_ns)))
        return [place.function for place in ranked(seen)]

    def had_the_cpu_in(self, tid: int, begin_ns: int, end_ns: int) -> list[str]:
        """Return the functions sampled on the CPU that a thread waited for, most often first."""
        seen = self._owners(self._had_the_cpu(_single(tid, begin_ns, end_ns)))
        return [place.function for place in ranked(seen)]

    def had_a_processor_in(self, begin_ns: int, end_ns: int) -> list[str]:
        """Return the functions sampled on any thread of the service in a stretch of time, most often first."""
        edges = (np.array([edge], dtype=np.int64) for edge in (begin_ns, end_ns))
        seen = self._owners(self._sampled_anywhere(*edges))
        return [place.function for place in ranked(seen)]

    @cached_property
    def _pool(self) -> Integers:
        """The threads of a runtime's blocking pool: those that were seen to wait for a job."""
        times, stacks = self._parts.times, self._parts.tables.stacks
        idle = np.unique(times.stack[np.isin(times.cause, _IDLE)]).tolist()
        of_pool = [stack for stack in idle if work_of(stacks.functions(stack)) is Work.JOB]
        return np.unique(times.rows.group[np.isin(times.stack, of_pool)])

    @cached_property
    def _of_one_moment(self) -> Integers:
        """For each origin, how many there are of the same thread and moment."""
        origins = GroupedTimes(self._parts.origins.tid, self._parts.origins.end_ns)
        is_next = np.zeros(len(origins), dtype=np.bool_)
        is_next[1:] = (origins.group[1:] != origins.group[:-1]) | (origins.t_ns[1:] != origins.t_ns[:-1])
        moment = np.cumsum(is_next)
        counts = np.zeros(len(origins), dtype=np.int64)
        counts[origins.order] = np.bincount(moment)[moment] if len(origins) else 0
        return counts

    @cached_property
    def _by_thread(self) -> GroupedTimes:
        return GroupedTimes(self._samples["tid"], self._samples["t_ns"])

    @cached_property
    def _by_cpu(self) -> GroupedTimes:
        return GroupedTimes(self._samples["cpu"], self._samples["t_ns"])

    @cached_property
    def _by_time(self) -> GroupedTimes:
        return GroupedTimes(np.zeros_like(self._samples["t_ns"]), self._samples["t_ns"])

    def _stretches(self, members: Flags) -> Stretches:
        """Where threads worked on requests, while they did not mark for a collector."""
        found = self._parts.stretches
        return joined([found.chosen(members[found.request]), self._on_threads(self._spans(members), assisting=False)])

    def _whole(self, members: Flags) -> Stretches:
        """The stretches of requests that one thread served from beginning to end."""
        found = self._parts.stretches
        return found.chosen((members & self._parts.is_whole)[found.request])

    def _divided(self, members: Flags) -> Stretches:
        """The stretches of threads that are divided by all that the thread did, and not by its CPU time alone."""
        return joined([self._whole(members), self._on_threads(self._spans(members))])

    def _others(self, members: Flags) -> Stretches:
        """The stretches of threads that requests were handed over to."""
        found = self._parts.others
        return found.chosen(members[found.request])

    def _ready(self, part: str, members: Flags) -> Stretches | None:
        """Return the stretches in which a part is waiting for a CPU; None for other parts."""
        if part == RUNNABLE:
            return self._divided(members)
        if part == READER_RUNNABLE:
            return joined([self._ways_in(members), self._on_threads(self._ways_followed(members))])
        return self._others(members) if part == OTHER_RUNNABLE else None

    def _beside_others(self, seen: list[_Seen], within: Stretches) -> list[_Seen]:
        """Add other programs that had the CPUs: time by time of waits, and of the rest as much as was seen of each."""
        ends, times = self._parts.ends, self._parts.times
        if ends is None:
            return seen
        stretch, row = self._waits(within)
        begin = np.maximum(times.woken_ns[row], within.begin_ns[stretch])
        waited = np.maximum(np.minimum(times.back_ns[row], within.end_ns[stretch]) - begin, 0)
        others = ends.is_behind_others[row] & (waited > 0)
        names = [who_had_it(name) for name in ends.programs(row[others])]
        rest, samples = float(waited[~others].sum()), sum(count for *_, count in seen)
        found = [(name, weight * rest / samples, count) for name, weight, count in seen]
        if not samples and rest:
            found.append((_NOT_SAMPLED, rest, 0))
        return [*found, *((name, float(ns), 1) for name, ns in zip(names, waited[others].tolist(), strict=True))]

    def _behind_timers(self, members: Flags) -> Stretches:
        """What threads did that timers had woken for requests, until they left their CPU."""
        found = self._parts.timers
        found = found.chosen(members[found.request])
        leaves = self._parts.times.leaves(found.tid, found.end_ns, 0)
        return Stretches(found.request, found.tid, found.end_ns, np.maximum(leaves, found.end_ns))

    def _spans(self, members: Flags) -> Stretches:
        """The stretches of goroutines that worked on requests."""
        followed = self._parts.followed
        return followed.spans.chosen(members[followed.spans.request]) if followed else no_stretches()

    def _spans_of(self, part: str, members: Flags) -> Stretches:
        """The stretches of goroutines that a part is of: before they read requests, or afterwards."""
        if part == READER_WAITS_FOR_P:
            return self._ways_followed(members)
        if part.startswith(READER_BLOCKED):
            return self._ways_followed(members, only_before=part == reader_blocked(Cause.NETWORK))
        return self._spans(members)

    def _on_threads(self, within: Stretches, *, assisting: bool | None = None) -> Stretches:
        followed = self._parts.followed
        return on_threads(followed, within, assisting=assisting) if followed else no_stretches()

    def _ways_in(self, members: Flags, *, only_before: bool = False) -> Stretches:
        """The ways in of requests that are not followed, with the threads that read them.

        `only_before`: until the reader turned to the request's connection.
        """
        return _ways(self._parts.windows, members & ~self._parts.is_followed, only_before=only_before)

    def _ways_followed(self, members: Flags, *, only_before: bool = False) -> Stretches:
        """The same of requests that are followed, with goroutines."""
        followed = self._parts.followed
        if followed is None:
            return no_stretches()
        return _ways(followed.windows, members & followed.is_followed, only_before=only_before)

    def _sampled(self, within: Stretches) -> Integers:
        """Return the stacks of all samples of the threads within stretches."""
        by_thread = self._by_thread
        _, position = ranges(
            by_thread.count_until(within.tid, within.begin_ns, including=False),
            by_thread.count_until(within.tid, within.end_ns, including=False),
            _MOST_ROWS,
        )
        stacks: Integers = self._samples["stack"][by_thread.order[position]]
        return stacks

    def _waits(self, within: Stretches) -> tuple[Integers, Integers]:
        """Return the stretch and the row of `ThreadTimes` of each wait that reaches into a stretch."""
        first, behind = self._parts.times.overlapping(within.tid, within.begin_ns, within.end_ns)
        return ranges(first, behind, _MOST_ROWS)

    def _blocked(self, within: Stretches, cause: int) -> Waits:
        """Return the waits for one cause within stretches."""
        times = self._parts.times
        stretch, row = self._waits(within)
        chosen = times.cause[row] == cause
        stretch, row = stretch[chosen], row[chosen]
        begin = np.maximum(times.rows.t_ns[row], within.begin_ns[stretch])
        lasted = np.minimum(times.woken_ns[row], within.end_ns[stretch]) - begin
        seen = lasted > 0
        return Waits(within.request[stretch[seen]], row[seen], begin[seen], lasted[seen])

    def _had_a_processor(self, within: Stretches) -> Integers:
        """Return the stacks sampled on any thread of the service while goroutines waited for a processor."""
        followed = self._parts.followed
        if followed is None:
            return np.empty(0, dtype=np.int64)
        found = off_threads(followed, within, WAITS_FOR_P)
        return self._sampled_anywhere(found.begin_ns, found.end_ns)

    def _sampled_anywhere(self, begin_ns: Integers, end_ns: Integers) -> Integers:
        by_time, group = self._by_time, np.zeros_like(begin_ns)
        _, position = ranges(
            by_time.count_until(group, begin_ns, including=False),
            by_time.count_until(group, end_ns, including=False),
            _MOST_ROWS,
        )
        stacks: Integers = self._samples["stack"][by_time.order[position]]
        return stacks

    def _had_the_cpu(self, within: Stretches) -> Integers:
        """Return the stacks sampled on the CPUs that threads waited for within stretches.

        A thread is taken to have waited for the CPU that it was sampled on next, or else before. Only threads of the
        service are sampled.
        """
        times, by_cpu = self._parts.times, self._by_cpu
        stretch, row = self._waits(within)
        begin = np.maximum(times.woken_ns[row], within.begin_ns[stretch])
        end = np.minimum(times.back_ns[row], within.end_ns[stretch])
        waited = end > begin
        tid, begin, end = times.rows.group[row[waited]], begin[waited], end[waited]
        cpu = self._cpu_of(tid, end)
        piece, position = ranges(
            by_cpu.count_until(cpu, begin, including=False), by_cpu.count_until(cpu, end, including=False), _MOST_ROWS
        )
        sample = by_cpu.order[position]
        others = (self._samples["tid"][sample] != tid[piece]) & (cpu[piece] >= 0)
        stacks: Integers = self._samples["stack"][sample[others]]
        return stacks

    def _cpu_of(self, tid: Integers, t_ns: Integers) -> Integers:
        following, before = self._by_thread.first(tid, t_ns), self._by_thread.last(tid, t_ns)
        row = np.where(following == NONE, before, following)
        return taken(self._samples["cpu"], taken(self._by_thread.order, row, NONE), NONE)

    def _each_sampled(self, within: Stretches) -> list[str]:
        return [self._parts.tables.stacks.owner(stack) for stack in self._sampled(within).tolist()]

    def _owners(self, stacks: Integers) -> list[_Seen]:
        return _by_owner(*_unweighed(stacks), self._parts.tables.stacks)


class _Owners(Protocol):
    """Stacks by number."""

    def owner(self, stack: int) -> str:
        """Return the function that a stack belongs to."""


def _by_owner(stacks: Integers, weights: Integers, known: _Owners) -> list[_Seen]:
    """Sum weights by stack; functions may come several times."""
    numbers, place, counts = np.unique(stacks, return_inverse=True, return_counts=True)
    sums = np.bincount(place.ravel(), weights.astype(np.float64), len(numbers)).tolist()
    owners = [known.owner(stack) for stack in numbers.tolist()]
    return list(zip(owners, sums, counts.tolist(), strict=True))


def ranked(seen: Iterable[_Seen]) -> list[Place]:
    """Sum what was seen by function, and return the largest shares."""
    found: dict[str, tuple[float, int]] = {}
    for function, weight, count in seen:
        weight_before, count_before = found.get(function, (0.0, 0))
        found[function] = weight_before + weight, count_before + count
    total = sum(weight for weight, _ in found.values())
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:_SHOWN]
    return [Place(function=name, share=weight / total, count=count) for name, (weight, count) in ranked if total]


def _ways(windows: RequestWindows, members: Flags, *, only_before: bool) -> Stretches:
    rows = np.flatnonzero(members & windows.is_told)
    end = windows.turned_to_it(rows) if only_before else windows.arrival_ns[rows]
    return Stretches(rows, windows.reader[rows], windows.requests["sent_ns"][rows], end)


def _unweighed(stacks: Integers) -> tuple[Integers, Integers]:
    return stacks, np.ones_like(stacks)


def _single(tid: int, begin_ns: int, end_ns: int) -> Stretches:
    return Stretches(*(np.array([value], dtype=np.int64) for value in (0, tid, begin_ns, end_ns)))

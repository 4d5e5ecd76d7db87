"""Which functions the parts of requests were seen in: sampled on a CPU, or on the stack at which a CPU was left."""

from collections.abc import Iterable
from functools import cached_property
from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges, taken
from tailtune.judge.request_parts import (
    ON_CPU,
    READER_ON_CPU,
    RUNNABLE,
    RequestParts,
    Stretches,
    reader_blocked,
    turned_to_it,
)
from tailtune.model.request_parts import Place

_SHOWN: Final = 3
_MOST_ROWS: Final = 2_000_000
"""Rows looked at for one part of one band, so that memory is bounded: those beyond hardly change the order."""


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
        if part == ON_CPU:
            return self._ranked_samples(self._sampled(self._stretches(members)))
        if part == READER_ON_CPU:
            return self._ranked_samples(self._sampled(self._ways_in(members)))
        if part == RUNNABLE:
            return self._ranked_samples(self._had_the_cpu(self._whole(members)))
        for number, cause in enumerate(CAUSES):
            if part == cause:
                return self._ranked(*self._blocked(self._whole(members), number))
            if part == reader_blocked(cause):
                within = self._ways_in(members, only_before=cause is Cause.NETWORK)
                return self._ranked(*self._blocked(within, number))
        return []

    def sampled_in(self, tid: int, begin_ns: int, end_ns: int) -> list[str]:
        """Return the functions sampled on a thread in a stretch of time, most often first."""
        return [place.function for place in self._ranked_samples(self._sampled(_single(tid, begin_ns, end_ns)))]

    def had_the_cpu_in(self, tid: int, begin_ns: int, end_ns: int) -> list[str]:
        """Return the functions sampled on the CPU that a thread waited for, most often first."""
        return [place.function for place in self._ranked_samples(self._had_the_cpu(_single(tid, begin_ns, end_ns)))]

    @cached_property
    def _by_thread(self) -> GroupedTimes:
        return GroupedTimes(self._samples["tid"], self._samples["t_ns"])

    @cached_property
    def _by_cpu(self) -> GroupedTimes:
        return GroupedTimes(self._samples["cpu"], self._samples["t_ns"])

    def _stretches(self, members: Flags) -> Stretches:
        found = self._parts.stretches
        chosen = members[found.request]
        return Stretches(found.request[chosen], found.tid[chosen], found.begin_ns[chosen], found.end_ns[chosen])

    def _whole(self, members: Flags) -> Stretches:
        """The stretches of requests that one thread served from beginning to end."""
        return self._stretches(members & self._parts.is_whole)

    def _ways_in(self, members: Flags, *, only_before: bool = False) -> Stretches:
        """The ways in with their readers; `only_before`: until the reader turned to the request's connection."""
        windows = self._parts.windows
        rows = np.flatnonzero(members & windows.is_told)
        end = turned_to_it(windows, rows) if only_before else windows.arrival_ns[rows]
        return Stretches(rows, windows.reader[rows], windows.requests["sent_ns"][rows], end)

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

    def _blocked(self, within: Stretches, cause: int) -> tuple[Integers, Integers]:
        """Return the stacks of waits for one cause within stretches, and how long each lasted there."""
        times = self._parts.times
        stretch, row = self._waits(within)
        chosen = times.cause[row] == cause
        stretch, row = stretch[chosen], row[chosen]
        begin = np.maximum(times.rows.t_ns[row], within.begin_ns[stretch])
        lasted = np.minimum(times.woken_ns[row], within.end_ns[stretch]) - begin
        seen = lasted > 0
        return times.stack[row[seen]], lasted[seen]

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

    def _ranked_samples(self, stacks: Integers) -> list[Place]:
        return self._ranked(stacks, np.ones_like(stacks))

    def _ranked(self, stacks: Integers, weights: Integers) -> list[Place]:
        """Sum weights by the function that each stack belongs to."""
        numbers, place, counts = np.unique(stacks, return_inverse=True, return_counts=True)
        sums = np.bincount(place.ravel(), weights.astype(np.float64), len(numbers)).tolist()
        return self._places(zip(numbers.tolist(), sums, counts.tolist(), strict=True))

    def _places(self, summed: Iterable[tuple[int, float, int]]) -> list[Place]:
        found: dict[str, tuple[float, int]] = {}
        for stack, weight, count in summed:
            function = self._parts.tables.stacks.owner(stack)
            weight_before, count_before = found.get(function, (0.0, 0))
            found[function] = weight_before + weight, count_before + count
        total = sum(weight for weight, _ in found.values())
        ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:_SHOWN]
        return [Place(function=name, share=weight / total, count=count) for name, (weight, count) in ranked if total]


def _single(tid: int, begin_ns: int, end_ns: int) -> Stretches:
    return Stretches(*(np.array([value], dtype=np.int64) for value in (0, tid, begin_ns, end_ns)))

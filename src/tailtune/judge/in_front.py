"""What was in front of the slowest requests: who had CPUs, or Go's processors, while they waited for one."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from tailtune.judge.bands import share_of_time, slices, slowest_of
from tailtune.judge.cpu_waits import cpu_turns, waits_for_cpu
from tailtune.judge.goroutine_parts import Followed
from tailtune.judge.goroutine_table import ASSISTING
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, ranges, taken
from tailtune.judge.part_places import ranked
from tailtune.judge.processor_waits import Processors, waits_for_processor
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.shared_waits import Floats, RequestWaits, SharedWaits
from tailtune.model.estimate import Estimate
from tailtune.model.request_parts import Place

_ABOVE: Final = (0.99, 0.9)
"""Quantiles that the slowest requests are above: the first one above which there are enough."""
_MOST_SAMPLES: Final = 2_000_000
_COLLECTOR: Final = re.compile(r"runtime\.(gcBgMarkWorker|bgsweep|bgscavenge|forcegchelper)\b")
_MEASURING: Final = re.compile(
    r"runtime/(trace|pprof)\.|net/http/pprof\.|runtime\.(\(\*traceAdvancerState\)|traceStartReadCPU)"
)
"""On the stacks of goroutines that are there for the measurement."""


@dataclass(frozen=True, eq=False)
class InFront:
    """Turns of goroutines at a P, or of threads at a CPU, while the slowest requests waited for one.

    Arrays have one element a turn.
    """

    parts: RequestParts
    slowest: Integers
    """Rows of the slowest requests, the slowest first."""
    above: float
    """The quantile that these are above: 0.99, or 0.9 where the window has too few above that."""
    waits: RequestWaits
    """Of these."""
    turns: SharedWaits
    row: Integers
    """Of the goroutines' intervals, or of the threads' waits, right behind which a thread had its turn."""
    tid: Integers
    """Thread."""
    request: Integers
    """Row of the request that a turn was for; NONE: none is known."""
    is_collector: Flags
    """Whether Go's collector had it, assists included."""
    is_measuring: Flags
    """Whether it was for tracing and profiling, and not for the collector."""

    @property
    def waited_ns(self) -> Floats:
        """For each turn, what was waited for it."""
        return self.turns.waited_ns

    @cached_property
    def usual_ns(self) -> float:
        """Median service time of the window's requests; 0 where none is known."""
        requests, told = self.parts.windows.requests, self.parts.windows.is_told & self.parts.usable
        service = (requests["done_ns"] - requests["sent_ns"])[told]
        return float(np.median(service)) if len(service) else 0.0

    def each_ns(self, chosen: Flags) -> Integers:
        """Return how long each of the slowest requests waited while some of the turns were had."""
        waited, count = self.turns.waited_for(chosen), len(self.parts.windows)
        return np.bincount(self.waits.spans.request, waited, count)[self.slowest].astype(np.int64)

    def share(self, each_ns: Integers) -> Estimate:
        """Return which share of the latency of the slowest requests they waited so."""
        windows = self.parts.windows
        piece = slices(windows.requests["intended_ns"], np.flatnonzero(self.parts.usable))
        return share_of_time(each_ns, windows.latency_ns[self.slowest], piece[self.slowest])

    def of_all(self, chosen: Flags) -> float:
        """Return the share of some turns in what was waited while all CPUs, or processors, were taken."""
        return float(self.waited_ns[chosen].sum()) / max(1.0, float(self.waited_ns.sum()))

    def part_names(self, chosen: Flags) -> tuple[str, ...]:
        """Return the parts of latency in which was waited for some of the turns."""
        names = self.waits.names
        spent = np.bincount(self.waits.part, self.turns.waited_for(chosen), len(names)).tolist()
        return tuple(name for name, value in zip(names, spent, strict=True) if value > 0)

    def sampled(self, chosen: Flags) -> "Sampled":
        """Return what was sampled in some of the turns."""
        return Sampled(self, chosen)


def in_front(parts: RequestParts, processors: int, cpus: int) -> InFront | None:
    """Return who had what the slowest requests waited for; None where there are none, or nobody of the service had it.

    Args:
        parts: of the window.
        processors: GOMAXPROCS; 0: not known. Only for requests that are followed through goroutines.
        cpus: that the service may use.
    """
    for above in _ABOVE:
        slowest = slowest_of(parts, above)
        if len(slowest):
            found = _of_goroutines(parts, slowest, above, processors) or _of_threads(parts, slowest, above, cpus)
            return found if (found.waited_ns > 0).any() else None
    return None


def _of_goroutines(parts: RequestParts, slowest: Integers, above: float, processors: int) -> InFront | None:
    """Return the turns of goroutines; None where requests were not followed through them."""
    followed = parts.followed
    if followed is None:
        return None
    times, waits = followed.times, waits_for_processor(parts, _members(parts, slowest))
    turns = Processors(times, waits.spans, processors)
    is_collector = (times.state[turns.row] == ASSISTING) | _is_at(followed, turns.row, _COLLECTOR)
    return InFront(
        parts=parts,
        slowest=slowest,
        above=above,
        waits=waits,
        turns=turns,
        row=turns.row,
        tid=times.tid[turns.row],
        request=_requests(followed, turns),
        is_collector=is_collector,
        is_measuring=_is_at(followed, turns.row, _MEASURING) & ~is_collector,
    )


def _of_threads(parts: RequestParts, slowest: Integers, above: float, cpus: int) -> InFront:
    waits = waits_for_cpu(parts, _members(parts, slowest))
    turns = cpu_turns(parts, waits.spans)
    nothing = np.zeros(len(turns.row), dtype=np.bool_)
    return InFront(
        parts=parts,
        slowest=slowest,
        above=above,
        waits=waits,
        turns=SharedWaits(turns.begin_ns, turns.end_ns, waits.spans, cpus),
        row=turns.row,
        tid=parts.times.rows.group[turns.row],
        request=turns.request,
        is_collector=nothing,
        is_measuring=nothing,
    )


def _members(parts: RequestParts, rows: Integers) -> Flags:
    members: Flags = np.zeros(len(parts.windows), dtype=np.bool_)
    members[rows] = True
    return members


def _requests(followed: Followed, turns: Processors) -> Integers:
    """Return for each turn the request that its goroutine served then; NONE: none is known."""
    spans, goroutine = followed.spans, followed.times.rows.group[turns.row]
    by_goroutine = GroupedTimes(spans.tid, spans.begin_ns)
    span = taken(by_goroutine.order, by_goroutine.last(goroutine, turns.end_ns, including=False), NONE)
    reaches = taken(spans.end_ns, span, -LATEST_NS) > turns.begin_ns
    return taken(spans.request, np.where(reaches, span, NONE), NONE)


def _is_at(followed: Followed, row: Integers, pattern: re.Pattern[str]) -> Flags:
    """Return which intervals are of goroutines that were ever seen at a stack with a matching function."""
    times = followed.times
    known = times.stacks
    matching = [one for one in np.unique(times.stack).tolist() if any(map(pattern.match, known.functions(one)))]
    found: Flags = np.isin(times.rows.group[row], times.rows.group[np.isin(times.stack, matching)])
    return found


class Sampled:
    """The functions that threads were sampled in during turns."""

    def __init__(self, front: InFront, chosen: Flags) -> None:
        """Look up the samples of the turns that are `chosen`; of very many, those of the first ones.

        A sample counts as much as was waited for each nanosecond of its turn: so short turns, of which most have none,
        count as long ones do.
        """
        samples, self._stacks = front.parts.tables.samples, front.parts.tables.stacks
        by_thread, turns = GroupedTimes(samples["tid"], samples["t_ns"]), np.flatnonzero(chosen)
        piece, position = ranges(
            by_thread.count_until(front.tid[turns], front.turns.begin_ns[turns], including=False),
            by_thread.count_until(front.tid[turns], front.turns.end_ns[turns], including=False),
            _MOST_SAMPLES,
        )
        self._turn: Integers = turns[piece]
        self._stack: Integers = samples["stack"][by_thread.order[position]]
        lengths = np.maximum(front.turns.end_ns - front.turns.begin_ns, 1)[turns]
        self._weight: Floats = (front.waited_ns[turns] / lengths)[piece]

    def places(self, mine: Flags) -> list[Place]:
        """Return the functions of some of the chosen turns, by what was waited meanwhile."""
        kept = mine[self._turn]
        numbers, place, counts = np.unique(self._stack[kept], return_inverse=True, return_counts=True)
        weights = np.bincount(place.ravel(), self._weight[kept], len(numbers)).tolist()
        owners = map(self._stacks.owner, numbers.tolist())
        return ranked(zip(owners, weights, counts.tolist(), strict=True))

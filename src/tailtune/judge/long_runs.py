"""What goroutines computed for long while the slowest requests waited for a P.

A long run is what a goroutine computes between two waits of its own, if it takes many times as long as requests usually
take altogether: behind shorter ones, requests queue as they do before any busy service. The runtime may take the P from
it in between (after 10 ms, `forcePreemptNS` in runtime/proc.go) and give it back.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.goroutine_parts import Followed
from tailtune.judge.goroutine_table import ASSISTING, RUNNING, WAITING
from tailtune.judge.goroutine_times import GoroutineTimes
from tailtune.judge.grouped_times import NONE, Flags, Integers
from tailtune.judge.in_front import InFront, Sampled
from tailtune.judge.tail import TAIL_QUANTILE
from tailtune.model.estimate import Estimate
from tailtune.model.request_parts import Place

LONG: Final = 20.0
"""Times the usual service time. Where service times are log-normal with a standard deviation of 1, as common as it is
healthy, longer ones make a sixth of what is waited for service under way, which goes by the square of its length."""
_COMPUTES: Final = 0.5
"""Share of a long run that its threads have to be on a CPU: else they wait for one themselves, or are throttled."""
_SHOWN: Final = 3


@dataclass(frozen=True)
class LongRun:
    """One that requests above p99 waited for."""

    goroutine: int
    request: str
    """Handle of the request that it was for; empty: none is known."""
    function: str
    """In which it was sampled most; empty: in none."""
    computing_ns: int
    """How long it had a P."""
    waiting: int
    """Requests above p99 that waited meanwhile."""
    waited_ns: float
    """By them, together."""


@dataclass(frozen=True)
class LongRuns:
    """The long runs that requests above p99 waited for, if there are any, and what else had processors meanwhile."""

    share: Estimate
    """Of the latency of these requests, that they waited while long runs had the processors."""
    mean_ns: float
    """The same of each of them, on average."""
    usual_ns: float
    """Median service time of the window's requests."""
    count: int
    of_requests: float
    """Share of the time waited that was for goroutines that served requests."""
    places: list[Place]
    """Functions that they were sampled in, by what was waited meanwhile, largest first."""
    longest: list[LongRun]
    """Those that most was waited for, first."""
    of_busy: float
    """Of what was waited while all processors were busy, the share for long runs."""
    of_collector: float
    """The same for the collector, assists included."""
    collector: Estimate
    """Of the latency of these requests, that they waited while the collector had the processors."""
    collector_ns: float
    """The same of each of them, on average."""
    of_measuring: float
    """The same for goroutines that trace and profile."""
    parts: tuple[str, ...]
    """Parts of latency in which requests waited for them."""
    example: str
    """Handle of the request that waited longest for them; empty: none did."""


def long_runs(front: InFront | None) -> LongRuns | None:
    """Find the long runs; None where no request was followed through goroutines, or none above p99 waited for a P.

    Args:
        front: who had what the slowest requests waited for; None: they waited for nobody of the service.
    """
    if front is None or front.above != TAIL_QUANTILE or front.parts.followed is None or not front.usual_ns:
        return None
    return _Search(front, front.parts.followed).told()


class _Search:
    """The stretches without a wait that turns at a P belong to."""

    def __init__(self, front: InFront, followed: Followed) -> None:
        self._front, self._parts = front, front.parts
        self._goroutine: Integers = followed.times.rows.group[front.row]
        stretch, computing = _without_waits(followed.times)
        self._stretch: Integers = stretch[front.row]
        self._computing_ns: Integers = computing[self._stretch]
        self._is_long = self._are_long()
        """Which turns belong to long runs, neither the collector's nor the measurement's."""

    def told(self) -> LongRuns:
        """Sum up."""
        front = self._front
        each, for_collector = front.each_ns(self._is_long), front.each_ns(front.is_collector)
        of_long, sampled = front.waited_ns[self._is_long], front.sampled(self._is_long)
        return LongRuns(
            share=front.share(each),
            mean_ns=float(each.mean()),
            usual_ns=front.usual_ns,
            count=len(np.unique(self._stretch[self._is_long])),
            of_requests=float(of_long[front.request[self._is_long] != NONE].sum()) / max(1.0, float(of_long.sum())),
            places=sampled.places(self._is_long),
            longest=self._longest(sampled),
            of_busy=front.of_all(self._is_long),
            of_collector=front.of_all(front.is_collector),
            collector=front.share(for_collector),
            collector_ns=float(for_collector.mean()),
            of_measuring=front.of_all(front.is_measuring),
            parts=front.part_names(self._is_long),
            example=f"r{front.slowest[int(np.argmax(each))]}" if each.any() else "",
        )

    def _are_long(self) -> Flags:
        front = self._front
        least = LONG * front.usual_ns
        is_long: Flags = (self._computing_ns >= least) & ~front.is_collector & ~front.is_measuring
        chosen = np.flatnonzero(is_long)
        if not len(chosen):
            return is_long
        begin, end = front.turns.begin_ns[chosen], front.turns.end_ns[chosen]
        on_cpu = self._parts.times.spent(front.tid[chosen], begin, end).on_cpu
        number, place = np.unique(self._stretch[chosen], return_inverse=True)
        had, computed = (
            np.bincount(place.ravel(), values.astype(np.float64), len(number)) for values in (end - begin, on_cpu)
        )
        share = (computed / np.maximum(had, 1))[place.ravel()]
        is_long[chosen] = (share >= _COMPUTES) & (share * self._computing_ns[chosen] >= least)
        return is_long & (front.waited_ns > 0)

    def _longest(self, sampled: Sampled) -> list[LongRun]:
        front = self._front
        number, place = np.unique(self._stretch[self._is_long], return_inverse=True)
        waited = np.bincount(place.ravel(), front.waited_ns[self._is_long], len(number))
        found = []
        for at in np.argsort(-waited, kind="stable")[:_SHOWN].tolist():
            mine: Flags = self._is_long & (self._stretch == number[at])
            first, request = int(np.flatnonzero(mine)[0]), int(front.request[mine].max())
            run = LongRun(
                goroutine=int(self._goroutine[first]),
                request="" if request == NONE else f"r{request}",
                function=next((place.function for place in sampled.places(mine)), ""),
                computing_ns=int(self._computing_ns[first]),
                waiting=len(np.unique(front.waits.spans.request[front.turns.waited_for(mine) > 0])),
                waited_ns=float(waited[at]),
            )
            found.append(run)
        return found


def _without_waits(times: GoroutineTimes) -> tuple[Integers, Integers]:
    """Return the stretch without a wait that each interval belongs to, and how long the goroutine had a P in each.

    A stretch begins with a goroutine, at and behind a wait, and where the trace has a gap.
    """
    group, waits = times.rows.group, times.state == WAITING
    begins = np.ones(len(group), dtype=np.bool_)
    begins[1:] = (group[1:] != group[:-1]) | waits[1:] | waits[:-1] | (times.rows.t_ns[1:] > times.end_ns[:-1])
    stretch: Integers = np.cumsum(begins) - 1
    has = np.isin(times.state, (RUNNING, ASSISTING))
    lengths = np.where(has, times.end_ns - times.rows.t_ns, 0).astype(np.float64)
    computing: Integers = np.bincount(stretch, lengths, int(stretch.max(initial=-1)) + 1).astype(np.int64)
    return stretch, computing

"""How the slowest requests queue for a CPU, or one of Go's processors, behind other requests of the service."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.grouped_times import NONE, Flags
from tailtune.judge.in_front import InFront
from tailtune.model.estimate import Estimate
from tailtune.model.request_parts import Place

_OPERATIONS: Final = 3


@dataclass(frozen=True)
class InFrontOperation:
    """One operation of the load, as what is in front of others."""

    number: int
    """Of the workload's operations, from 0."""
    share: float
    """Of what was waited for other requests, in [0, 1]."""
    of_requests: float
    """Its share of the window's requests, in [0, 1]."""


@dataclass(frozen=True)
class CpuQueue:
    """What the slowest requests waited for other requests that had the CPUs, or the processors, meanwhile."""

    above: float
    """The quantile that the slowest requests are above: 0.99, or 0.9 where the window has too few above that."""
    requests: int
    """How many these are."""
    least_ns: int
    """The smallest latency of them."""
    most_ns: int
    latency_ns: float
    """Their mean latency."""
    share: Estimate
    """Of the latency of these requests."""
    mean_ns: float
    """Waited so by each of them, on average."""
    usual_ns: float
    """Median service time of the window's requests."""
    count: int
    """Different requests that were waited for."""
    places: list[Place]
    """Functions that they were sampled in, by what was waited meanwhile, largest first."""
    operations: list[InFrontOperation]
    """Of these requests, largest first; up to three."""
    of_ready: float
    """Of all that was waited in `parts`, the share in which the service had all of its CPUs or processors.

    In the rest other programs may have had them.
    """
    of_busy: float
    """Of this, the share for requests."""
    of_collector: float
    """The same for Go's collector."""
    of_measuring: float
    """The same for goroutines that trace and profile."""
    on_cpu: float
    """Share of that time in which their threads had a CPU indeed: else they wait for one themselves, or are stopped."""
    parts: tuple[str, ...]
    """Parts of latency in which requests waited for them."""
    is_of_processors: bool
    """Whether Go's processors were waited for, and not CPUs."""
    example: str
    """Handle of the request that waited longest for them; empty: none did."""


def cpu_queue(front: InFront | None) -> CpuQueue | None:
    """Sum up; None where the slowest requests waited for no other one."""
    if front is None or not front.usual_ns:
        return None
    chosen: Flags = (front.request != NONE) & ~front.is_collector & ~front.is_measuring & (front.waited_ns > 0)
    if not chosen.any():
        return None
    each, names = front.each_ns(chosen), front.part_names(chosen)
    latency = front.parts.windows.latency_ns[front.slowest]
    return CpuQueue(
        above=front.above,
        requests=len(latency),
        least_ns=int(latency.min()),
        most_ns=int(latency.max()),
        latency_ns=float(latency.mean()),
        share=front.share(each),
        mean_ns=float(each.mean()),
        usual_ns=front.usual_ns,
        count=len(np.unique(front.request[chosen])),
        places=front.sampled(chosen).places(chosen),
        operations=_operations(front, chosen),
        of_ready=_of_ready(front, names),
        of_busy=front.of_all(chosen),
        of_collector=front.of_all(front.is_collector),
        of_measuring=front.of_all(front.is_measuring),
        on_cpu=_on_cpu(front, chosen),
        parts=names,
        is_of_processors=front.parts.followed is not None,
        example=f"r{front.slowest[int(np.argmax(each))]}",
    )


def _operations(front: InFront, chosen: Flags) -> list[InFrontOperation]:
    """Return the operations of the requests that were waited for."""
    operation = front.parts.windows.requests["operation"]
    numbers, counts = np.unique(operation, return_counts=True)
    waited = np.bincount(np.searchsorted(numbers, operation[front.request[chosen]]), front.waited_ns[chosen])
    found = [
        InFrontOperation(
            number=int(numbers[at]),
            share=float(waited[at] / waited.sum()),
            of_requests=float(counts[at] / len(operation)),
        )
        for at in np.argsort(-waited, kind="stable")[:_OPERATIONS].tolist()
    ]
    return [one for one in found if one.share > 0]


def _of_ready(front: InFront, names: tuple[str, ...]) -> float:
    """Return how much of what was waited in some parts was while the service had everything that it may have."""
    waits = front.waits.spans
    inside = np.isin(front.waits.part, [front.waits.names.index(name) for name in names])
    ready = float((waits.end_ns - waits.begin_ns)[inside].sum())
    return min(1.0, float(front.waited_ns.sum()) / max(1.0, ready))


def _on_cpu(front: InFront, chosen: Flags) -> float:
    """Return the share of the turns' time that threads were on a CPU, by what was waited for each."""
    begin, end, waited = front.turns.begin_ns[chosen], front.turns.end_ns[chosen], front.waited_ns[chosen]
    on_cpu = front.parts.times.spent(front.tid[chosen], begin, end).on_cpu
    share = on_cpu / np.maximum(end - begin, 1)
    return float((share * waited).sum() / waited.sum())

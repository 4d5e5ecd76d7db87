"""Threads of no request that had the CPUs, many in turn, while the slowest requests waited for one."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.grouped_times import NONE, Flags
from tailtune.judge.in_front import InFront
from tailtune.model.estimate import Estimate
from tailtune.model.request_parts import Place

_MOST_COUNTED: Final = 50
"""Requests, the slowest first, in front of which threads are counted."""


@dataclass(frozen=True)
class Crowd:
    """What requests above p99 waited for threads that worked for no request that is known."""

    share: Estimate
    """Of the latency of these requests."""
    mean_ns: float
    """Waited so by each of them, on average."""
    threads: int
    """Different ones that were in front of a request, in the median of the slowest."""
    places: list[Place]
    """Functions that they were sampled in, by what was waited meanwhile, largest first."""
    parts: tuple[str, ...]
    """Parts of latency in which requests waited for them."""
    example: str
    """Handle of the request that waited longest for them."""


def crowd(front: InFront | None) -> Crowd | None:
    """Find the threads; None where requests above p99 waited for none such, or are followed through goroutines."""
    if front is None or front.parts.followed is not None:
        return None
    chosen: Flags = (front.request == NONE) & (front.waited_ns > 0)
    if not chosen.any():
        return None
    each = front.each_ns(chosen)
    return Crowd(
        share=front.share(each),
        mean_ns=float(each.mean()),
        threads=int(np.median([_in_front_of(front, row, chosen) for row in front.slowest[:_MOST_COUNTED].tolist()])),
        places=front.sampled(chosen).places(chosen),
        parts=front.part_names(chosen),
        example=f"r{front.slowest[int(np.argmax(each))]}",
    )


def _in_front_of(front: InFront, request: int, chosen: Flags) -> int:
    """Return how many threads had chosen turns between the first and the last wait of a request."""
    spans = front.waits.spans
    mine = spans.request == request
    if not mine.any():
        return 0
    begin, end = spans.begin_ns[mine].min(), spans.end_ns[mine].max()
    return len(np.unique(front.tid[chosen & (front.turns.begin_ns < end) & (front.turns.end_ns > begin)]))

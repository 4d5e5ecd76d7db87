"""What happened while slow requests were in flight, in numbers."""

import msgspec

from tailtune.model.estimate import Estimate


class SeenTogether(msgspec.Struct, frozen=True, kw_only=True):
    """How often the requests above p99 of a window and one kind of event came together: no proof of a reason."""

    event: str
    """`garbage collection`, `CPU throttling`, `run-queue delay`, `page faults` or `context switches`."""
    window: str
    events: int
    """In the window; of counters, their bursts."""
    requests: int
    """Above p99."""
    together: Estimate
    """Share of them that were in flight during an event, in [0, 1]; n: what they are worth as independent ones."""
    chance: float
    """The same share of requests of their lengths that begin when any requests do."""
    lift: Estimate
    """`together` over `chance`."""
    is_beyond_chance: bool
    """Whether the whole interval of the lift lies above 1, and it rests on at least five independent ones."""

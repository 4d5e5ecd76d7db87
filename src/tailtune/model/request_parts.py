"""Where the time of requests goes: their latency in parts, by percentile band and for one request."""

from enum import StrEnum

import msgspec

from tailtune.model.estimate import Estimate


class PartKind(StrEnum):
    """What a part of latency is: what code can be made faster for, what can be removed, or neither."""

    COMPUTING = "computing"
    WAITING = "waiting"
    UNKNOWN = "not known"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A function that a part was seen in.

    For `runnable` and `waiting for a P`, what had the CPUs meanwhile; for `timer`, what went on when it had passed.
    """

    function: str
    """Or, of what had a CPU, the name of a thread with ` (another program)` or ` (the kernel)`."""
    share: float
    """Of what was seen of the part: samples, blocked time, or time in which others had the CPU."""
    count: int
    """Samples or waits behind it."""


class PartShare(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the latency of a band's requests."""

    part: str
    """`client queue`, `way in`, `on CPU`, `runnable`, `lock`, `residue` ..."""
    kind: PartKind
    share: Estimate
    """Of the requests' latency, in [0, 1]; n: requests."""
    mean_ns: float
    """Per request."""
    places: list[Place]
    """Largest first; empty where nothing was seen."""
    holders: list[Place] = []
    """Of a lock: functions in which it was held meanwhile, inferred from the threads that released it; shares of what
    was seen of them. At a queue: functions that its other end was in. Empty where too little was seen."""
    at_once: float | None = None
    """Of a part on another thread: share of it on threads that were idle when the request came, so that they worked for
    it and not for those before it. At a queue of threads: by those that ended it."""
    on_pool: float | None = None
    """Of a part on another thread: share of it on threads of a runtime's pool for blocking calls."""
    together: float | None = None
    """Of a wait for a timer or the network: how many requests went on since the same moment, on average."""
    then_runnable: Estimate | None = None
    """Of the same latency: the waits for a CPU right behind these waits, counted in `runnable`; absent: none."""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Requests whose latency has a rank between two percentiles; the shares of all parts add up to 1."""

    name: str
    low_q: float
    """Quantile in [0, 1]; requests of this rank itself are not in the band."""
    high_q: float
    requests: int
    least_ns: int
    """Smallest latency."""
    most_ns: int
    mean_ns: float
    computing: Estimate
    waiting: Estimate
    unknown: Estimate
    parts: list[PartShare]
    """Largest first; the residue always last."""
    examples: list[str]
    """Handles of the slowest requests, for `tailtune explain --request`."""


class Undivided(msgspec.Struct, frozen=True, kw_only=True):
    """Requests whose way to the server and back could not be told from its time."""

    reason: str
    requests: int


class RequestBands(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of one window's requests goes."""

    window: str
    requests: int
    divided: int
    """Requests with all parts."""
    handed_over: int
    """Of the divided: several threads or goroutines served them, or one that did something else meanwhile."""
    bands: list[Band]
    """By percentile; those with too few requests are left out."""
    coverage: Estimate | None
    """Share of the latency of the slowest 1 % that is in parts of which it is known what they are; absent: too few."""
    undivided: list[Undivided]
    warnings: list[str]
    followed: int = 0
    """Of the divided: by what their goroutines did, as Go's execution trace tells."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of one request's time."""

    part: str
    kind: PartKind
    begin_ns: int
    """From the intended start."""
    length_ns: int
    tid: int | None
    """Thread that it is told from; absent: none."""
    thread: str
    """Its name; empty where not known."""
    place: str
    """The function that it belongs to: the innermost that is the service's or a library's. Empty: none was seen."""
    functions: list[str]
    """On CPU, runnable, waiting for a P: what was sampled, most often first. Blocked: the stack at which a thread or
    goroutine left off, leaf first."""
    goroutine: int | None = None
    """Goroutine that it is told from; absent: none."""


class RequestTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """One request: its parts in the order of time."""

    request: str
    """Handle: r and the number of the row in the window's request log, from 0."""
    window: str
    operation: str
    status: int
    outcome: str
    connection: int
    latency_ns: int
    rank: float
    """Share of the window's requests that were not slower, in (0, 1]."""
    steps: list[Step]
    """Their lengths add up to the latency."""
    note: str
    """Why it is not divided further; empty: it is."""

"""An execution trace of Go: what goroutines did, garbage collection, processors. Times are ns of the trace's clock."""

import msgspec


class StateTime(msgspec.Struct, frozen=True, kw_only=True):
    """Time in one state."""

    state: str
    """`running`, `assist` (running, but marking for the collector), `runnable`, `waiting` or `syscall`."""
    ns: int
    """Together."""
    count: int
    """How often."""
    longest_ns: int


class ReasonTime(msgspec.Struct, frozen=True, kw_only=True):
    """Time in one state for one reason."""

    state: str
    reason: str
    """As the runtime names it, such as `chan receive`; empty where the trace does not tell."""
    ns: int
    count: int
    longest_ns: int


class GoroutineGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Goroutines that were started for one function."""

    name: str
    """The function; empty where no stack of them was seen."""
    goroutines: int
    open_at_begin: int
    """How many of them existed before the trace began."""
    open_at_end: int
    """How many still existed when it ended."""
    states: list[StateTime]
    reasons: list[ReasonTime]
    """Most time first."""


class GoroutineTimes(msgspec.Struct, frozen=True, kw_only=True):
    """One goroutine."""

    goroutine: int
    name: str
    """The function it was started for."""
    begin_ns: int
    """Creation, or the beginning of the trace."""
    end_ns: int
    """End, or the end of the trace."""
    is_open_at_begin: bool
    is_open_at_end: bool
    states: list[StateTime]
    reasons: list[ReasonTime]


class NamedTime(msgspec.Struct, frozen=True, kw_only=True):
    """Stretches of time of one name."""

    name: str
    ns: int
    count: int
    longest_ns: int


class GoCollections(msgspec.Struct, frozen=True, kw_only=True):
    """Garbage collection."""

    mark: NamedTime
    """Marking phases."""
    sweep: NamedTime
    """Sweeping, on all processors."""
    assist: NamedTime
    """Goroutines that marked in return for what they allocate, their waits included."""
    swept_bytes: int
    freed_bytes: int
    cycles: list[list[int]]
    """Beginning and end, in ns, of each marking phase, the first ten thousand."""


class GoProcessor(msgspec.Struct, frozen=True, kw_only=True):
    """One processor (P) of the scheduler."""

    proc: int
    running_ns: int
    """In use."""
    count: int
    """How often it was taken into use."""


class GoHeap(msgspec.Struct, frozen=True, kw_only=True):
    """A size over time; all 0 where the trace does not tell."""

    first_bytes: int
    last_bytes: int
    least_bytes: int
    most_bytes: int
    changes: int


class GoClock(msgspec.Struct, frozen=True, kw_only=True):
    """The same moment on several clocks."""

    trace_ns: int
    monotonic_ns: int
    wall_ns: int
    """UTC."""


class GoTrace(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an execution trace."""

    version: str
    """Of the format: `1.26` is Go 1.26's."""
    bytes: int
    generations: int
    begin_ns: int
    end_ns: int
    """Last event."""
    clock: GoClock | None
    """Since Go 1.25."""
    events: dict[str, int]
    """By kind."""
    goroutine_count: int
    states: list[StateTime]
    """Of all goroutines."""
    reasons: list[ReasonTime]
    """Of all goroutines, most time first."""
    groups: list[GoroutineGroup]
    """By the function that goroutines were started for, most work first."""
    goroutines: list[GoroutineTimes]
    """One by one, most work first."""
    goroutines_left_out: int
    gc: GoCollections
    stops: list[NamedTime]
    """Stops of the world by reason, most time first."""
    procs: list[GoProcessor]
    gomaxprocs: int
    """At the end; 0 where the trace does not tell."""
    utilisation: float
    """Share of their time in which processors were in use, 0 to 1."""
    heap_alloc: GoHeap
    heap_goal: GoHeap
    """The size at which a collection is to end."""
    tasks: list[NamedTime]
    """User tasks by name."""
    regions: list[NamedTime]
    """User regions by name."""
    logs: dict[str, int]
    """Messages of the program, by category."""
    cpu_samples: int
    warnings: list[str]

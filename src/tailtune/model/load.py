"""What the load engine reports of itself: how well it kept its schedule, and whether its numbers may be used."""

from enum import StrEnum

import msgspec


class Validity(StrEnum):
    """May the numbers of a load be used? An INVALID one feeds no verdict."""

    VALID = "VALID"
    SUSPECT = "SUSPECT"
    INVALID = "INVALID"


class Pacing(StrEnum):
    """How closely the load engine keeps its intended starts, and at which price in CPU time."""

    AUTO = "auto"
    """Precise, unless there is only one CPU for everything."""
    PRECISE = "precise"
    """Sleeps to shortly before a start, then spins, within a budget."""
    SLEEPING = "sleeping"
    """Sleeps until each start: tens of microseconds late."""
    FRUGAL = "frugal"
    """Wakes at most a thousand times a second: starts up to a millisecond late, for a fraction of the CPU time."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One failed self-check: what was seen, the limit it passed, and what helps."""

    code: str
    """Stable identifier, for example `send-lag`."""
    validity: Validity
    """How bad it is by itself."""
    message: str
    remedy: str


class OperationCount(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome counts of one operation."""

    name: str
    requests: int
    unexpected_status: int
    timeouts: int
    connection_errors: int
    unexpected_body: int = 0
    """Answers with the expected status whose body is not the expected one."""

    @property
    def errors(self) -> int:
        """Requests that did not end as they should."""
        return self.unexpected_status + self.unexpected_body + self.timeouts + self.connection_errors


class HostAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine took from the load engine while it played."""

    steal_share: float
    """Share of the time of the engine's CPUs that the hypervisor gave to others."""
    throttled_ns: int
    """Time the engine's own control group, or one above it, was stopped for its CPU quota."""
    throttled_periods: int


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's account of one played schedule."""

    schedule_sha256: str
    arrival: str
    loop: str
    """`open`: starts do not wait for answers; `partly open`: inside a session they do; `closed`: all do."""
    scheduled_requests: int
    sent_requests: int
    completed_requests: int
    started_ns: int
    """CLOCK_MONOTONIC of the schedule's zero."""
    scheduled_duration_ns: int
    elapsed_ns: int
    """From the schedule's zero to the last answer or time-out."""
    scheduled_rate_per_s: float
    achieved_rate_per_s: float
    send_lag_ns: dict[str, float]
    """Actual minus intended send, by `p50`, `p90`, `p99`, `p99.9`, `max`; empty in a closed loop."""
    timer_lag_ns: dict[str, float]
    """Part of the send lag that the pacer caused, same keys; the rest was waiting for a connection."""
    in_flight_time_average: float
    """Time-averaged number of requests between intended start and completion, counted at each change."""
    little_error: float
    """Relative gap between the counted average and rate times mean latency."""
    peak_connections: int
    peak_client_queue: int
    operations: list[OperationCount]
    scheduling: str
    """Scheduling class of the engine: `fifo` or `other (nice N)`."""
    pinned_cpu: int | None
    engine_cpu_ns: int
    engine_spin_ns: int
    involuntary_switches: int
    run_delay_ns: int
    """Time the engine was runnable but not running."""
    interrupted: bool
    protocol: str = "http1"
    transport: str = "tcp"
    threads: int = 1
    """Engine threads, each on a CPU of its own."""
    pacing: str = ""
    """How the engine waits for the next start, such as `precise`; empty where it did not tell."""
    max_connections: int = 0
    """Cap of the connection pool; in a closed loop their number. 0: not told."""
    longest_gap_ns: int = 0
    """The longest that a turn of the engine's loop began after it was due: how long the generator stood still."""
    rows_lost: int = 0
    """Ended requests that are in no figure, because the recorder got too little CPU time."""
    demoted: bool = False
    """Whether the engine lost its real-time priority while it played."""
    server_requests: int | None = None
    """Requests that the server itself counted; absent where it does not tell."""
    host: HostAccount | None = None
    """Absent where it was not read."""
    warnings: list[str] = []
    validity: Validity = Validity.VALID
    reasons: list[Reason] = []

    @property
    def loop_name(self) -> str:
        """The loop as every output names it: `open`, `partly open (sessions)`, `closed with 64 connections`."""
        if self.loop == "partly open":
            return "partly open (sessions)"
        if self.loop == "closed":
            number = self.max_connections or self.peak_connections
            return f"closed with {number} connection{'' if number == 1 else 's'}"
        return self.loop

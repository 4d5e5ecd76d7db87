"""What the load engine reports of itself: how well it kept its schedule, and whether its numbers may be used."""

from enum import StrEnum

import msgspec


class Validity(StrEnum):
    """May the numbers of a load be used? An INVALID one feeds no verdict."""

    VALID = "VALID"
    SUSPECT = "SUSPECT"
    INVALID = "INVALID"


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


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's account of one played schedule."""

    schedule_sha256: str
    arrival: str
    loop: str
    """`open`: starts do not wait for answers."""
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
    """Actual minus intended send, by `p50`, `p90`, `p99`, `p99.9`, `max`."""
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
    warnings: list[str] = []
    validity: Validity = Validity.VALID
    reasons: list[Reason] = []

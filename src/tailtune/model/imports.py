"""What was imported, fitted, compiled and shown of a workload: results of `tailtune workload`."""

import msgspec

from tailtune.model.workload import Workload


class Skipped(msgspec.Struct, kw_only=True):
    """Something in a source that gave no request."""

    why: str
    count: int
    first_line: int
    example: str
    """Beginning of the first one."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune workload import`: what was read and what was written."""

    source: str
    format: str
    requests: int
    """That were imported."""
    skipped: list[Skipped]
    files: list[str]
    """Written; the workload first."""
    url: str
    """Where the requests went, for `tailtune load`; empty when the source does not say."""
    workload: Workload
    warnings: list[str]


class CompiledSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune workload compile`: the schedule and its name."""

    sha256: str
    """Equal workloads and seeds have equal ones on every machine."""
    requests: int
    """Closed loop: those that are sent over and over."""
    duration_ns: int
    bytes: int
    mean_rate_per_s: float
    """0 in a closed loop."""
    path: str = ""
    """Empty unless the schedule was kept."""


class SizeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of what an operation sends."""

    smallest: int
    median: int
    largest: int
    mean: float


class ShownOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a schedule."""

    name: str
    requests: int
    share: float
    sizes: SizeSummary | None = None
    """Absent when the schedule has no such request."""


class ShownWorkload(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune workload show`: a workload as its schedule has it."""

    schedule: CompiledSchedule
    arrival: str
    protocol: str
    seconds_per_column: float
    rates_per_s: list[float]
    """Requests per second, column by column; empty in a closed loop."""
    operations: list[ShownOperation]


class FittedWorkload(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune workload fit`: what was learned."""

    source: str
    requests: int
    seconds: float
    skipped: list[Skipped]
    files: list[str]
    dispersion: float
    """Variance over mean of the requests in a short window, against its stage's rate: 1 is Poisson."""
    window_seconds: float
    """Length of those windows."""
    popularity: dict[str, float]
    """Operation → exponent of Zipf's law of its keys."""
    workload: Workload
    warnings: list[str]

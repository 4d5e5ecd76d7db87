"""The load side of recording: compile a workload, play it from a process of its own, read what it left."""

from pathlib import Path
from typing import Final

import msgspec

from tailtune import _native
from tailtune.errors import ConfigError, NativeError
from tailtune.model.imports import ShownOperation, SizeSummary
from tailtune.model.units import Duration
from tailtune.model.workload import Workload
from tailtune.record.engine.client import EngineProcess
from tailtune.record.engine.output import read_connections, read_latency, read_output, read_requests
from tailtune.record.engine.specification import specify

__all__ = [
    "EngineProcess",
    "ScheduleInfo",
    "compile_workload",
    "look_into",
    "read_connections",
    "read_latency",
    "read_output",
    "read_requests",
]


_USERS_OWN: Final = ("impossible workload: ", "operation ", "trace, line ")
"""How errors of the compiler begin that are about what the user wrote."""


class ScheduleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled schedule."""

    sha256: str
    requests: int
    duration_ns: int
    bytes: int
    mean_rate_per_s: float = 0.0
    """0 in a closed loop."""


def compile_workload(
    workload: Workload, root: Path, path: Path, *, seed: int | None = None, duration: Duration | None = None
) -> ScheduleInfo:
    """Compile a workload into a schedule file; equal arguments give equal bytes on every machine.

    Args:
        workload: What to send.
        root: Directory that file names of the workload are relative to.
        path: File to write.
        seed: In place of the workload's own.
        duration: In place of the workload's own.

    Raises:
        ConfigError: For impossible values, unknown placeholders, files that are missing or empty, and
            a workload so slow that nothing would be sent.
        NativeError: If the file cannot be written.
    """
    chosen = msgspec.structs.replace(
        workload,
        seed=workload.seed if seed is None else seed,
        duration=workload.duration if duration is None else duration,
    )
    info = _compiled(chosen, root, path)
    schedule = msgspec.json.decode(info, type=ScheduleInfo)
    if schedule.requests == 0:
        path.unlink(missing_ok=True)
        raise ConfigError(
            f"{chosen.rate_per_s:g} requests per second for {chosen.duration} give no request at all with seed"
            f" {chosen.seed}",
            hint="Raise the rate or the duration.",
        )
    return schedule


def _compiled(workload: Workload, root: Path, path: Path) -> bytes:
    given = specify(workload, root)
    try:
        return _native.compile_schedule(given.json, given.blobs, path, descriptors=given.descriptors, trace=given.trace)
    except NativeError as error:
        if not error.message.startswith(_USERS_OWN):
            raise
        message = error.message.removeprefix(_USERS_OWN[0])
        place = f"{given.trace}: " if given.trace and message.startswith("trace, ") else ""
        hint = error.hint or ("Correct the trace." if place else "Correct the workload.")
        raise ConfigError(f"{place}{message}", hint=hint) from None


class _Sizes(msgspec.Struct):
    name: str
    requests: int
    bytes: int
    smallest: int
    median: int
    largest: int


class _View(msgspec.Struct):
    columns: list[int]
    operations: list[_Sizes]


def look_into(schedule: Path, columns: int) -> tuple[list[float], list[ShownOperation]]:
    """Return how many requests of a compiled schedule start in equal stretches of time, and its operations.

    A closed loop has no times, so the first is empty there.

    Raises:
        NativeError: If the file is not a schedule.
    """
    info = msgspec.json.decode(_native.view_schedule(schedule, columns), type=_View)
    total = sum(one.requests for one in info.operations)
    return [float(count) for count in info.columns], [
        ShownOperation(
            name=one.name,
            requests=one.requests,
            share=one.requests / max(total, 1),
            sizes=SizeSummary(
                smallest=one.smallest, median=one.median, largest=one.largest, mean=one.bytes / one.requests
            )
            if one.requests
            else None,
        )
        for one in info.operations
    ]

"""The load side of recording: compile a workload, play it from a process of its own, read what it left."""

from pathlib import Path

import msgspec

from tailtune import _native
from tailtune.errors import ConfigError
from tailtune.model.units import Duration
from tailtune.model.workload import Workload
from tailtune.record.engine.client import EngineProcess
from tailtune.record.engine.output import read_latency, read_output, read_requests
from tailtune.record.engine.specification import specify

__all__ = [
    "EngineProcess",
    "ScheduleInfo",
    "compile_workload",
    "read_latency",
    "read_output",
    "read_requests",
]


class ScheduleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled schedule."""

    sha256: str
    requests: int
    duration_ns: int
    bytes: int


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
    given = specify(chosen, root)
    info = _native.compile_schedule(given.json, given.blobs, path, descriptors=given.descriptors, trace=given.trace)
    schedule = msgspec.json.decode(info, type=ScheduleInfo)
    if schedule.requests == 0:
        path.unlink(missing_ok=True)
        raise ConfigError(
            f"{chosen.rate_per_s:g} requests per second for {chosen.duration} give no request at all with seed"
            f" {chosen.seed}",
            hint="Raise the rate or the duration.",
        )
    return schedule

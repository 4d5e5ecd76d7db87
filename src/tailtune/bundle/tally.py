"""The count of A/A verdicts on this machine: a small file of the user's, to which every A/A adds one line.

`$XDG_STATE_HOME/tailtune/aa-verdicts.jsonl`, by default under ~/.local/state. Lines are appended under a lock and
flushed to the disk, so that several tools can count at once; a line that a crash cut off is passed over. An experiment
that is judged again, for instance after it was continued, replaces its earlier line.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import RecordingError
from tailtune.model.environment import Environment
from tailtune.model.verdict import Comparison, Metric, Verdict

_FILE: Final = "aa-verdicts.jsonl"
_MODE: Final = 0o644


class CountedAA(msgspec.Struct, frozen=True, kw_only=True):
    """One A/A comparison."""

    machine: str
    """See `machine_of`."""
    experiment: str
    created_utc: str
    verdicts: dict[Metric, Verdict]
    """By metric; refusals among them."""


def machine_of(environment: Environment) -> str:
    """Return the fingerprint of a machine: its name, processor, CPUs and memory; a new kernel makes no new machine."""
    parts = (environment.hostname, environment.cpu_model, environment.logical_cpus, environment.memory_bytes)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def tally_path() -> Path:
    """Return where the count is kept."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 - may have no home
    return Path(home) / "tailtune" / _FILE


def count_aa(comparison: Comparison, environment: Environment, created_utc: str) -> None:
    """Add an A/A comparison to the count.

    Raises:
        RecordingError: if the file cannot be written.
    """
    line = CountedAA(
        machine=machine_of(environment),
        experiment=comparison.experiment_id,
        created_utc=created_utc,
        verdicts={one.metric: one.verdict for one in comparison.metrics if one.ratio is not None},
    )
    path = tally_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            data = msgspec.json.encode(line) + b"\n"
            os.write(descriptor, data if _ends_whole(descriptor) else b"\n" + data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RecordingError(
            f"{path}: the A/A verdict cannot be counted: {error.strerror}",
            hint="set XDG_STATE_HOME to a folder that can be written",
        ) from error


def counted(machine: str) -> list[CountedAA]:
    """Return the A/A comparisons counted on a machine, each once, as last judged; none where there is no count."""
    try:
        lines = tally_path().read_bytes().splitlines()
    except OSError:
        return []
    found: dict[str, CountedAA] = {}
    for line in lines:
        try:
            one = msgspec.json.decode(line, type=CountedAA)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if one.machine == machine:
            found[one.experiment] = one
    return list(found.values())


def _ends_whole(descriptor: int) -> bool:
    """Whether the file ends with a whole line, as it does unless a crash cut one off."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"

"""Sampling a process that runs already, without changing it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from tailtune.record.ports import Progress
from tailtune.record.profiling.find import Process

if TYPE_CHECKING:
    from tailtune._native import Profile

_STEP_S: Final = 0.1
"""Between looks at the process and moves of the progress bar."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is sampled, and for how long."""

    seconds: float
    hz: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What sampling gave."""

    on_cpu: "Profile"
    mode: str
    lost_note: str
    seconds: float
    interrupted: bool
    """Ended by Ctrl-C, before its time."""
    ended: bool
    """The process ended before its time."""


def attach(process: Process, wanted: Wanted, progress: Progress) -> Taken:
    """Sample a process for as long as asked, until it ends, or until Ctrl-C.

    Raises:
        NativeError: if the kernel permits nothing; its hint is the remedy.
    """
    from tailtune._native import Sampler

    sampler = Sampler(process.pid, wanted.hz)
    progress.phase("sample", f"{process.name} (PID {process.pid}), {sampler.mode}")
    if sampler.lost_note:
        progress.note(sampler.lost_note)
    sampler.start()
    began = time.monotonic()
    interrupted = _wait(process, began, wanted.seconds, progress)
    ended = not process.is_alive
    seconds = time.monotonic() - began
    progress.phase("symbols", "naming functions")
    sampling = sampler.stop()
    return Taken(
        on_cpu=cast("Profile", sampling.on_cpu),
        mode=sampler.mode,
        lost_note=sampler.lost_note,
        seconds=seconds,
        interrupted=interrupted,
        ended=ended,
    )


def _wait(process: Process, began: float, seconds: float, progress: Progress) -> bool:
    """Wait for the end of sampling; return whether it was Ctrl-C."""
    try:
        while (left := began + seconds - time.monotonic()) > 0 and process.is_alive:
            time.sleep(min(_STEP_S, left))
            progress.advance(min(time.monotonic() - began, seconds), seconds)
    except KeyboardInterrupt:
        return True
    return False

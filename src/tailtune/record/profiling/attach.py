"""Sampling a process that runs already, without changing it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailtune.errors import RunInterruptedError
from tailtune.model.profile_view import ThreadStates
from tailtune.record.formats.sampler_mode import sees_code
from tailtune.record.ports import Progress
from tailtune.record.profiling.find import Process

if TYPE_CHECKING:
    from tailtune._native import Profile, Sampler, Sampling

_STEP_S: Final = 0.1
"""Between looks at the process and moves of the progress bar."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is sampled, and for how long."""

    seconds: float
    hz: int
    off_cpu: bool = False
    page_faults: bool = False
    dwarf: bool = False
    """Find callers of code without frame pointers."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What sampling gave."""

    on_cpu: "Profile | None"
    off_cpu: "Profile | None"
    page_faults: "Profile | None"
    threads: list[ThreadStates]
    """Most time on CPU and runnable first."""
    mode: str
    lost_note: str
    lost: int
    """Records that the kernel had no room for."""
    warnings: list[str]
    seconds: float
    interrupted: bool
    """Ended by Ctrl-C, before its time."""
    ended: bool
    """The process ended before its time."""


def attach(process: Process, wanted: Wanted, progress: Progress) -> Taken:
    """Sample a process for as long as asked, until it ends, or until Ctrl-C.

    Raises:
        NativeError: if the kernel permits nothing; its hint is the remedy.
        RunInterruptedError: on Ctrl-C while functions are named.
    """
    sampler = _sampler(process.pid, wanted)
    progress.phase("sample", f"{process.name} (PID {process.pid}), {sampler.mode}")
    if sampler.lost_note:
        progress.note(sampler.lost_note)
    sampler.start()
    began = time.monotonic()
    interrupted = _wait(process, began, wanted.seconds, progress)
    ended = not process.is_alive
    seconds = time.monotonic() - began
    sampling = _named(sampler, progress)
    threads = [_states(*row) for row in sampling.threads()]
    return Taken(
        on_cpu=sampling.on_cpu,
        off_cpu=sampling.off_cpu,
        page_faults=sampling.event,
        threads=sorted(threads, key=lambda thread: -(thread.on_cpu_ns + thread.runnable_ns)),
        mode=sampling.mode,
        lost_note=sampler.lost_note,
        lost=sampling.lost,
        warnings=sampling.warnings,
        seconds=seconds,
        interrupted=interrupted,
        ended=ended,
    )


def _sampler(pid: int, wanted: Wanted) -> "Sampler":
    """Open the best sampler permitted; one that sees no code looks for the places of waiting, whether asked or not."""
    from tailtune._native import Sampler

    def opened(*, off_cpu: bool) -> Sampler:
        event = ("page-faults", 1) if wanted.page_faults else None
        return Sampler(pid, wanted.hz, off_cpu=off_cpu, event=event, dwarf=wanted.dwarf)

    sampler = opened(off_cpu=wanted.off_cpu)
    return sampler if wanted.off_cpu or sees_code(sampler.mode) else opened(off_cpu=True)


def _named(sampler: "Sampler", progress: Progress) -> "Sampling":
    """End sampling and find the names of what was seen."""
    progress.phase("symbols", "naming functions")
    try:
        return sampler.stop(lambda done, total: progress.advance(done, total, f"naming {total:,} addresses"))
    except KeyboardInterrupt as error:
        raise RunInterruptedError("interrupted while naming functions: nothing is shown or written") from error


def _states(
    tid: int,
    pid: int,
    name: str,
    wall_ns: int,
    on_cpu_ns: int,
    runnable_ns: int,
    blocked_ns: int,
    switches: int,
    residue_ns: int,
) -> ThreadStates:
    """Name the columns of `Sampling.threads`."""
    return ThreadStates(
        tid=tid,
        pid=pid,
        name=name,
        wall_ns=wall_ns,
        on_cpu_ns=on_cpu_ns,
        runnable_ns=runnable_ns,
        blocked_ns=blocked_ns,
        switches=switches,
        residue_ns=residue_ns,
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

"""Whether the states of threads add up, agree with the kernel's own account, and lie at the right stacks.

`.venv/bin/python benchmarks/profile/conservation.py [SECONDS]`. Each program of `programs/` names its busy threads and
the functions in which these block. Truth for time on the CPU and the wait for one is `/proc/PID/task/TID/schedstat`,
read right before and after the sampling; the worst thread is shown. The blocked share is the part of the busy threads'
blocked time that lies at stacks with one of the expected functions. Each program is sampled twice: with the stacks of
frame pointers, by programs in the kernel where these are permitted, and with those of unwinding tables, by events.
"""

import contextlib
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rust_programs import expectation, running

from tailtune._native import Profile, Sampler, Sampling

PROGRAMS: Final = ("cpu_bound", "lock_bound", "io_bound", "oversubscribed")
_HZ: Final = 99
_WARM_UP_SECONDS: Final = 0.3

Truth = dict[int, tuple[int, int]]
"""Thread → nanoseconds on the CPU, and runnable."""


class Row(NamedTuple):
    """The worst of a program's busy threads, in percent of wall time; the blocked share in percent of blocked time."""

    residue: float
    on_cpu_error: float
    runnable_error: float
    blocked_share: float
    switches_per_s: float
    lost: int
    threads: int


def run(seconds: float = 5.0) -> list[Row]:
    """Sample every program for `seconds` and print the table."""
    columns = ("program", "stacks by", "busy threads", "switches/s", "residue", "on-CPU − truth", "runnable − truth")
    print(f"| {' | '.join(columns)} | blocked where expected | lost |\n|---|---|---|---|---|---|---|---|---|")
    ways = {"frame pointers": False, "tables": True}
    return [_print(name, way, measure(name, seconds, dwarf=dwarf)) for name in PROGRAMS for way, dwarf in ways.items()]


def measure(name: str, seconds: float, *, dwarf: bool) -> Row:
    """Sample one program; `dwarf`: with unwinding tables."""
    with running(name) as process:
        time.sleep(_WARM_UP_SECONDS)
        sampler = Sampler(process.pid, _HZ, off_cpu=True, dwarf=dwarf)
        before = _truth(process.pid)
        sampler.start()
        time.sleep(seconds)
        after = _truth(process.pid)
        sampling = sampler.stop()
    [busy] = expectation(name, "busy threads")
    rows = [row for row in sampling.threads() if row[2] == busy]
    errors = [_errors(row, before.get(row[0], (0, 0)), after[row[0]]) for row in rows]
    return Row(
        residue=max(100 * row[8] / row[3] for row in rows),
        on_cpu_error=max((on_cpu for on_cpu, _ in errors), key=abs),
        runnable_error=max((runnable for _, runnable in errors), key=abs),
        blocked_share=_share(sampling, {row[0] for row in rows}, expectation(name, "blocked in")),
        switches_per_s=sum(row[7] for row in rows) / seconds,
        lost=sampling.lost,
        threads=len(rows),
    )


def _errors(row: tuple[int, ...], before: tuple[int, int], after: tuple[int, int]) -> tuple[float, float]:
    wall, on_cpu, runnable = row[3:6]
    return (
        100 * (on_cpu - (after[0] - before[0])) / wall,
        100 * (runnable - (after[1] - before[1])) / wall,
    )


def _share(sampling: Sampling, threads: set[int], functions: list[str]) -> float:
    profile = sampling.off_cpu
    if profile is None:
        raise RuntimeError("no off-CPU stacks")
    blocked = np.frombuffer(profile.sample_values(1), "<i8")
    tid, stack = (np.frombuffer(profile.samples()[at], kind) for at, kind in ((1, "<i4"), (3, "<u4")))
    ours = np.isin(tid, list(threads))
    expected = np.isin(stack, _stacks_with(profile, functions))
    return float(100 * blocked[ours & expected].sum() / max(1, blocked[ours].sum()))


def _stacks_with(profile: Profile, functions: list[str]) -> list[int]:
    frames = {at for at, frame in enumerate(profile.frames()) if frame[0].rsplit("::", 1)[-1] in functions}
    return [at for at, stack in enumerate(profile.stacks()) if frames & set(stack)]


def _truth(pid: int) -> Truth:
    found: Truth = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            on_cpu, runnable, _ = map(int, (task / "schedstat").read_text().split())
            found[int(task.name)] = (on_cpu, runnable)
    return found


def _print(name: str, way: str, row: Row) -> Row:
    print(
        f"| {name} | {way} | {row.threads} | {row.switches_per_s:,.0f} | {row.residue:.2f} % "
        f"| {row.on_cpu_error:+.2f} % | {row.runnable_error:+.2f} % | {row.blocked_share:.1f} % | {row.lost:,} |",
        flush=True,
    )
    return row


if __name__ == "__main__":
    run(*map(float, sys.argv[1:]))

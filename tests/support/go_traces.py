"""Execution traces of Go, as the reader tells what is in them."""

from pathlib import Path
from typing import Final

from tailtune.model.go_trace import (
    GoClock,
    GoCollections,
    GoHeap,
    GoProcessor,
    GoroutineGroup,
    GoTrace,
    NamedTime,
    ReasonTime,
    StateTime,
)

FILES: Final = Path(__file__).resolve().parents[2] / "crates" / "gotrace" / "tests" / "data"
"""Small traces of real programs."""
MS: Final = 1_000_000


def states(running: int, runnable: int, waiting: int, assist: int = 0, syscall: int = 0) -> list[StateTime]:
    """Return times in ms, each of ten intervals."""
    times = {"running": running, "assist": assist, "runnable": runnable, "waiting": waiting, "syscall": syscall}
    return [
        StateTime(state=state, ns=time * MS, count=10 if time else 0, longest_ns=time * MS // 4)
        for state, time in times.items()
    ]


def reason(name: str, time: int, state: str = "waiting") -> ReasonTime:
    """Return a time in ms of twenty intervals."""
    return ReasonTime(state=state, reason=name, ns=time * MS, count=20, longest_ns=time * MS // 3)


def named(name: str, time: int, count: int) -> NamedTime:
    """Return a time in ms."""
    return NamedTime(name=name, ns=time * MS, count=count, longest_ns=time * MS // 2)


def group(name: str, goroutines: int, times: list[StateTime]) -> GoroutineGroup:
    """Return goroutines that wait for one another."""
    waits = [reason("chan receive", 900)]
    return GoroutineGroup(name=name, goroutines=goroutines, open_at_begin=1, open_at_end=1, states=times, reasons=waits)


WHOLE: Final = GoTrace(
    version="1.26",
    bytes=4_000_000,
    generations=3,
    begin_ns=7_000 * MS,
    end_ns=9_500 * MS,
    clock=GoClock(trace_ns=7_000 * MS, monotonic_ns=7_000 * MS, wall_ns=1_700_000_000 * 10**9),
    events={"Metric": 1_200, "StateTransition": 240_000, "Sync": 4},
    goroutine_count=1_224,
    states=states(2_000, 400, 90_000, 30, 250),
    reasons=[reason("select", 60_000), reason("", 25_000), reason("sync", 5_000), reason("preempted", 12, "runnable")],
    groups=[
        group("main.(*server).handle", 1_200, states(1_900, 390, 88_000, 30, 250)),
        group("runtime.gcBgMarkWorker", 2, states(100, 10, 2_000)),
        group("", 22, states(0, 0, 0)),
    ],
    goroutines=[],
    goroutines_left_out=1_224,
    gc=GoCollections(
        mark=named("mark", 120, 12),
        sweep=named("sweep", 9, 800),
        assist=named("assist", 31, 60),
        swept_bytes=900 << 20,
        freed_bytes=700 << 20,
        cycles=[[7_100 * MS, 7_110 * MS]],
    ),
    stops=[named("GC mark termination", 3, 12), named("start trace", 1, 1)],
    procs=[GoProcessor(proc=0, running_ns=2_000 * MS, count=900), GoProcessor(proc=1, running_ns=700 * MS, count=300)],
    gomaxprocs=2,
    utilisation=0.54,
    heap_alloc=GoHeap(first_bytes=4 << 20, last_bytes=9 << 20, least_bytes=4 << 20, most_bytes=17 << 20, changes=990),
    heap_goal=GoHeap(first_bytes=8 << 20, last_bytes=18 << 20, least_bytes=8 << 20, most_bytes=18 << 20, changes=12),
    tasks=[named("order", 800, 40)],
    regions=[named("price", 300, 40), named("", 4, 2)],
    logs={"order": 40},
    cpu_samples=250,
    warnings=[],
)

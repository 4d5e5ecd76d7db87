"""Loads that go wrong on purpose: none of them may be called VALID. Used by tests and by benchmarks/load."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tailtune.cli.progress import QuietProgress
from tailtune.lab.proving import Proof, Stand, workload
from tailtune.model.load import LoadReport
from tailtune.model.workload import Arrival
from tailtune.record.engine.load import EngineProcess
from tailtune.record.engine.servers import null_server
from tailtune.record.processes.hog import hogs

ENGINE_CPU = max(os.sched_getaffinity(0))
RATE_PER_S = 500
ANSWER_US = 1_000
LATE_BY_NS = 20_000_000
"""Slack given to the timers of the late pacer."""


class Bench(NamedTuple):
    """Engines with the best scheduling and with ordinary scheduling, on the same CPU; places to play."""

    best: Stand
    ordinary: Stand


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        stands = []
        for real_time in (True, False):
            engine = stack.enter_context(EngineProcess([ENGINE_CPU], real_time=real_time))
            own = folder / f"real-time-{real_time}"
            own.mkdir()
            stands.append(Stand(engine, own, QuietProgress()))
        yield Bench(*stands)


def once(after: int, action: Callable[[], None]) -> Callable[[], None]:
    """Return a poll, called about ten times a second, that acts when it is called for the `after`-th time."""
    calls = iter(range(1, 1_000_000))
    return lambda: action() if next(calls) == after else None


def clean(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    with null_server(delay_us=ANSWER_US, real_time=True) as server:
        return stands.best.play(workload(RATE_PER_S, seconds, seed=seed), server.port)


def frozen_generator(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    """Stop the whole engine for 30 to 300 ms."""
    pid, length = stands.best.engine.pid, random.Random(seed).uniform(0.03, 0.3)

    def freeze() -> None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(length)
        os.kill(pid, signal.SIGCONT)

    with null_server(delay_us=ANSWER_US, real_time=True) as server:
        return stands.best.play(workload(RATE_PER_S, seconds, seed=seed), server.port, once(5, freeze))


def starved_core(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    """Keep the CPU of an engine with ordinary scheduling busy, three quarters of it before all that is ordinary."""
    with (
        null_server(delay_us=ANSWER_US, real_time=True) as server,
        hogs(ENGINE_CPU, 3),
        hogs(ENGINE_CPU, 1, real_time=True),
    ):
        return stands.ordinary.play(workload(RATE_PER_S, seconds, seed=seed), server.port)


def capped_pool(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    """Ask two connections for twice what they carry."""
    chosen = workload(100, seconds, arrival=Arrival.POISSON, seed=seed, max_connections=2)
    with null_server(delay_us=40_000) as server:
        return stands.best.play(chosen, server.port)


def late_pacer(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    """Let the kernel end the waits of an engine with ordinary scheduling up to 20 ms late."""
    tasks = Path(f"/proc/{stands.ordinary.engine.pid}/task")

    def slacken() -> None:
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):
                Path(f"/proc/{task.name}/timerslack_ns").write_text(str(LATE_BY_NS))

    with null_server(delay_us=ANSWER_US, real_time=True) as server:
        return stands.ordinary.play(workload(RATE_PER_S, seconds, seed=seed), server.port, slacken)


def dropped_connections(stands: Bench, seed: int, seconds: float = 1.5) -> Proof:
    """Close the connection in place of every 5th to 50th answer."""
    nth = random.Random(seed).randint(5, 50)
    with null_server(delay_us=ANSWER_US, real_time=True, close_every=nth) as server:
        return stands.best.play(workload(RATE_PER_S, seconds, seed=seed), server.port)


FAULTS: dict[str, Callable[[Bench, int, float], Proof]] = {
    "generator frozen": frozen_generator,
    "core starved": starved_core,
    "pool capped": capped_pool,
    "pacer late": late_pacer,
    "connections dropped": dropped_connections,
}


def codes(report: LoadReport) -> str:
    return ", ".join(f"{reason.code} {reason.validity}" for reason in report.reasons)

"""The built-in service that verdicts are proved on, as it is and with slowdowns of known size."""

import sys
from pathlib import Path
from typing import Final

import msgspec

from tailtune.lab.compare import plan_experiment
from tailtune.model.asked import Asked
from tailtune.model.generator import Generator
from tailtune.model.project import Language, Project, Service, Variant
from tailtune.model.units import Duration
from tailtune.model.verdict import PRIMARY, Metric
from tailtune.model.workload import Operation, Workload
from tailtune.record.engine.work_server import rounds_for
from tailtune.record.experiment import ExperimentPlan

WORK_US: Final = 600.0
"""Of a request; the way through kernel and threads comes on top."""
RATE: Final = 500.0
"""Requests per second: with the way through the kernel, a CPU is busy for a third of the time and more."""
SLICE: Final = Duration.from_seconds(0.6)
BASE: Final = "base"
AGAIN: Final = "base (again)"
_BLOCKS: Final = 60
_BLOCK_BYTES: Final = 1024
_KEPT: Final = 1000
_LOCKED_PERCENT: Final = 50
_IDS: Final = 1_000_000
_SLICES: Final = 8
_ENVIRONMENT: Final = {"MALLOC_ARENA_MAX": "1"}
"""Which threads meet which heap is chance: with several, resident memory differs by 5 % from start to start."""


class Slowdown(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the service for the worse, of known size."""

    name: str
    title: str
    more_rounds: float = 0.0
    """Relative."""
    more_blocks: float = 0.0
    """Relative."""
    slow_every: int = 0
    """One request in so many takes more; 0: none."""
    slow_times: int = 1
    """How many times the work such a request takes."""
    usual_times: int = 1
    """The same in the service as it is."""
    locked: bool = False
    """Whether half of the work is done under one lock."""
    about: Metric = Metric.CPU_PER_REQUEST
    """Of the deciding ones: whose verdicts are counted as right or false, and timed."""
    beyond_margin: bool = False
    """Whether that metric grows by more than its margin."""
    deciding: tuple[Metric, ...] = (Metric.CPU_PER_REQUEST,)


SLOWDOWNS: Final = (
    Slowdown(name="cpu-2", title="2 % more computing per request", more_rounds=0.02),
    Slowdown(name="cpu-5", title="5 % more computing per request", more_rounds=0.05, beyond_margin=True),
    Slowdown(name="cpu-10", title="10 % more computing per request", more_rounds=0.10, beyond_margin=True),
    Slowdown(
        name="slow-requests",
        title="one request in a hundred computes six times as much",
        slow_every=100,
        slow_times=6,
        about=Metric.P99,
        beyond_margin=True,
        deciding=(Metric.CPU_PER_REQUEST, Metric.P99),
    ),
    Slowdown(
        name="tail-10",
        title="one request in fifty computes ten times as much, and then 10 % more",
        slow_every=50,
        slow_times=11,
        usual_times=10,
        about=Metric.P99,
        beyond_margin=True,
        deciding=(Metric.P99,),
    ),
    Slowdown(
        name="allocations",
        title="5 % more allocations per request, kept as long",
        more_blocks=0.05,
        deciding=(Metric.CPU_PER_REQUEST, Metric.STEADY_RSS),
    ),
    Slowdown(
        name="lock",
        title="half of the computing under a new lock of all threads",
        locked=True,
        deciding=(Metric.CPU_PER_REQUEST, Metric.P99),
    ),
)


def as_it_is(slowdown: Slowdown | None) -> Slowdown:
    """Return what the service that a slowdown is compared with has of it."""
    usual = Slowdown(name=BASE, title="as it is")
    if slowdown is None or slowdown.usual_times == 1:
        return usual
    return msgspec.structs.replace(usual, slow_every=slowdown.slow_every, slow_times=slowdown.usual_times)


def arguments(rounds: int, change: Slowdown) -> list[str]:
    """Return the arguments of the built-in service with so many rounds of work a request, and a change of it."""
    told = {
        "rounds": round(rounds * (1 + change.more_rounds)),
        "slow-every": change.slow_every,
        "slow-times": change.slow_times,
        "blocks": round(_BLOCKS * (1 + change.more_blocks)),
        "block-bytes": _BLOCK_BYTES,
        "kept": _KEPT,
        "locked-percent": _LOCKED_PERCENT if change.locked else 0,
    }
    return ["-m", "tailtune.record.engine.work_server", "--port={port}", *(f"--{k}={v}" for k, v in told.items())]


def calibrated() -> int:
    """Return the rounds of work that a request takes on this machine."""
    return rounds_for(WORK_US)


def asked(slowdown: Slowdown | None, *, epochs: int, budget_s: float, seed: int) -> Asked:
    """Return what is asked of comparing the built-in service with itself, or with its slowed-down self.

    Args:
        slowdown: of the candidate; None: none, an A/A.
        epochs: most of them.
        budget_s: most time for epochs.
        seed: of loads and orders.
    """
    return Asked(
        epochs=epochs,
        budget=Duration.from_seconds(budget_s),
        slice_duration=SLICE,
        slices=_SLICES,
        deciding=list(slowdown.deciding if slowdown else PRIMARY),
        seed=seed,
        probe=False,
        answers=False,
    )


def plan(root: Path, rounds: int, slowdown: Slowdown | None, wanted: Asked) -> ExperimentPlan:
    """Return the plan of comparing the built-in service, of so many `rounds` a request; its recording goes to `root`.

    See `asked` for the rest.
    """
    work = Operation(name="work", path="/work/{id}", data={"id": Generator(uniform=[0, _IDS])})
    project = Project(
        service=Service(
            language=Language.COMMAND,
            binary=sys.executable,
            args=arguments(rounds, as_it_is(slowdown)),
            env=_ENVIRONMENT,
        ),
        workloads={"work": Workload(operations=[work], rate_per_s=RATE)},
    )
    other = {slowdown.name: Variant(args=arguments(rounds, slowdown))} if slowdown else {AGAIN: Variant()}
    return plan_experiment(root, project, {BASE: Variant(), **other}, wanted, sys.argv)

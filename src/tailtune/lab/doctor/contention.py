"""Contention: who else wants the CPUs, and how steadily they work."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from tailtune.model.doctor import Check, CpuNoise, Status
from tailtune.model.environment import Environment
from tailtune.model.units import format_ns, format_share
from tailtune.record.host.machine import CpuTime, Pressure

_check = partial(Check, family="contention")

STEAL_NOTE: Final = 0.002
STEAL_PROBLEM: Final = 0.02
PRESSURE_NOTE: Final = 0.05
LOAD_NOTE: Final = 0.3
"""Load average a CPU."""
NOISE_NOTE: Final = 0.05
NOISE_PROBLEM: Final = 0.5
STALL_NOTE_NS: Final = 3_000_000


def checks(
    environment: Environment,
    load: float | None,
    pressure: Pressure | None,
    noise: Sequence[CpuNoise],
    *,
    steal: float,
    seconds: float,
) -> Iterator[Check]:
    """Yield the checks of this family; `steal` is the share of CPU time stolen within `seconds`."""
    yield _steal(steal, seconds)
    yield _pressure(pressure)
    yield _load(load, len(environment.allowed_cpus))
    yield _noise(noise)


def steal_share(before: CpuTime, after: CpuTime) -> float:
    """Return the share of CPU time, in [0, 1], that the hypervisor gave to others between two readings."""
    total = sum(after) - sum(before)
    return (after.steal_ns - before.steal_ns) / total if total > 0 else 0.0


def _steal(steal: float, seconds: float) -> Check:
    value = f"{format_share(steal)} in {seconds:.0f} s"
    if steal < STEAL_NOTE:
        return _check(name="steal", status=Status.OK, value=value, effect="the hypervisor gave us what we asked for")
    return _check(
        name="steal",
        status=Status.PROBLEM if steal >= STEAL_PROBLEM else Status.NOTE,
        value=value,
        effect="the hypervisor let others run instead of us: each time, some requests wait milliseconds",
        remedy="use dedicated CPUs, or measure when the neighbors are quiet; experiments drop the worst pairs",
    )


def _pressure(pressure: Pressure | None) -> Check:
    if pressure is None:
        return _check(
            name="pressure",
            status=Status.NOTE,
            value="not counted by this kernel",
            effect="waiting for memory and disk goes unnoticed in the host's table",
            remedy="boot with psi=1",
        )
    value = f"CPU {format_share(pressure.cpu)}, memory {format_share(pressure.memory)}, I/O {format_share(pressure.io)}"
    if max(pressure.cpu, pressure.memory, pressure.io) < PRESSURE_NOTE:
        return _check(name="pressure", status=Status.OK, value=value, effect="nothing waited in the last 10 s")
    return _check(
        name="pressure",
        status=Status.NOTE,
        value=value,
        effect="share of the last 10 s in which something waited: what runs beside the service will delay it too",
        remedy="stop what else runs: `ps -eo pcpu,rss,comm --sort=-pcpu | head`",
    )


def _load(load: float | None, cpus: int) -> Check:
    if load is None:
        return _check(name="load", status=Status.OK, value="not told", effect="look at pressure instead")
    value = f"{load:.2f} over the last minute; CPUs: {cpus}"
    if load < LOAD_NOTE * cpus:
        return _check(name="load", status=Status.OK, value=value, effect="the machine is ours")
    return _check(
        name="load",
        status=Status.NOTE,
        value=value,
        effect="other programs take CPU time: it is taken from the service, or from the load engine",
        remedy="stop them, or wait: `ps -eo pcpu,comm --sort=-pcpu | head`",
    )


def _noise(noise: Sequence[CpuNoise]) -> Check:
    if not noise:
        return _check(
            name="noise",
            status=Status.NOTE,
            value="not measured: the measuring process could not run",
            effect="how small a difference can be seen here is not known",
        )
    worst = max(noise, key=lambda one: one.p99_excess)
    stall = max(one.longest_stall_ns for one in noise)
    slower = (
        f"{format_share(worst.p99_excess)} longer than"
        if worst.p99_excess < 1
        else f"{worst.p99_excess + 1:.0f} times as long as"
    )
    value = f"1 round of work in 100 takes {slower} usual on CPU {worst.cpu}; longest stall {format_ns(stall)}"
    if worst.p99_excess < NOISE_NOTE and stall < STALL_NOTE_NS:
        return _check(
            name="noise", status=Status.OK, value=value, effect="a single run shows differences of a few percent"
        )
    return _check(
        name="noise",
        status=Status.PROBLEM if worst.p99_excess >= NOISE_PROBLEM else Status.NOTE,
        value=value,
        effect="work without any service behind it is delayed this much: p99 of a single run carries it as well, "
        "so believe differences only from `tailtune compare`, whose pairs share the noise",
        remedy="stop what else runs, then run the doctor again",
    )

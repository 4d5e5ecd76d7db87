"""Gathering the facts, in an order in which the measurements do not disturb one another."""

import time
from pathlib import Path
from typing import Final

from tailtune.lab.doctor import contention, memory, processors, timing, tools, visibility
from tailtune.model.doctor import Check, Diagnosis
from tailtune.record.host import machine
from tailtune.record.host.cgroup import cpu_group
from tailtune.record.host.local import LocalHost
from tailtune.record.host.probes.loopback import try_loopback
from tailtune.record.host.probes.noise import measure_noise
from tailtune.record.host.probes.perf import try_perf
from tailtune.record.host.probes.priority import try_priority
from tailtune.record.host.probes.storage import look_at_storage
from tailtune.record.host.probes.timers import measure_timers

TIMER_SECONDS: Final = 5.0
NOISE_SECONDS: Final = 1.5


def doctor(root: Path, *, timer_seconds: float = TIMER_SECONDS, noise_seconds: float = NOISE_SECONDS) -> Diagnosis:
    """Examine this machine for the project in `root`. Works unprivileged; leaves every setting as it is.

    Args:
        root: Directory of the project: its disk, and the toolchains that it chooses.
        timer_seconds: Time for the table of timer errors.
        noise_seconds: Time for the noise of the CPUs.
    """
    host = LocalHost()
    environment, layout, group = host.environment(root), host.layout(), cpu_group()
    # Load and pressure look back, so they are read before the measurements below become part of them.
    load, pressure = machine.load_1m(), machine.pressure()
    before, started = machine.cpu_time(), time.monotonic()
    timers = measure_timers(timer_seconds, layout.engine[0])
    noise = measure_noise(environment.allowed_cpus, noise_seconds)
    steal, seconds = contention.steal_share(before, machine.cpu_time()), time.monotonic() - started
    checks: list[Check] = [
        *processors.checks(environment, layout, group),
        *contention.checks(environment, load, pressure, noise, steal=steal, seconds=seconds),
        *timing.checks(environment, machine.clock_sources(), timers, try_priority(), group, machine.realtime_share()),
        *visibility.checks(try_perf(), virtual_machine=environment.virtual_machine),
        *memory.checks(environment),
        *tools.checks(environment, look_at_storage(root.resolve() / ".tailtune"), try_loopback()),
    ]
    return Diagnosis(environment=environment, layout=layout, checks=checks, noise=noise, timers=timers.rows)

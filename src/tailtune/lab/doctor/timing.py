"""Timing: what a clock reading costs, whether requests can leave on time, whether we may run before others."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from tailtune.model.doctor import Check, Status, TimerError
from tailtune.model.environment import Environment
from tailtune.model.units import format_ns, format_share
from tailtune.record.host.cgroup import CpuGroup
from tailtune.record.host.probes.priority import Priority
from tailtune.record.host.probes.timers import Timers

_check = partial(Check, family="timing")

CLOCK_NOTE_NS: Final = 200
"""A reading through the vDSO takes 20 to 80 ns, one that enters the kernel 300 and more."""
SEND_NOTE_NS: Final = 100_000
SEND_PROBLEM_NS: Final = 1_000_000
ENGINE_METHOD: Final = "hybrid"


def checks(
    environment: Environment,
    clocks: Sequence[str],
    timers: Timers,
    priority: Priority,
    group: CpuGroup,
    realtime_share: float | None,
) -> Iterator[Check]:
    """Yield the checks of this family; `clocks` are the sources that the kernel could use."""
    yield _clock(environment, clocks, timers.clock_cost_ns)
    yield _realtime(priority, group, realtime_share)
    yield _send_times(timers)


def _clock(environment: Environment, clocks: Sequence[str], cost_ns: float) -> Check:
    cost = f"{format_ns(cost_ns)} a reading" if cost_ns else "cost not measured"
    value = f"{environment.clock_source or 'unknown'}, {cost}"
    if cost_ns < CLOCK_NOTE_NS:
        return _check(name="clock", status=Status.OK, value=value, effect="reading the time costs a request nothing")
    better = "tsc" in clocks and environment.clock_source != "tsc"
    return _check(
        name="clock",
        status=Status.NOTE,
        value=value,
        effect="each reading enters the kernel: services that look at the clock often are slower here",
        remedy="echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource" if better else "",
    )


def _realtime(priority: Priority, group: CpuGroup, share: float | None) -> Check:
    if priority.realtime:
        budget = f", up to {format_share(share, 0)} of the time" if share is not None and share < 1 else ""
        return _check(
            name="real-time-priority",
            status=Status.OK,
            value=f"permitted{budget}",
            effect="nothing ordinary delays the load engine",
        )
    second = "it gets nice -10 instead" if priority.nice else "it runs like any other program"
    return _check(
        name="real-time-priority",
        status=Status.NOTE,
        value=priority.realtime_error,
        effect=f"whatever else runs on its CPU delays the load engine; {second}, and send lag says how much",
        remedy=_realtime_remedy(priority, group),
    )


def _realtime_remedy(priority: Priority, group: CpuGroup) -> str:
    if group.realtime_budget_us == 0:
        return f"echo 950000 | sudo tee {group.directory}/cpu.rt_runtime_us (version 1 groups grant none by default)"
    if priority.realtime_limit == 0:
        return "sudo prlimit --pid $$ --rtprio=10 (in containers: --ulimit rtprio=10 --cap-add SYS_NICE)"
    return "in containers: --cap-add SYS_NICE"


def _send_times(timers: Timers) -> Check:
    best = _engine_row(timers.rows)
    if best is None:
        return _check(
            name="send-times",
            status=Status.PROBLEM,
            value=f"not measured: {'; '.join(timers.warnings) or 'no answer'}",
            effect="whether requests leave on time is only known from the send lag of each run",
        )
    value = (
        f"99 % of waits end within {format_ns(best.p99_ns)} ({best.scheduling}), at most {format_ns(best.max_ns)} late"
    )
    if best.p99_ns < SEND_NOTE_NS:
        return _check(
            name="send-times",
            status=Status.OK,
            value=value,
            effect="requests leave on time; latency is the service's own",
        )
    return _check(
        name="send-times",
        status=Status.PROBLEM if best.p99_ns >= SEND_PROBLEM_NS else Status.NOTE,
        value=value,
        effect="requests leave this late; latency counts from the intended start and so includes it, as send lag shows",
        remedy="permit real-time priority, and stop what else runs",
    )


def _engine_row(rows: Sequence[TimerError]) -> TimerError | None:
    """Return the row that tells what the engine will see: its method, in the best class permitted."""
    return min((row for row in rows if row.method == ENGINE_METHOD), key=lambda row: row.p99_ns, default=None)

"""Each fact of a machine becomes the right line: status, what it changes, how it is mended."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailtune.lab.doctor import contention, memory, processors, timing, tools, visibility
from tailtune.model.doctor import Check, CpuNoise, Status, TimerError
from tailtune.model.environment import Environment
from tailtune.model.recording import CpuLayout
from tailtune.record.host.cgroup import CpuGroup, Throttling
from tailtune.record.host.machine import CpuTime, Pressure
from tailtune.record.host.probes.loopback import Loopback
from tailtune.record.host.probes.perf import Attempt, ModeAttempt, PerfCapability
from tailtune.record.host.probes.priority import Priority
from tailtune.record.host.probes.storage import Storage
from tailtune.record.host.probes.timers import Timers

OK, NOTE, PROBLEM = Status.OK, Status.NOTE, Status.PROBLEM

QUIET = Environment(
    hostname="h",
    os="Linux",
    kernel="6.1",
    cpu_model="CPU",
    logical_cpus=4,
    allowed_cpus=[0, 1, 2, 3],
    memory_bytes=1 << 30,
    cgroup_version=2,
    cpu_quota=None,
    governor="performance",
    turbo=False,
    smt=False,
    transparent_hugepages="madvise",
    aslr=2,
    virtual_machine=False,
    clock_source="tsc",
    python="3.11",
    tailtune="0",
    toolchains={"go": "1.26", "cargo": "1.90", "rustc": "1.90", "valgrind": "3.19.0"},
)
LAYOUT = CpuLayout(engine=[3], service=[0, 1, 2], note="load engine on CPU 3")
GROUP = CpuGroup(version=2)
STEADY = CpuNoise(cpu=0, rounds=1000, typical_ns=250_000, p99_excess=0.01, longest_stall_ns=20_000)
CALM = Pressure(cpu=0.0, memory=0.0, io=0.0)
ROW = TimerError(method="hybrid", scheduling="fifo", wakes=1000, p50_ns=100, p99_ns=2_000, max_ns=50_000)
TIMERS = Timers(clock_cost_ns=20.0, rows=[ROW], warnings=[])
PERMITTED = Priority(realtime=True, realtime_error="", nice=True, realtime_limit=0)
REFUSED = Priority(realtime=False, realtime_error="not permitted", nice=False, realtime_limit=0)
YES, NO = Attempt(permitted=True, error=""), Attempt(permitted=False, error="No such file")
BEST = ModeAttempt(mode="every CPU", permitted=True, error="", lost_note="")
PERF = PerfCapability(paranoid="0", modes=[BEST], hardware_counters=YES, tracepoints=YES, kernel_names=True)
STORAGE = Storage(place=Path("/p"), free_bytes=1 << 40, writable=True, open_files=65_536, open_files_most=65_536)
LOOPBACK = Loopback(error="", ports=28_000)


def change(value: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(value, **fields)


def processors_of(environment: Environment = QUIET, layout: CpuLayout = LAYOUT, group: CpuGroup = GROUP) -> list[Check]:
    return list(processors.checks(environment, layout, group))


def contention_of(
    load: float | None = 0.1,
    pressure: Pressure | None = CALM,
    noise: tuple[CpuNoise, ...] = (STEADY,),
    steal: float = 0.0,
) -> list[Check]:
    return list(contention.checks(QUIET, load, pressure, noise, steal=steal, seconds=6.5))


def timing_of(
    environment: Environment = QUIET,
    timers: Timers = TIMERS,
    priority: Priority = PERMITTED,
    group: CpuGroup = GROUP,
    share: float | None = 0.95,
) -> list[Check]:
    return list(timing.checks(environment, ["tsc", "hpet"], timers, priority, group, share))


def visibility_of(*, virtual_machine: bool = False, **fields: Any) -> list[Check]:
    return list(visibility.checks(change(PERF, **fields), virtual_machine=virtual_machine))


def tools_of(environment: Environment = QUIET, loopback: Loopback = LOOPBACK, **storage: Any) -> list[Check]:
    return list(tools.checks(environment, change(STORAGE, **storage), loopback))


def without(tool: str) -> Environment:
    others = {name: version for name, version in QUIET.toolchains.items() if name != tool}
    return msgspec.structs.replace(QUIET, toolchains=others)


ALL_QUIET = [
    *processors_of(),
    *contention_of(),
    *timing_of(),
    *visibility_of(),
    *memory.checks(QUIET),
    *tools_of(),
]


@pytest.mark.parametrize("check", ALL_QUIET, ids=lambda check: check.name)
def test_a_quiet_machine_needs_nothing(check):
    assert check.status is OK
    assert check.value
    assert check.effect
    assert check.remedy == ""


def test_names_are_unique_and_families_stay_together():
    names = [check.name for check in ALL_QUIET]
    assert len(set(names)) == len(names)
    families = [check.family for check in ALL_QUIET]
    assert families == sorted(families, key=families.index)


TROUBLE = [
    ("cores", PROBLEM, processors_of(change(QUIET, allowed_cpus=[2])), "1 of 4"),
    ("cpu-quota", NOTE, processors_of(group=change(GROUP, quota=3.0)), "3 CPUs"),
    ("cpu-quota", PROBLEM, processors_of(group=change(GROUP, quota=1.5)), "1.5 CPUs"),
    ("cpu-quota", NOTE, processors_of(group=change(GROUP, quota=4.0, throttling=Throttling(1234, 0))), "1,234 times"),
    ("governor", NOTE, processors_of(change(QUIET, governor="powersave")), "powersave"),
    ("turbo", NOTE, processors_of(change(QUIET, turbo=True)), "on"),
    ("smt", NOTE, processors_of(change(QUIET, smt=True)), "on"),
    ("steal", NOTE, contention_of(steal=0.01), "1.0 % in 6 s"),
    ("steal", PROBLEM, contention_of(steal=0.1), "10.0 %"),
    ("pressure", NOTE, contention_of(pressure=change(CALM, io=0.2)), "I/O 20.0 %"),
    ("pressure", NOTE, contention_of(pressure=None), "not counted"),
    ("load", NOTE, contention_of(load=2.5), "2.50 over the last minute"),
    ("noise", NOTE, contention_of(noise=(STEADY, change(STEADY, cpu=1, p99_excess=0.2))), "20.0 % longer than usual"),
    ("noise", PROBLEM, contention_of(noise=(change(STEADY, p99_excess=4.0),)), "5 times as long"),
    ("noise", NOTE, contention_of(noise=(change(STEADY, longest_stall_ns=20_000_000),)), "longest stall 20.0 ms"),
    ("clock", NOTE, timing_of(change(QUIET, clock_source="hpet"), change(TIMERS, clock_cost_ns=900.0)), "hpet, 900 ns"),
    ("real-time-priority", NOTE, timing_of(priority=REFUSED), "not permitted"),
    ("send-times", NOTE, timing_of(timers=change(TIMERS, rows=[change(ROW, p99_ns=200_000)])), "200 µs"),
    ("send-times", PROBLEM, timing_of(timers=change(TIMERS, rows=[change(ROW, p99_ns=2_000_000)])), "2.00 ms"),
    ("sampling", NOTE, visibility_of(modes=[change(BEST, permitted=False), change(BEST, lost_note="a; b")]), "works"),
    ("sampling", PROBLEM, visibility_of(modes=[change(BEST, permitted=False, error="EACCES")]), "refused: EACCES"),
    ("kernel-names", NOTE, visibility_of(kernel_names=False), "hidden"),
    ("tracepoints", NOTE, visibility_of(tracepoints=NO), "No such file"),
    ("hardware-counters", NOTE, visibility_of(hardware_counters=NO), "No such file"),
    ("huge-pages", NOTE, list(memory.checks(change(QUIET, transparent_hugepages="always"))), "always"),
    ("address-layout", NOTE, list(memory.checks(change(QUIET, aslr=0))), "fixed"),
    ("go", NOTE, tools_of(without("go")), "not on PATH"),
    ("rust", NOTE, tools_of(without("rustc")), "not on PATH"),
    ("valgrind", NOTE, tools_of(without("valgrind")), "not on PATH"),
    ("disk", PROBLEM, tools_of(writable=False), "/p may not be written"),
    ("disk", NOTE, tools_of(free_bytes=1 << 31), "2.00 GiB free"),
    ("disk", PROBLEM, tools_of(free_bytes=1 << 20), "1.00 MiB free"),
    ("open-files", NOTE, tools_of(open_files=1024), "1,024"),
    ("open-files", PROBLEM, tools_of(open_files=256), "256"),
    ("loopback", PROBLEM, tools_of(loopback=Loopback(error="Network is unreachable", ports=0)), "unreachable"),
    ("loopback", NOTE, tools_of(loopback=Loopback(error="", ports=500)), "500 ports"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "checks", "told"), TROUBLE, ids=[f"{t[0]} {t[3]}" for t in TROUBLE])
def test_trouble_is_told_with_its_effect_and_its_remedy(name, status, checks, told):
    (check,) = [check for check in checks if check.name == name]
    assert check.status is status
    assert told in check.value
    assert check.effect
    assert check.remedy
    assert "\n" not in check.remedy
    assert [other.name for other in checks if other.status is not OK] == [name]


def test_what_cannot_be_mended_offers_no_remedy():
    (machine,) = [c for c in processors_of(change(QUIET, virtual_machine=True)) if c.status is not OK]
    assert (machine.name, machine.remedy) == ("virtual-machine", "")
    (counters,) = [c for c in visibility_of(hardware_counters=NO, virtual_machine=True) if c.status is not OK]
    assert (counters.name, counters.remedy) == ("hardware-counters", "")
    (clock,) = [c for c in timing_of(timers=change(TIMERS, clock_cost_ns=900.0)) if c.status is not OK]
    assert (clock.name, clock.remedy) == ("clock", "")


@pytest.mark.parametrize("field", ["governor", "turbo", "smt", "transparent_hugepages", "aslr", "clock_source"])
def test_what_is_not_visible_is_no_fault(field):
    environment = change(QUIET, **{field: None})
    checks = [*processors_of(environment), *timing_of(environment), *memory.checks(environment)]
    assert {check.status for check in checks} == {OK}


def test_remedy_of_real_time_priority_fits_its_cause():
    def remedy(priority: Priority, group: CpuGroup) -> str:
        (check,) = [c for c in timing_of(priority=priority, group=group) if c.name == "real-time-priority"]
        return check.remedy

    assert "/g/cpu.rt_runtime_us" in remedy(REFUSED, change(GROUP, directory=Path("/g"), realtime_budget_us=0))
    assert "rtprio" in remedy(REFUSED, GROUP)
    assert "SYS_NICE" in remedy(change(REFUSED, realtime_limit=50), GROUP)


def test_the_engine_is_judged_by_its_own_way_of_waiting_in_the_best_class():
    rows = [
        change(ROW, method="clock_nanosleep", p99_ns=5_000_000),
        change(ROW, scheduling="other (nice 0)", p99_ns=3_000_000),
        change(ROW, p99_ns=4_000),
    ]
    (check,) = [c for c in timing_of(timers=change(TIMERS, rows=rows)) if c.name == "send-times"]
    assert check.status is OK
    assert "4.00 µs (fifo)" in check.value


def test_missing_measurements_are_told():
    (noise,) = [c for c in contention_of(noise=()) if c.name == "noise"]
    assert (noise.status, "not measured" in noise.value) == (NOTE, True)
    failed = Timers(clock_cost_ns=0.0, rows=[], warnings=["no epoll"])
    (send,) = [c for c in timing_of(timers=failed) if c.name == "send-times"]
    assert (send.status, send.value) == (PROBLEM, "not measured: no epoll")


def test_steal_is_a_share_of_the_time_between_two_readings():
    before, after = CpuTime(busy_ns=490, idle_ns=500, steal_ns=10), CpuTime(busy_ns=570, idle_ns=600, steal_ns=30)
    assert contention.steal_share(before, after) == 0.1
    assert contention.steal_share(before, before) == 0.0

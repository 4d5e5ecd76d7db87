"""Processors: how many there are for us, what they are granted, and what moves their speed."""

from collections.abc import Iterator
from functools import partial

from tailtune.model.doctor import Check, Status
from tailtune.model.environment import Environment
from tailtune.model.recording import CpuLayout
from tailtune.record.host.cgroup import CpuGroup

_check = partial(Check, family="processors")


def checks(environment: Environment, layout: CpuLayout, group: CpuGroup) -> Iterator[Check]:
    """Yield the checks of this family."""
    yield _cores(environment, layout)
    yield _quota(environment, group)
    yield _governor(environment)
    yield _turbo(environment)
    yield _smt(environment, layout)
    yield _virtual_machine(environment)


def _cores(environment: Environment, layout: CpuLayout) -> Check:
    allowed = environment.allowed_cpus
    value = f"{len(allowed)} of {environment.logical_cpus} logical CPUs may be used"
    if len(allowed) >= 2:
        return _check(name="cores", status=Status.OK, value=value, effect=_separation(layout))
    return _check(
        name="cores",
        status=Status.PROBLEM,
        value=value,
        effect="load engine and service share one CPU and delay each other: latencies are too high",
        remedy="give it two CPUs: check `taskset -p $$`, the container's --cpuset-cpus, or the size of the machine",
    )


def _separation(layout: CpuLayout) -> str:
    if "warning" in layout.note:
        return "load engine and service get a CPU each, but share a core and slow each other"
    return "load engine and service get CPUs of their own"


def _quota(environment: Environment, group: CpuGroup) -> Check:
    throttled = f", stopped {group.throttling.periods:,} times so far" if group.throttling.periods else ""
    if group.quota is None:
        where = f"none (cgroup version {group.version})" if group.version else "none: no control groups"
        return _check(name="cpu-quota", status=Status.OK, value=where, effect="nothing stops the service from outside")
    value = f"{group.quota:g} CPUs by cgroup version {group.version}{throttled}"
    if group.quota >= len(environment.allowed_cpus) and not group.throttling.periods:
        return _check(
            name="cpu-quota",
            status=Status.OK,
            value=value,
            effect="as much as the CPUs that may be used: never reached",
        )
    return _check(
        name="cpu-quota",
        status=Status.PROBLEM if group.quota < 2 else Status.NOTE,
        value=value,
        effect="whoever uses it up is stopped for the rest of a period, usually 100 ms: the tail shows the quota; "
        "engine and service draw on the same one",
        remedy="measure without quota (docker run without --cpus), or keep GOMAXPROCS below it",
    )


def _governor(environment: Environment) -> Check:
    if environment.governor is None:
        return _check(
            name="governor",
            status=Status.OK,
            value="not visible",
            effect="the clock rate is not ours to set; its changes are part of the noise measured below",
        )
    if environment.governor == "performance":
        return _check(
            name="governor", status=Status.OK, value="performance", effect="the clock rate does not follow load"
        )
    return _check(
        name="governor",
        status=Status.NOTE,
        value=environment.governor,
        effect="the clock rate follows load: at low rates requests run slower, which looks like a slow service",
        remedy="sudo cpupower frequency-set -g performance",
    )


def _turbo(environment: Environment) -> Check:
    if environment.turbo is None:
        return _check(
            name="turbo", status=Status.OK, value="not visible", effect="cannot be told apart from other noise"
        )
    if not environment.turbo:
        return _check(name="turbo", status=Status.OK, value="off", effect="speed does not depend on heat and neighbors")
    return _check(
        name="turbo",
        status=Status.NOTE,
        value="on",
        effect="speed depends on heat and on what other cores do: runs minutes apart differ, paired slices hardly",
        remedy="echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo (AMD: echo 0 into cpufreq/boost)",
    )


def _smt(environment: Environment, layout: CpuLayout) -> Check:
    if environment.smt is None:
        return _check(name="smt", status=Status.OK, value="not visible", effect="cannot be told apart from other noise")
    if not environment.smt:
        return _check(
            name="smt", status=Status.OK, value="off", effect="no two CPUs share a core, as far as can be seen"
        )
    shared = "shares a core" in layout.note
    return _check(
        name="smt",
        status=Status.NOTE,
        value="on",
        effect="the load engine slows the service, being on the same core"
        if shared
        else "threads of the service slow one another where two are on one core",
        remedy="echo off | sudo tee /sys/devices/system/cpu/smt/control",
    )


def _virtual_machine(environment: Environment) -> Check:
    if not environment.virtual_machine:
        return _check(name="virtual-machine", status=Status.OK, value="no", effect="no neighbors on this hardware")
    return _check(
        name="virtual-machine",
        status=Status.NOTE,
        value="yes",
        effect="neighbors may slow it unseen; compare variants by paired slices, never runs of different days",
    )

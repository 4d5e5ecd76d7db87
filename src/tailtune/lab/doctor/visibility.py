"""Visibility: what of the service's inside can be seen, by trying to open performance events."""

from collections.abc import Iterator
from functools import partial

from tailtune.model.doctor import Check, Status
from tailtune.record.host.probes.perf import PerfCapability

_check = partial(Check, family="visibility")


def checks(perf: PerfCapability, *, virtual_machine: bool) -> Iterator[Check]:
    """Yield the checks of this family."""
    yield _sampling(perf)
    yield _kernel_names(perf)
    yield _counters(perf, virtual_machine=virtual_machine)
    yield _tracepoints(perf)


def _sampling(perf: PerfCapability) -> Check:
    best = next((mode for mode in perf.modes if mode.permitted), None)
    setting = f"perf_event_paranoid={perf.paranoid}"
    if best is None:
        reason = perf.modes[0].error if perf.modes else "no mode"
        return _check(
            name="sampling",
            status=Status.PROBLEM,
            value=f"{setting}; refused: {reason}",
            effect="no on-CPU profile, so `explain` cannot name functions; Go services with pprof are profiled by that",
            remedy="sudo sysctl kernel.perf_event_paranoid=1 (in containers also --cap-add PERFMON)",
        )
    if not best.lost_note:
        return _check(
            name="sampling",
            status=Status.OK,
            value=f"{setting}; works: {best.mode}",
            effect="`explain` names the functions that take the CPU time",
        )
    return _check(
        name="sampling",
        status=Status.NOTE,
        value=f"{setting}; works: {best.mode}",
        effect=best.lost_note.partition(";")[0],
        remedy="sudo sysctl kernel.perf_event_paranoid=0",
    )


def _kernel_names(perf: PerfCapability) -> Check:
    if perf.kernel_names:
        return _check(name="kernel-names", status=Status.OK, value="readable", effect="kernel functions have names")
    return _check(
        name="kernel-names",
        status=Status.NOTE,
        value="hidden from this user",
        effect="time in the kernel is one block without names",
        remedy="sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1",
    )


def _counters(perf: PerfCapability, *, virtual_machine: bool) -> Check:
    if perf.hardware_counters.permitted:
        return _check(
            name="hardware-counters",
            status=Status.OK,
            value="present",
            effect="cycles, instructions and cache misses are counted",
        )
    return _check(
        name="hardware-counters",
        status=Status.NOTE,
        value=perf.hardware_counters.error,
        effect="no cycles, instructions or cache misses; CPU time is measured by the clock, which does without",
        remedy="" if virtual_machine else "sudo sysctl kernel.perf_event_paranoid=1",
    )


def _tracepoints(perf: PerfCapability) -> Check:
    if perf.tracepoints.permitted:
        return _check(
            name="tracepoints", status=Status.OK, value="permitted", effect="each wait of a thread can be seen"
        )
    return _check(
        name="tracepoints",
        status=Status.NOTE,
        value=perf.tracepoints.error,
        effect="single waits cannot be seen; waiting for a CPU is counted by schedstat, which does without",
        remedy="run as root with tracefs: sudo mount -t tracefs tracefs /sys/kernel/tracing",
    )

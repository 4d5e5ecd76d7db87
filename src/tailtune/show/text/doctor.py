"""`tailtune doctor` as text."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tailtune.model.doctor import Check, CpuNoise, Diagnosis, Status, TimerError
from tailtune.model.units import format_bytes, format_ns, format_share
from tailtune.show.text.table import labelled, page, pairs, paragraph, table
from tailtune.show.values import count, plural

_STATUS_WIDTH: Final = max(len(status) for status in Status)


def examination(found: Diagnosis) -> str:
    """Show the verdict, the machine, each check with its effect and remedy, and what was measured."""
    return page(
        _headline(found.checks),
        _machine(found),
        *([family, *_checks(list(checks))] for family, checks in groupby(found.checks, key=lambda one: one.family)),
        _noise(found.noise),
        _timers(found.timers),
    )


def _headline(checks: Sequence[Check]) -> list[str]:
    found = [
        f"{plural(len(names), str(status))}: {', '.join(names)}"
        for status in (Status.PROBLEM, Status.NOTE)
        if (names := [one.name for one in checks if one.status is status])
    ]
    return paragraph("; ".join(found) or "no problem: this machine can measure")


def _machine(found: Diagnosis) -> list[str]:
    host = found.environment
    layout = found.layout
    rows = [
        ("machine", f"{host.cpu_model}, {plural(host.logical_cpus, 'logical CPU')}, {format_bytes(host.memory_bytes)}"),
        ("system", f"{host.os}, Linux {host.kernel}{', virtual machine' if host.virtual_machine else ''}"),
        ("load engine on", f"CPU {_cpus(layout.engine)}; service on {_cpus(layout.service)}"),
    ]
    return pairs(rows, indent=0)


def _cpus(cpus: Sequence[int]) -> str:
    return ", ".join(map(str, cpus)) or "any"


def _checks(checks: Sequence[Check]) -> list[str]:
    name_width = max(len(one.name) for one in checks)
    lines = []
    for one in checks:
        label = f"{one.status:<{_STATUS_WIDTH}}  {one.name:<{name_width}} "
        lines += labelled(label, one.value)
        lines += labelled("", one.effect, indent=len(label) + 3, gap="") if one.effect else []
        lines += labelled("remedy:", one.remedy, indent=len(label) + 3) if one.remedy else []
    return lines


def _noise(measured: Sequence[CpuNoise]) -> list[str]:
    header = ("CPU", "rounds", "typical", "p99 slower by", "longest stall")
    rows = [
        (
            str(one.cpu),
            count(one.rounds),
            format_ns(one.typical_ns),
            format_share(one.p99_excess),
            format_ns(one.longest_stall_ns),
        )
        for one in measured
    ]
    return ["the same small piece of work, over and over", *table(rows, header=header, right=range(5))] if rows else []


def _timers(measured: Sequence[TimerError]) -> list[str]:
    header = ("waiting by", "scheduling", "wakes", "p50", "p99", "max")
    rows = [
        (one.method, one.scheduling, count(one.wakes), *map(format_ns, (one.p50_ns, one.p99_ns, one.max_ns)))
        for one in measured
    ]
    return ["how late a wait ends", *table(rows, header=header, right=range(2, 6))] if rows else []

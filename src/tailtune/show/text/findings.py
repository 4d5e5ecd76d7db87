"""Findings as text: one line each, or with evidence and the experiment that would prove it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tailtune.model.finding import Evidence, Finding, SeenRequest, SeenStack, SeenWait
from tailtune.model.units import format_ns, format_share
from tailtune.show.phrases import share
from tailtune.show.text.table import labelled, table
from tailtune.show.values import count

_DEEPEST: Final = 8
"""Functions of a stack that are named, unless all are asked for."""


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Show each finding by its handle, share and title."""
    lines = []
    for number, one in enumerate(findings, 1):
        lines += labelled(f"f{number} ", f"{one.title} ({share(one)})")
    return ["findings", *lines] if lines else []


def finding_block(number: int, finding: Finding, *, full: bool) -> list[str]:
    """Show one finding: share, evidence, proposal and the command that would confirm it.

    Without `full` only the first evidence is shown, and how many more there are.
    """
    handle = f"f{number}"
    indent = len(handle) + 2
    group = f" · {finding.group}" if full else ""
    about = f"{share(finding)} · {finding.strength} evidence{group} · {finding.id}"
    lines = labelled(f"{handle} ", finding.title, indent=0)
    lines += labelled("", about, indent=indent, gap="")
    shown = finding.evidence if full else finding.evidence[:1]
    left = len(finding.evidence) - len(shown)
    for position, evidence in enumerate(shown, 1):
        more = f" (+{left} more)" if left and position == len(shown) else ""
        lines += labelled("seen:", _evidence(evidence, full=full) + more, indent=indent)
    lines += labelled("try:", finding.proposal, indent=indent)
    if full:
        lines += labelled("not so if:", finding.disproof, indent=indent)
    if finding.confirm:
        lines.append(f"{' ' * indent}prove: {finding.confirm}")
    return lines


def stack_lines(stacks: Sequence[SeenStack], *, full: bool) -> list[str]:
    """Show stacks by their source, leaf first; without `full` not deeper than a few functions."""
    lines = []
    for source, of_source in groupby(stacks, key=lambda one: one.source):
        lines.append(f"stacks in {source}, innermost first")
        for one in of_source:
            shown = one.functions if full else _shortened(one)
            lines += labelled(f"{format_share(one.share, 0):>5} n = {count(one.count)} ", " < ".join(shown))
    return lines


def wait_lines(waits: Sequence[SeenWait]) -> list[str]:
    """Show single waits, each with the request that it was in."""
    if not waits:
        return []
    rows = [
        (one.request, format_ns(one.begin_ns), format_ns(one.length_ns), one.part, _who(one), one.thread, one.place)
        for one in waits
    ]
    header = ("request", "from start", "lasts", "part", "thread", "", "in")
    return ["longest waits", *table(rows, header=header, right=(1, 2))]


def _who(wait: SeenWait) -> str:
    """Name the thread, or the goroutine where it was on none."""
    return str(wait.tid) if wait.tid is not None else f"g{wait.goroutine}"


def _shortened(stack: SeenStack) -> list[str]:
    """Return the innermost functions, the kernel's as one of them and a number."""
    inside, outside = stack.functions[: stack.kernel], stack.functions[stack.kernel :]
    kernel = [*inside[:1], f"({len(inside) - 1} of the kernel)"] if len(inside) > 2 else inside
    left = len(outside) - _DEEPEST
    return [*kernel, *outside[:_DEEPEST], *([f"{left} more"] if left > 0 else [])]


def request_lines(requests: Sequence[SeenRequest]) -> list[str]:
    """Show requests in which a finding can be looked at."""
    if not requests:
        return []
    rows = [(one.request, format_ns(one.latency_ns), *_spent(one)) for one in requests]
    header = ["request", "latency", *(["of it"] if any(one.spent_ns is not None for one in requests) else [])]
    return ["requests above p99 to look at", *table(rows, header=header, right=(1, 2))]


def _spent(request: SeenRequest) -> tuple[str, ...]:
    return () if request.spent_ns is None else (format_ns(request.spent_ns),)


def _evidence(evidence: Evidence, *, full: bool) -> str:
    number = f"; n = {count(evidence.count)}" if evidence.count is not None else ""
    source = f" [{evidence.source}{number}]" if full else ""
    return f"{evidence.text}{source}"

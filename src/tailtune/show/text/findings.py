"""Findings as text: one line each, or with evidence and the experiment that would prove it."""

from collections.abc import Sequence

from tailtune.model.finding import Evidence, Finding
from tailtune.show.phrases import share
from tailtune.show.text.table import labelled
from tailtune.show.values import count


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


def _evidence(evidence: Evidence, *, full: bool) -> str:
    number = f"; n = {count(evidence.count)}" if evidence.count is not None else ""
    source = f" [{evidence.source}{number}]" if full else ""
    return f"{evidence.text}{source}"

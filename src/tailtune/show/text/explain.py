"""`tailtune explain` as text: one page by default, everything on request."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.finding import FindingInFull
from tailtune.model.results import ExplainResult
from tailtune.show.headline import run_headline
from tailtune.show.phrases import diagnosing, share, states
from tailtune.show.text.bands import bands_in_full, bands_section, timeline_sections
from tailtune.show.text.findings import finding_block, request_lines, stack_lines, wait_lines
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph
from tailtune.show.text.together import together
from tailtune.show.values import plural

BUDGET_BYTES: Final = 2048
"""What the default answer keeps to, so that a person or a program can take it in at once."""
_NAMED: Final = 3
"""Findings that are named where there is no room to show them."""


def explanation(result: ExplainResult, *, full: bool = False, band: bool = False) -> str:
    """Show the findings, best first; without `full` as many as fit the budget, and how many are left out.

    Above them stands where the time of requests goes. A request or a finding that was asked for stands alone, and so,
    with `band`, do the parts of a band.
    """
    if result.finding is not None:
        return page([f"run {result.bundle_id}"], *_one_finding(result, result.finding, full=full))
    if result.timeline is not None:
        return page([f"run {result.bundle_id}"], *timeline_sections(result.timeline, full=full))
    if band:
        return page([f"run {result.bundle_id}"], *bands_in_full(result.requests), warnings(result.warnings))
    blocks = [finding_block(number, one, full=full) for number, one in enumerate(result.findings, 1)]
    for shown in range(len(blocks), 0, -1):
        text = _answer(result, blocks[:shown], full=full)
        if full or len(text.encode()) <= BUDGET_BYTES:
            return text
    return _answer(result, blocks[:1], full=full)


def _one_finding(result: ExplainResult, asked: FindingInFull, *, full: bool) -> list[list[str]]:
    number = result.findings.index(asked.finding) + 1
    look = f"  tailtune explain {result.bundle_id} --request "
    return [
        finding_block(number, asked.finding, full=True),
        stack_lines(asked.stacks, full=full),
        wait_lines(asked.waits),
        [*request_lines(asked.requests), *(f"{look}{one.request}" for one in asked.requests[:1])],
    ]


def _answer(result: ExplainResult, blocks: Sequence[Sequence[str]], *, full: bool) -> str:
    told = states(result.summary.diagnose)
    cost = diagnosing(result.summary.diagnosing, brief=not full)
    nothing = ["no finding: no rule saw a cause with enough evidence"]
    return page(
        [
            run_headline(result.summary),
            f"run {result.bundle_id} · variant {result.summary.variant}",
            *(paragraph(f"threads: {told}") if told else []),
            *(paragraph(f"diagnosing: {cost}") if cost else []),
        ],
        *(bands_in_full(result.requests) if full else [bands_section(result.requests)]),
        *(blocks or [nothing]),
        together(result.together) if full else [],
        warnings(result.warnings) if full else _left_out(result, len(blocks)),
    )


def _left_out(result: ExplainResult, shown: int) -> list[str]:
    named = list(enumerate(result.findings, 1))[shown : shown + _NAMED]
    missing = [f"f{number} {one.id} ({share(one)})" for number, one in named]
    missing += [
        plural(number, noun)
        for number, noun in (
            (len(result.findings) - shown - len(named), "more finding"),
            (len(result.warnings), "warning"),
        )
        if number
    ]
    further = next((at for at, one in enumerate(result.findings[:shown], 1) if len(one.evidence) > 1), 0)
    if further:
        missing.append("further evidence")
    command = f"  tailtune explain {result.bundle_id}"
    closer = [f"{command} --finding f{further}"] if further else []
    return [*paragraph(f"not shown: {', '.join(missing)}"), f"{command} --full", *closer] if missing else []

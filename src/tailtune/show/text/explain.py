"""`tailtune explain` as text: one page by default, everything on request."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.results import ExplainResult
from tailtune.show.headline import run_headline
from tailtune.show.phrases import states
from tailtune.show.text.bands import bands_in_full, bands_section, timeline_sections
from tailtune.show.text.findings import finding_block
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph
from tailtune.show.values import plural

BUDGET_BYTES: Final = 2048
"""What the default answer keeps to, so that a person or a program can take it in at once."""


def explanation(result: ExplainResult, *, full: bool = False, band: bool = False) -> str:
    """Show the findings, best first; without `full` as many as fit the budget, and how many are left out.

    Above them stands where the time of requests goes. A request that was asked for stands alone, and so, with `band`,
    do the parts of a band.
    """
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


def _answer(result: ExplainResult, blocks: Sequence[Sequence[str]], *, full: bool) -> str:
    told = states(result.summary.diagnose)
    nothing = ["no finding: no rule saw a cause with enough evidence"]
    return page(
        [
            run_headline(result.summary),
            f"run {result.bundle_id} · variant {result.summary.variant}",
            *(paragraph(f"threads: {told}") if told else []),
        ],
        *(bands_in_full(result.requests) if full else [bands_section(result.requests)]),
        *(blocks or [nothing]),
        warnings(result.warnings) if full else _left_out(result, len(blocks)),
    )


def _left_out(result: ExplainResult, shown: int) -> list[str]:
    missing = [
        plural(number, noun)
        for number, noun in ((len(result.findings) - shown, "finding"), (len(result.warnings), "warning"))
        if number
    ]
    if any(len(one.evidence) > 1 for one in result.findings[:shown]):
        missing.append("further evidence")
    return [f"not shown: {', '.join(missing)}", f"  tailtune explain {result.bundle_id} --full"] if missing else []

"""Scores as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from observing import Finding, Observed
from scoring import FALSE_ABOVE, Score, Totals, total

_HEADER: Final = (
    *("specimen", "planted cause", "first finding", "rank of the expected", "share told / planted"),
    *("slowest 1 % named / goal", "p99 planted / healthy", "on the twin above 10 %"),
)
_SERVED: Final = {0.95: "goroutines and threads", 0.9: "tasks of tokio"}
"""Whose goal is which share."""


def scored(scores: Sequence[Score]) -> str:
    """Return the table of all specimens with the totals below it."""
    rows = [_HEADER, ["---"] * len(_HEADER), *(_row(one) for one in scores)]
    table = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)
    return f"{table}\n\n{totals(total(scores))}\n"


def totals(sums: Totals) -> str:
    """Return the totals as a list."""
    error = "" if sums.share_error is None else f", mean error {sums.share_error * 100:.1f} percentage points"
    lines = [
        f"first cause: {_of(sums.first, sums.specimens)}",
        f"among the first three: {_of(sums.among_three, sums.specimens)}",
        f"planted share within tolerance: {sums.shares_right} of {sums.shares_known}; told: {sums.shares_told}{error}",
        *(
            f"slowest 1 % with at least {goal * 100:.0f} % of their time in named parts, {_SERVED[goal]}: "
            f"{_of(reached, count)}"
            for goal, (reached, count) in sums.named.items()
        ),
        f"findings on healthy twins above {FALSE_ABOVE * 100:.0f} % of the tail: {sums.false_of_tail}; of anything: "
        f"{sums.false_of_anything}",
    ]
    if sums.failed:
        lines.append(f"specimens whose runs failed: {sums.failed}")
    return "\n".join(f"- {line}" for line in lines)


def put(path: Path, text: str, which: str) -> None:
    """Put the text between the marks that a document has for these scores, in place of what is there.

    Raises:
        ValueError: if the marks are not there.
    """
    document = path.read_text("utf-8")
    before, begin, rest = document.partition(f"<!-- score of {which}: written by specimens/score.py --markdown -->\n")
    _, end, after = rest.partition(f"<!-- end of {which} -->\n")
    if not begin or not end:
        raise ValueError(f"{path}: the marks around the table are missing")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(one: Score) -> list[str]:
    return [
        one.name,
        one.cause if one.cpu_signature else f"{one.cause} (no CPU)",
        one.planted.error or _first(one.planted),
        str(one.rank) if one.rank else "missed",
        _shares(one),
        f"{_percent(one.planted.named, 'not told')} / {_percent(one.named_goal)}",
        f"{_milliseconds(one.planted)} / {_milliseconds(one.healthy)}",
        one.healthy.error or ", ".join(map(_claim, one.false_findings)) or "none",
    ]


def _first(observed: Observed) -> str:
    return _claim(observed.findings[0]) if observed.findings else "none"


def _claim(finding: Finding) -> str:
    return f"{finding.id} ({finding.share.point * 100:.0f} % of {finding.share_of})"


def _shares(one: Score) -> str:
    if one.share is None:
        return ""
    return f"{_percent(one.told_share, 'not told')} / {_percent(one.share.tail)}"


def _percent(share: float | None, unknown: str = "") -> str:
    return unknown if share is None else f"{share * 100:.0f} %"


def _milliseconds(observed: Observed) -> str:
    unsure = "" if observed.validity in ("VALID", "") else f" ({observed.validity})"
    return f"{'?' if observed.p99_ns is None else f'{observed.p99_ns / 1e6:.1f} ms'}{unsure}"


def _of(count: int, all_of: int) -> str:
    return f"{count} of {all_of} ({100 * count / all_of:.0f} %)" if all_of else "0 of 0"

"""From what the runs said to the score: pure."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
from expected import Share, Specimen
from observing import Finding, Observed

FALSE_ABOVE: Final = 0.10
"""A finding on a healthy twin that claims more than this share is a false one."""
_OF_THE_TAIL: Final = re.compile(r"\bp99|\btail\b")
_FIRST: Final = 3


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One specimen and its twin."""

    name: str
    cause: str
    cpu_signature: bool
    planted: Observed
    healthy: Observed
    rank: int | None
    """Of the expected finding, from 1; None: it is missing."""
    share: Share | None
    """The planted one, where it is known."""
    told: Finding | None
    """The expected finding, where there is one."""
    named_goal: float = 0.95
    """Share of the slowest hundredth's time that has to be in parts that are named."""

    @property
    def told_share(self) -> float | None:
        """The share that the expected finding tells of the tail; None if it tells none, or of something else."""
        return self.told.share.point if self.told is not None and of_the_tail(self.told) else None

    @property
    def named_enough(self) -> bool:
        """Whether so much of the slowest requests' time is in parts that are named."""
        return self.planted.named is not None and self.planted.named >= self.named_goal

    @property
    def false_findings(self) -> list[Finding]:
        """What is claimed of the twin, of the tail or of anything else."""
        return [finding for finding in self.healthy.findings if finding.share.point > FALSE_ABOVE]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of all scores."""

    specimens: int
    first: int
    """Specimens whose expected finding comes first."""
    among_three: int
    failed: int
    """Specimens of which a run failed; they count as missed."""
    shares_known: int
    shares_told: int
    shares_right: int
    """Within their tolerance."""
    share_error: float | None
    """Mean absolute difference of told and planted shares; None without any."""
    named: dict[float, tuple[int, int]]
    """Goal of named time → specimens that reach it, and those that have it; the highest goal first."""
    false_of_tail: int
    """Findings on twins that claim more than FALSE_ABOVE of the tail."""
    false_of_anything: int
    """The same of CPU time, mean latency or whatever else, those of the tail included."""


def of_the_tail(finding: Finding) -> bool:
    """Whether a finding's share is one of the time of the slowest requests."""
    return _OF_THE_TAIL.search(finding.share_of) is not None


def score(specimen: Specimen, planted: Observed, healthy: Observed) -> Score:
    """Find the expected finding among those of the planted variant."""
    expected = specimen.expected
    ranks = [number for number, found in enumerate(planted.findings, 1) if re.search(expected.finding, found.id)]
    rank = ranks[0] if ranks else None
    return Score(
        name=specimen.name,
        cause=expected.cause,
        cpu_signature=expected.cpu_signature,
        planted=planted,
        healthy=healthy,
        rank=rank,
        share=expected.share,
        told=planted.findings[rank - 1] if rank else None,
        named_goal=expected.named_goal,
    )


def total(scores: Sequence[Score]) -> Totals:
    """Sum up."""
    known = [one for one in scores if one.share is not None]
    errors = [
        (abs(told - one.share.tail), one.share.tolerance)
        for one in known
        if one.share is not None and (told := one.told_share) is not None
    ]
    false = [finding for one in scores for finding in one.false_findings]
    return Totals(
        specimens=len(scores),
        first=sum(one.rank == 1 for one in scores),
        among_three=sum(one.rank is not None and one.rank <= _FIRST for one in scores),
        failed=sum(bool(one.planted.error or one.healthy.error) for one in scores),
        shares_known=len(known),
        shares_told=len(errors),
        shares_right=sum(error <= tolerance for error, tolerance in errors),
        share_error=sum(error for error, _ in errors) / len(errors) if errors else None,
        named={
            goal: (sum(one.named_enough for one in scores if one.named_goal == goal), count)
            for goal, count in sorted(Counter(one.named_goal for one in scores).items(), reverse=True)
        },
        false_of_tail=sum(map(of_the_tail, false)),
        false_of_anything=len(false),
    )

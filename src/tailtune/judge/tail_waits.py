"""What the slowest requests waited for, for rules that name one kind of waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.cause import TAIL, finding
from tailtune.judge.cause import Cause as Found
from tailtune.judge.facts import Facts
from tailtune.judge.request_parts import ON_CPU, READER_ON_CPU, READER_RUNNABLE, RUNNABLE
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.request_parts import Band, PartShare
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_TAIL_FROM: Final = 0.99
_MOST: Final = 0.5
_NAMED: Final = (Cause.LOCK, Cause.QUEUE, Cause.SLEEP)
_CPU_PARTS: Final = (ON_CPU, RUNNABLE, READER_ON_CPU, READER_RUNNABLE)
_SOURCE: Final = "tables/waits.parquet"


@dataclass(frozen=True)
class TailWait:
    """Parts of the latency of the requests above p99 that are one kind of waiting."""

    band: Band
    parts: list[PartShare]
    """Largest first, at least one."""

    @property
    def share(self) -> Estimate:
        """Of the latency of these requests; several parts are taken to err in the same direction."""
        shares = [part.share for part in self.parts]
        point = min(1.0, sum(share.point for share in shares))
        bounds = [(share.low, share.high) for share in shares if share.low is not None and share.high is not None]
        first = shares[0]
        if len(bounds) < len(shares):
            return Estimate(point=point, low=None, high=None, confidence=first.confidence, n=first.n)
        low, high = sum(low for low, _ in bounds), min(1.0, sum(high for _, high in bounds))
        return Estimate(point=point, low=low, high=high, confidence=first.confidence, n=first.n)

    @property
    def mean_ns(self) -> float:
        """Waited by each of these requests, on average."""
        return sum(part.mean_ns for part in self.parts)

    @property
    def where(self) -> str:
        """The function in which most of it is spent; empty if none was seen."""
        return next((place.function for part in self.parts for place in part.places), "")

    def told(self) -> str:
        """Return how long each waited and which share of its time that is: `22.1 ms each, 97.0 % of their time`."""
        return f"{format_ns(self.mean_ns)} each, {format_share(self.share.point)} of their time"

    def evidence(self) -> list[Evidence]:
        """Return what it rests on: the requests, the places, and requests to look at."""
        band = self.band
        found = [
            Evidence(
                text=f"{band.requests} requests took {format_ns(band.least_ns)} to {format_ns(band.most_ns)}, "
                f"{format_ns(band.mean_ns)} on average",
                source="tables/requests.parquet",
                count=band.requests,
            ),
            *(_places(part) for part in self.parts if part.places),
        ]
        if band.examples:
            found.append(Evidence(text=f"look at one: tailtune explain --request {band.examples[0]}", source=_SOURCE))
        return found


def tail_wait(facts: Facts, is_meant: Callable[[PartShare], bool]) -> TailWait | None:
    """Return the parts that are meant; None where they take less than a tenth of the tail, or nobody knows."""
    band = slowest(facts)
    parts = [part for part in band.parts if is_meant(part)] if band else []
    if band is None or not parts or sum(part.share.point for part in parts) < _WORTH_A_FINDING:
        return None
    return TailWait(band, sorted(parts, key=lambda part: -part.share.point))


def cause_of(facts: Facts, rule: str, wait: TailWait, does: str, *, disproof: str, proposal: str) -> Found:
    """Return the cause of which threads were seen while they worked on these requests; `does`: what requests do."""
    where = f" in {wait.where}" if wait.where else ""
    found = finding(
        facts,
        rule,
        wait.where,
        f"requests above p99 {does}{where}: {wait.told()}",
        group=Group.CONCURRENCY,
        share=wait.share,
        share_of=TAIL,
        strength=Strength.STRONG,
        evidence=wait.evidence(),
        disproof=disproof,
        proposal=proposal,
    )
    return Found(found, wait.share.point)


def names_most_of_tail(facts: Facts) -> bool:
    """Whether threads were seen to spend half of the tail's time with one kind of waiting that a rule names."""
    band = slowest(facts)
    parts = band.parts if band else []
    return any(part.share.point >= _MOST and part.part.endswith(_NAMED) for part in parts)


def is_about_the_cpu(facts: Facts) -> bool:
    """Whether requests above p99 were seen to spend half of their time with a CPU, or waiting for one.

    Their own thread's, or that of the thread that had yet to read them.
    """
    band = slowest(facts)
    return band is not None and sum(part.share.point for part in band.parts if part.part in _CPU_PARTS) >= _MOST


def slowest(facts: Facts) -> Band | None:
    """Return the requests above p99 of the diagnose window."""
    bands = facts.bands.bands if facts.bands else []
    return next((band for band in bands if band.low_q == _TAIL_FROM and band.high_q >= 1), None)


def _places(part: PartShare) -> Evidence:
    seen = ", ".join(f"{place.function} ({format_share(place.share, 0)})" for place in part.places)
    return Evidence(text=f"{part.part}: {seen}", source=_SOURCE, count=sum(place.count for place in part.places))

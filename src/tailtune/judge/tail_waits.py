"""What the slowest requests waited for, for rules that name one kind of waiting."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.cause import TAIL, finding
from tailtune.judge.cause import Cause as Found
from tailtune.judge.clusters import Cluster, fixed_cluster
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_code, short_owner
from tailtune.judge.part_names import (
    ANOTHER_PROGRAM,
    CLIENT_QUEUE,
    GC_ASSIST,
    GC_WAIT,
    ON_CPU,
    OTHER_BLOCKED,
    OTHER_ON_CPU,
    OTHER_RUNNABLE,
    READER_ON_CPU,
    READER_RUNNABLE,
    READER_WAITS_FOR_P,
    RUNNABLE,
    WAITS_FOR_P,
)
from tailtune.judge.request_bands import GO_TRACE
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import sum_of_shares
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.request_parts import Band, PartKind, PartShare, Place
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_TAIL_FROM: Final = 0.99
_MEDIAN: Final = 0.5
_MOST: Final = 0.5
_ACCOUNTS: Final = 0.8
"""Waits are those of a cluster if they are this much of its time."""
_NAMED: Final = (Cause.LOCK, Cause.QUEUE, Cause.SLEEP, Cause.ALLOCATOR)
_CPU_PARTS: Final = (
    *(ON_CPU, GC_ASSIST, RUNNABLE, WAITS_FOR_P, READER_ON_CPU, READER_RUNNABLE, READER_WAITS_FOR_P),
    *(OTHER_ON_CPU, OTHER_RUNNABLE),
)
_READY: Final = (RUNNABLE, READER_RUNNABLE, OTHER_RUNNABLE)
_FOR_COMPUTING: Final = (CLIENT_QUEUE, GC_WAIT, Cause.ADDRESS_SPACE, Cause.PAGE_FAULT)
"""Waits that may be for what other requests, the collector or the kernel compute on the service's behalf."""
_TICK_NS: Final = 4_000_000
"""Time-outs of sockets are counted in the kernel's ticks, and rounded up (SO_RCVTIMEO; kernel/time/timer.c, HZ=250)."""
_SOURCE: Final = "tables/waits.parquet"


@dataclass(frozen=True)
class TailWait:
    """Parts of the latency of the requests above p99 that are one kind of waiting."""

    band: Band
    parts: list[PartShare]
    """Largest first, at least one."""
    source: str = _SOURCE
    """File that tells of the waits."""
    until_on_cpu: bool = False
    """Whether the waits for a CPU right behind count as well: without the wait, the CPU would not have been left."""
    least: float = 0.0
    """The share is known to be at least that; 0: it is not."""

    @property
    def share(self) -> Estimate:
        """Of the latency of these requests; several parts are taken to err in the same direction."""
        found = sum_of_shares([part.share for part in self.parts] + self._behind)
        return msgspec.structs.replace(found, low=max(found.low or 0.0, self.least)) if self.least else found

    @property
    def mean_ns(self) -> float:
        """Waited by each of these requests, on average."""
        return sum(part.mean_ns for part in self.parts) + self.behind_ns

    @property
    def behind_ns(self) -> float:
        """Of it, waiting for a CPU right behind; 0 unless that counts."""
        return sum(share.point for share in self._behind) * self.band.mean_ns

    @property
    def _behind(self) -> list[Estimate]:
        return [part.then_runnable for part in self.parts if self.until_on_cpu and part.then_runnable is not None]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parts."""
        return tuple(part.part for part in self.parts)

    @property
    def where(self) -> str:
        """The function in which most of it is spent; empty if none was seen."""
        return next((place.function for part in self.parts for place in part.places), "")

    def told(self) -> str:
        """Return how long each waited and which share of its time that is: `22.1 ms each, 97.0 % of their time`."""
        return f"{format_ns(self.mean_ns)} each, {format_share(self.share.point)} of their time"

    def evidence(self) -> list[Evidence]:
        """Return what it rests on: who had the lock, the requests, the places, and a request to look at."""
        band = self.band
        found = [
            *(_holders(part, self.source) for part in self.parts if part.holders),
            Evidence(
                text=f"{band.requests} requests took {format_ns(band.least_ns)} to {format_ns(band.most_ns)}, "
                f"{format_ns(band.mean_ns)} on average",
                source="tables/requests.parquet",
                count=band.requests,
            ),
            *(_places(part, self.source) for part in self.parts if part.places),
        ]
        if self.behind_ns:
            text = f"{format_ns(self.behind_ns)} of it each: ready again, and waiting for the CPU that they had left"
            found.append(Evidence(text=text, source=_SOURCE))
        if band.examples:
            text = f"look at one: tailtune explain --request {band.examples[0]}"
            found.append(Evidence(text=text, source=self.source))
        return found


def tail_wait(facts: Facts, is_meant: Callable[[PartShare], bool], *, until_on_cpu: bool = False) -> TailWait | None:
    """Return the parts that are meant; None where they take less than a tenth of the tail, or nobody knows.

    With `until_on_cpu`, the waits for a CPU right behind them count as well.
    """
    band = slowest(facts)
    parts = [part for part in band.parts if is_meant(part)] if band else []
    if band is None or not parts:
        return None
    source = GO_TRACE if follows_goroutines(facts) else _SOURCE
    found = TailWait(band, sorted(parts, key=lambda part: -part.share.point), source, until_on_cpu)
    return found if found.share.point >= _WORTH_A_FINDING else None


def follows_goroutines(facts: Facts) -> bool:
    """Whether requests were divided by what their goroutines did; rules about threads leave such requests to Go's."""
    return facts.bands is not None and facts.bands.followed > 0


def cause_of(
    facts: Facts,
    rule: str,
    wait: TailWait,
    does: str,
    *,
    disproof: str,
    proposal: str,
    further: Sequence[Evidence] = (),
) -> Found:
    """Return the cause of which threads or goroutines were seen while they worked on these requests.

    Args:
        facts: of the run.
        rule: which finds it.
        wait: what was seen.
        does: what requests do, after `requests above p99`.
        disproof: what would show that it is no cause.
        proposal: what to do.
        further: evidence besides that of the wait.
    """
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
        evidence=[*wait.evidence(), *further],
        disproof=disproof,
        proposal=proposal,
    )
    return Found(found, wait.share.point, parts=wait.names)


def timed_wait(facts: Facts, cause: Cause) -> tuple[TailWait, Cluster] | None:
    """Return the tail's waits for a cause in the service's own code, and the requests that wait so, all as long.

    None where their times differ, or are not what these requests wait, and of goroutines: other rules see what those
    wait in, clients and new connections.
    """
    wait = tail_wait(facts, lambda part: part.part == cause)
    if wait is None or facts.goroutines is not None or not is_code(wait.where):
        return None
    cluster = fixed_cluster(facts.times, _TICK_NS, wait.mean_ns / 2)
    if cluster is None:
        return None
    return (wait, cluster) if accounts_for(wait, cluster) else None


def accounts_for(wait: TailWait, cluster: Cluster) -> bool:
    """Whether waits of the tail are those that requests of a cluster have, all as long."""
    in_tail = min(1.0, cluster.part / (1 - _TAIL_FROM))
    return wait.mean_ns >= _ACCOUNTS * in_tail * cluster.wait_ns


def is_behind_others(part: PartShare) -> bool:
    """Whether requests spent a part behind others, on the thread that they were handed over to, or nobody knows where.

    Not while that thread worked for themselves.
    """
    if part.part == Cause.HANDED_OVER:
        return True
    return part.part.startswith(OTHER_BLOCKED) and (part.at_once or 0.0) < _MOST


def usual_wait_ns(facts: Facts, names: tuple[str, ...]) -> float:
    """Return how long ordinary requests spend in parts of these names, on average; 0 where there are none of either."""
    band = ordinary(facts)
    return sum(part.mean_ns for part in band.parts if part.part in names) if band else 0.0


def is_on_pool(wait: TailWait) -> bool:
    """Whether most of a wait was seen to be on threads of a runtime's pool for blocking calls."""
    whole = sum(part.share.point for part in wait.parts)
    return sum(part.share.point * (part.on_pool or 0.0) for part in wait.parts) > _MOST * whole


def names_most_of_tail(facts: Facts) -> bool:
    """Whether threads were seen to spend half of the tail's time with one kind of waiting that a rule names."""
    band = slowest(facts)
    parts = band.parts if band else []
    named = tuple(one for one in _NAMED if one != Cause.QUEUE or not follows_goroutines(facts))
    return any(part.share.point >= _MOST and part.part.endswith(named) for part in parts)


def is_about_the_cpu(facts: Facts) -> bool:
    """Whether requests above p99 were seen to spend half of their time with a CPU, or waiting for one.

    Their own thread's, or that of the thread that had yet to read them.
    """
    band = slowest(facts)
    return band is not None and sum(part.share.point for part in band.parts if part.part in _CPU_PARTS) >= _MOST


def most_of_tail(facts: Facts, cpu_share: float) -> float:
    """Return how much of the tail a share of CPU time takes at most, in [0, 1]; 1 where nobody knows the tail's parts.

    What is not known of the tail may be computing as well, and so may be what some waits are for.
    """
    band = slowest(facts)
    if band is None:
        return 1.0
    maybe = [
        part for part in band.parts if part.part in (*_CPU_PARTS, *_FOR_COMPUTING) or part.kind is PartKind.UNKNOWN
    ]
    return cpu_share * min(1.0, sum(part.share.point for part in maybe))


def slowest(facts: Facts) -> Band | None:
    """Return the requests above p99 of the diagnose window."""
    bands = facts.bands.bands if facts.bands else []
    return next((band for band in bands if band.low_q == _TAIL_FROM and band.high_q >= 1), None)


def ordinary(facts: Facts) -> Band | None:
    """Return the requests around the median of the diagnose window."""
    bands = facts.bands.bands if facts.bands else []
    return next((band for band in bands if band.low_q < _MEDIAN < band.high_q), None)


def joins(profile: StackProfile | None, where: str, pattern: re.Pattern[str]) -> bool:
    """Whether a function mostly waits at what matches: the end of what it has started, which works for the request."""
    if profile is None or not where:
        return False
    there = profile.owned_by(where, short_owner)
    return profile.value(there & profile.containing(pattern)) > _MOST * profile.value(there)


def other_programs(facts: Facts) -> list[Place]:
    """Return the other programs that had CPUs while requests above p99 waited for them, by share of these waits."""
    band = slowest(facts)
    waits = [part for part in band.parts if part.part in _READY] if band else []
    places = max(waits, key=lambda part: part.share.point).places if waits else []
    return [place for place in places if place.function.endswith(ANOTHER_PROGRAM)]


def _places(part: PartShare, source: str) -> Evidence:
    seen = ", ".join(f"{place.function} ({format_share(place.share, 0)})" for place in part.places)
    return Evidence(text=f"{part.part}: {seen}", source=source, count=sum(place.count for place in part.places))


def _holders(part: PartShare, source: str) -> Evidence:
    seen = ", ".join(f"{place.function} ({format_share(place.share, 0)})" for place in part.holders)
    who = "goroutines" if source == GO_TRACE else "threads"
    held = "held meanwhile, inferred from what the" if part.part == Cause.LOCK else "meanwhile, where the"
    did = "did" if part.part == Cause.LOCK else "were"
    text = f"{held} {who} {did} that ended these waits: {seen}"
    return Evidence(text=text, source=source, count=sum(place.count for place in part.holders))

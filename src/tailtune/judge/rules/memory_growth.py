"""Memory of the service that grows while requests come at a steady rate, with no end in sight."""

import math
from enum import Enum
from typing import Final, NamedTuple

from tailtune.judge.cause import (
    Cause,
    Rank,
    changed_code,
    changed_knob,
    changed_rate,
    changed_setting,
    finding,
    instrumented_run,
    listed,
    sampled,
)
from tailtune.judge.facts import Facts
from tailtune.judge.memory import Memory, Trend
from tailtune.judge.memory_costs import live_growth, resident_growth
from tailtune.judge.names import short
from tailtune.judge.stackprofile import Stacks
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.project import Language
from tailtune.model.units import format_bytes, format_share

_LIVE_SHARE: Final = 0.25
"""Of resident growth: with GOGC=100 a Go heap is twice what lives, so that is half of it, and some is rounding."""
_OTHER_SHARE: Final = 0.1
"""Of resident growth, below which sampled live memory does not explain it."""
_MOSTLY: Final = 0.3
"""Share of what came to live longer, from which the function that allocated it is named."""
_PILE: Final = 100
"""Goroutines; more than connections come and go by."""
_ANSWERING: Final = 3
"""Times the requests in flight on average, that many goroutines may answer some at a moment."""
_STACK: Final = 2048
"""Bytes of the smallest stack of a goroutine (runtime/stack.go)."""
_STACKS_SHARE: Final = 0.05
"""Of resident growth: stacks are larger than the smallest, and what they keep alive comes to it."""
_THREAD: Final = 64 << 10
"""Bytes that a thread makes resident without doing much: its stacks, its caches in the allocator."""
_THREADS_SHARE: Final = 0.5
"""Of resident growth."""
_MIB: Final = 1 << 20
_SOURCE: Final = "tables/process.parquet"
_COLLECTIONS: Final = "tables/gc.parquet"


class _Kind(Enum):
    LIVE = "live"
    PILED = "goroutines"
    THREADS = "threads"
    KEPT = "kept"
    UNKNOWN = "unknown"


class _Price(NamedTuple):
    """What growth costs requests."""

    saving: float
    stacks: Stacks
    told: str
    evidence: Evidence


class MemoryGrowth:
    """Resident memory in time, against what lives and the pages and collections that growth costs."""

    id = "memory-growth"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where resident memory grows by 4 MiB and 5 % within the window, and does not settle later.

        Growth alone delays nobody and is a remark, unless page faults or collections take a tenth of CPU time for it.
        """
        memory = facts.memory
        resident, live = resident_growth(memory), live_growth(memory, facts.pressed)
        grown = resident or live
        if memory is None or grown is None:
            return []
        kind, culprit = _told_by(facts, memory, is_resident=resident is not None)
        if kind in (_Kind.KEPT, _Kind.UNKNOWN) and _is_filling(facts, memory.resident):
            return []
        what = "resident memory" if resident else "what lives"
        price = (_collecting(facts) if kind in (_Kind.LIVE, _Kind.PILED) else None) or _faulting(facts)
        each = f", {_each(facts, grown.per_s.point)} for each request" if facts.measure.achieved_rate_per_s else ""
        found = finding(
            facts,
            self.id,
            short(culprit) or kind.value,
            f"{_title(kind, culprit, facts)}: {what} grows by {format_bytes(grown.per_s.point)} a second{each}"
            f"{price.told if price else ''}",
            group=Group.SETTINGS if kind is _Kind.KEPT else Group.ALGORITHM,
            share=_share(grown),
            share_of=f"{what} at the end of the window",
            strength=Strength.MODERATE if kind in (_Kind.UNKNOWN, _Kind.THREADS) else Strength.STRONG,
            evidence=[*_evidence(facts, memory, grown, kind), *([price.evidence] if price else [])],
            disproof=_disproof(kind),
            proposal=_proposal(kind, facts),
            confirm=_confirm(kind, facts, memory),
        )
        if price is None:
            return [Cause(found, 0.0, Rank.REMARK)]
        return [Cause(found, price.saving, explains=price.stacks)]


def _kind(memory: Memory) -> _Kind:
    """Whether what lives grows with what is resident: by Go's collections, otherwise by heap profiles."""
    resident, live, retained = memory.resident.per_s.point, memory.live, memory.retained
    if live is not None and live.per_s.low is not None and live.per_s.high is not None:
        if live.per_s.low > 0 and live.per_s.point >= _LIVE_SHARE * resident:
            return _Kind.LIVE
        return _Kind.KEPT if live.per_s.high < _LIVE_SHARE * resident else _Kind.UNKNOWN
    if retained is None:
        return _Kind.UNKNOWN
    if retained.per_s >= _LIVE_SHARE * resident:
        return _Kind.LIVE
    return _Kind.KEPT if retained.per_s < _OTHER_SHARE * resident else _Kind.UNKNOWN


def _made_by(memory: Memory) -> str:
    """Return the function that allocated most of what came to live longer; empty where none did, or nobody knows."""
    retained = memory.retained
    if retained is None or retained.grown_bytes <= 0 or not retained.owners:
        return ""
    name, share = retained.owners[0]
    return name if share >= _MOSTLY else ""


def _piled_in(facts: Facts, memory: Memory) -> str:
    """Return the function that goroutines pile up in; empty where they do not, or are too few to be what grows.

    Those that answer requests while the load runs are no pile.
    """
    piled, load = memory.goroutines, facts.manifest.diagnose_load
    if piled is None or not piled.owners:
        return ""
    answering = load.in_flight_time_average if load is not None else 0.0
    grown_bytes = memory.resident.per_s.point * piled.seconds
    is_pile = piled.more >= _PILE + _ANSWERING * answering and piled.more * _STACK >= _STACKS_SHARE * grown_bytes
    return piled.owners[0][0] if is_pile else ""


def _told_by(facts: Facts, memory: Memory, *, is_resident: bool) -> tuple[_Kind, str]:
    """Return what grows, and the function that it is told by; empty where none is known."""
    piled_in = _piled_in(facts, memory)
    if piled_in:
        return _Kind.PILED, piled_in
    first, last = memory.threads
    if is_resident and (last - first) * _THREAD >= _THREADS_SHARE * memory.resident.grown_bytes:
        return _Kind.THREADS, ""
    kind = _kind(memory) if is_resident else _Kind.LIVE
    return kind, _made_by(memory) if kind is _Kind.LIVE else ""


def _is_filling(facts: Facts, resident: Trend) -> bool:
    """Whether Go's heap merely fills up to where it is collected next, whatever of it lives."""
    gc = facts.measure.gc
    return gc is not None and resident.last_bytes <= gc.heap_goal_bytes


def _title(kind: _Kind, culprit: str, facts: Facts) -> str:
    match kind:
        case _Kind.PILED:
            return f"goroutines pile up in {short(culprit)}"
        case _Kind.THREADS:
            return "ever more threads come to be"
        case _Kind.LIVE if culprit:
            return f"what {short(culprit)} allocates is kept and not let go"
        case _Kind.LIVE:
            return "live data grow without an end"
        case _Kind.KEPT if _is_go(facts):
            return "memory grows outside of Go's live heap"
        case _Kind.KEPT:
            return "the allocator keeps ever more memory that is free, in pieces"
        case _:
            return "memory is not given back"


def _collecting(facts: Facts) -> _Price | None:
    gc, found = facts.measure.gc, facts.pressed
    if gc is None or found is None:
        return None
    now, most = format_share(found.room.now, 0), format_share(found.room.most, 0)
    return _Price(
        max(facts.saving(found.cpu_share), found.tail_share),
        found.stacks,
        f"; collections have little room left and take {format_share(gc.cpu_share)} of CPU time",
        Evidence(
            text=f"the heap may grow by {now} of what lives until the next collection, at most it was {most}: live "
            f"data have come near a limit; {gc.cycles_per_s:.1f} collections a second",
            source=_COLLECTIONS,
            count=gc.cycles,
        ),
    )


def _faulting(facts: Facts) -> _Price | None:
    profile, found, faults = facts.cpu, facts.first_touches, facts.faults_per_request
    if profile is None or found is None or faults is None:
        return None
    what = f"{format_share(found.part, 0)} of {faults:,.1f} page faults per request are for it; in page faults"
    return _Price(
        facts.saving(found.cpu_share),
        found.stacks,
        f"; touching it for the first time takes {format_share(found.cpu_share)} of CPU time",
        sampled(profile, found.stacks, what),
    )


def _share(grown: Trend) -> Estimate:
    """What was added, of what is resident in the end; the first reading's line has no interval of its own."""

    def of_last(per_s: float | None) -> float | None:
        if per_s is None:
            return None
        added = max(0.0, per_s * grown.seconds)
        return added / (grown.first_bytes + added)

    per_s = grown.per_s
    return Estimate(
        point=of_last(per_s.point) or 0.0,
        low=of_last(per_s.low),
        high=of_last(per_s.high),
        confidence=per_s.confidence,
        n=per_s.n,
    )


def _evidence(facts: Facts, memory: Memory, grown: Trend, kind: _Kind) -> list[Evidence]:
    resident, later, live, retained = memory.resident, memory.resident_later, memory.live, memory.retained
    text = f"resident: {_told(resident)}, {_rate(resident.later_per_s)} in the later half"
    found = [Evidence(text=text, source=_SOURCE, count=resident.per_s.n)]
    if later is not None:
        text = f"resident, while diagnosing: {_told(later)}"
        found.append(Evidence(text=text, source=_SOURCE, count=later.per_s.n))
    if live is not None:
        text = f"alive after each collection: {_told(live)}"
        found.append(Evidence(text=text, source=_COLLECTIONS, count=live.per_s.n))
    if facts.measure.achieved_rate_per_s:
        per_s = grown.per_s
        bounds = [_each(facts, bound) for bound in (per_s.low, per_s.high) if bound is not None]
        text = f"{_each(facts, per_s.point)} [{', '.join(bounds)}] for each request"
        found.append(Evidence(text=text, source=_SOURCE if grown is resident else _COLLECTIONS))
    piled = memory.goroutines
    if piled is not None and kind is _Kind.PILED:
        text = f"{piled.more:,} more goroutines in the middle of diagnosing than before it, in {listed(piled.owners)}"
        found.append(Evidence(text=text, source=piled.source, count=piled.more))
    if kind is _Kind.THREADS:
        text = "{:,} threads at the begin of the window, {:,} at its end".format(*memory.threads)
        found.append(Evidence(text=text, source=_SOURCE, count=memory.threads[1]))
    if retained is not None:
        sign = "more" if retained.grown_bytes >= 0 else "less"
        makers = f"; what came to it was allocated by {listed(retained.owners)}" if retained.owners else ""
        text = f"{format_bytes(abs(retained.grown_bytes))} {sign} live at the end of diagnosing than before it{makers}"
        found.append(Evidence(text=text, source=retained.source))
    return found


def _told(trend: Trend) -> str:
    """Return a trend in words: `40.0 MiB to 83.0 MiB in 6.0 s, 7.17 MiB/s [7.01 MiB/s, 7.30 MiB/s]`."""
    first, last = format_bytes(trend.first_bytes), format_bytes(trend.last_bytes)
    return f"{first} to {last} in {trend.seconds:.1f} s, {_rate(trend.per_s)}"


def _rate(per_s: Estimate) -> str:
    if per_s.low is None or per_s.high is None:
        return f"{format_bytes(per_s.point)}/s"
    return f"{format_bytes(per_s.point)}/s [{format_bytes(per_s.low)}/s, {format_bytes(per_s.high)}/s]"


def _each(facts: Facts, per_s: float) -> str:
    return format_bytes(per_s / facts.measure.achieved_rate_per_s)


def _is_go(facts: Facts) -> bool:
    service = facts.manifest.service
    return service is not None and service.language is Language.GO


def _disproof(kind: _Kind) -> str:
    match kind:
        case _Kind.PILED:
            return "in a run of ten times the length their number stops growing: work that takes long, but ends"
        case _Kind.THREADS:
            return "at half the rate the number of threads stays, and memory grows all the same"
        case _Kind.LIVE:
            return "in a run of ten times the length it stops growing: a cache with a bound that had yet to fill"
        case _Kind.KEPT:
            return "resident memory grows as fast with the other setting"
        case _:
            return "in a run of ten times the length it stops growing"


def _proposal(kind: _Kind, facts: Facts) -> str:
    bound = (
        "Look for what keeps it: a cache or map without a bound, a list that is only added to, goroutines or tasks "
        "that never end. Give it a size or an age at which entries go."
    )
    match kind:
        case _Kind.PILED:
            return (
                "Give each goroutine a way to end: a context that is cancelled, a channel that is closed or has room, "
                "a time-out. Its stack, and all that it can reach, stay until then."
            )
        case _Kind.THREADS:
            return (
                "See first whether requests pile up, each with a connection and a thread: memory then follows the "
                "load, and a pool with a bound keeps it. Else look for threads that are started and never end."
            )
        case _Kind.LIVE:
            return bound
        case _Kind.KEPT if _is_go(facts):
            return (
                "Look at stacks of goroutines (the profile go-goroutine) and at memory of C; where it is pages that "
                "the runtime has yet to give back, GOMEMLIMIT makes it."
            )
        case _Kind.KEPT:
            return (
                "Try an allocator that gives pages back or packs them better; where it is glibc's, fewer arenas "
                "(arena_max) or a lower trim_threshold. Objects that live long are best allocated apart from those of "
                "requests."
            )
        case _ if _is_go(facts):
            return (
                f"{bound} Whether it lives is not known: there were too few collections to tell, or GODEBUG switches "
                "their trace off. Heap profiles tell, and who allocated it."
            )
        case _:
            return (
                "It may be live data that grow, or free memory that the allocator keeps in pieces: which of both is "
                "not known. Profiling with a preloaded jemalloc tells what is live, and who allocated it."
            )


def _confirm(kind: _Kind, facts: Facts, memory: Memory) -> str:
    match kind:
        case _Kind.LIVE | _Kind.PILED:
            return changed_code(facts)
        case _Kind.THREADS:
            return changed_rate(facts, facts.measure.achieved_rate_per_s / 2)
        case _Kind.KEPT if _is_go(facts):
            limit = max(1, math.ceil(memory.resident.first_bytes / _MIB))
            return changed_setting(facts, "gomemlimit", f"{limit}MiB")
        case _Kind.KEPT:
            return changed_knob(facts, "allocator", "system", "jemalloc", "mimalloc")
        case _:
            return instrumented_run(facts)


RULE = MemoryGrowth()

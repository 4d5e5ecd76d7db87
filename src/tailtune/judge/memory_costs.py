"""What memory that grows costs requests: pages touched for the first time, and collections that have no room left."""

from dataclasses import dataclass
from typing import Final

from tailtune.judge.long_runs import LongRuns
from tailtune.judge.memory import Headroom, Memory, Retained, Trend
from tailtune.judge.memory_frames import COLLECTING, FAULTS
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.estimate import Estimate
from tailtune.model.summary import GcSummary

_LEAST_BYTES: Final = 4 << 20
_LEAST_SHARE: Final = 0.05
"""Of what was resident at first. Less is what settling looks like, and thread caches that fill."""
_LASTING: Final = 0.25
"""Of the rate that was measured: what grows more slowly than this while diagnosing is about to have settled."""
_CPU_WORTH_A_FINDING: Final = 0.10
_PRESSED: Final = 0.5
"""Of the room above live data that the collector had at some time."""
_MOSTLY: Final = 0.5
_BORNE_OUT: Final = 0.5
_PAGE: Final = 4096
"""Bytes; where pages are larger, growth brings fewer faults than it is held for."""


@dataclass(frozen=True)
class FirstTouches:
    """Page faults by which memory grows."""

    stacks: Stacks
    """CPU samples in page faults, whatever for."""
    part: float
    """Share of all page faults that growth explains, in [0, 1]."""
    cpu_share: float
    """Share of CPU time in those that it explains."""


@dataclass(frozen=True)
class Pressed:
    """Collections that come ever more often, since live data have come near a limit."""

    stacks: Stacks
    """CPU samples in the collector."""
    room: Headroom
    cpu_share: float
    """Share of CPU time that they would not take with the room that there was at some time."""
    tail_share: float
    """Share of the tail that requests would not wait for a P meanwhile; 0 where that is not known."""


def resident_growth(memory: Memory | None) -> Trend | None:
    """Return how resident memory grew at a steady rate; None unless by 4 MiB and 5 %, and much the same later."""
    if memory is None or not memory.is_rate_steady or not (memory.resident.grows and _is_much(memory.resident)):
        return None
    later = memory.resident_later
    return None if later is not None and _falters(later.per_s, memory.resident.per_s.point) else memory.resident


def _falters(later: Estimate, before: float) -> bool:
    return (later.low is not None and later.low <= 0) or (later.high is not None and later.high < _LASTING * before)


def live_growth(memory: Memory | None, collecting: Pressed | None) -> Trend | None:
    """Return how Go's live data grew below a limit of memory; None unless as much, and collections are pressed.

    Up to the limit, the runtime gives pages back for each that it takes, so that what is resident need not grow.
    """
    if memory is None or memory.live is None or not memory.is_rate_steady or collecting is None:
        return None
    goes_on = memory.live.grows or _is_seen_to_grow(memory.live, memory.retained)
    return memory.live if goes_on and _is_much(memory.live) else None


def _is_seen_to_grow(live: Trend, later: Retained | None) -> bool:
    """Whether heap profiles of a later stretch of time bear out a trend of which few collections tell."""
    is_trend = live.per_s.low is not None and live.per_s.low > 0
    return is_trend and later is not None and later.per_s >= _BORNE_OUT * live.per_s.point


def _is_much(trend: Trend) -> bool:
    return trend.grown_bytes >= max(_LEAST_BYTES, _LEAST_SHARE * trend.first_bytes)


def first_touches(
    memory: Memory | None, profile: StackProfile | None, faults_per_request: float | None, rate_per_s: float
) -> FirstTouches | None:
    """Return page faults of memory that grows; None where they are not most of all, or not a tenth of CPU time."""
    grown = resident_growth(memory)
    if profile is None or grown is None or not faults_per_request or not rate_per_s:
        return None
    stacks = profile.containing(FAULTS)
    share = profile.share(stacks).point
    part = min(1.0, grown.per_s.point / rate_per_s / _PAGE / faults_per_request)
    if profile.count(stacks) < FEWEST_SAMPLES or share < _CPU_WORTH_A_FINDING or part < _MOSTLY:
        return None
    return FirstTouches(stacks, part, share * part)


def pressed(
    memory: Memory | None, gc: GcSummary | None, profile: StackProfile | None, long_runs: LongRuns | None
) -> Pressed | None:
    """Return what collections cost since live data left them little room; None where that is no tenth of CPU time.

    A collection costs what lives, and comes whenever the room above is filled: so the price of all of them goes with
    live data over room (https://go.dev/doc/gc-guide).
    """
    room = memory.headroom if memory else None
    if gc is None or room is None:
        return None
    if gc.cpu_share < _CPU_WORTH_A_FINDING or room.now > _PRESSED * room.most:
        return None
    stacks = profile.containing(COLLECTING) if profile else frozenset[int]()
    less = 1 - room.now / room.most
    return Pressed(stacks, room, gc.cpu_share * less, long_runs.collector.point * less if long_runs else 0.0)

"""Data that lie so that caches miss: functions that wait for memory, as counted or simulated, and are busy at that."""

import re
from typing import Final

from tailtune.judge.cache_misses import CacheMisses, Counted, FunctionMisses
from tailtune.judge.cause import Cause, finding, sampled
from tailtune.judge.counted_misses import counted_causes
from tailtune.judge.data_layout import (
    CONCENTRATES,
    DISPROOF,
    PROPOSAL,
    WAITS,
    WALKS,
    by_compiled,
    compiled_lines,
    works_for,
)
from tailtune.judge.facts import Facts
from tailtune.judge.names import short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.units import format_bytes, format_share

_LAST, _FIRST = "last-level", "first-level"
_WORTH_A_FINDING: Final = {_LAST: 0.05, _FIRST: 0.10}
"""Of CPU time, explained by misses. Of those that the next level answers, processors hide many."""
_SEQUENTIAL: Final = 1 / 8
"""Misses of the first level for each access, of a walk over neighboring values of 8 bytes in lines of 64: as many as
hardware prefetchers may hide, of which Cachegrind simulates none."""
_MOST: Final = 2
_SOURCE: Final = "tables/caches.parquet"
_SIZE: Final = re.compile(r"(\d+) B")


class CacheUnfriendly:
    """Misses that concentrate in a function with many CPU samples of its own: counted ones, else simulated ones."""

    id = "cache-unfriendly"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return up to two functions of which misses explain a twentieth of CPU time, or a tenth without memory."""
        counted = counted_causes(facts, self.id)
        return (self._simulated(facts) if counted is None else counted)[:_MOST]

    def _simulated(self, facts: Facts) -> list[Cause]:
        profile, caches = facts.cpu, facts.caches
        if profile is None or caches is None:
            return []
        busy = by_compiled(profile)
        causes = []
        for one in caches.functions:
            stacks = busy.get(one.function, frozenset())
            if profile.count(stacks) < FEWEST_SAMPLES or not _waits(one, caches):
                continue
            share = _explained(profile.share(stacks), one.counted.waiting)
            if share.point >= _WORTH_A_FINDING[_level(one.counted, caches.total)[0]]:
                told = self._finding(facts, profile, caches, one, stacks, share)
                causes.append(Cause(told, facts.saving(share.point), explains=stacks))
        return sorted(causes, key=lambda cause: -cause.saving)

    def _finding(
        self,
        facts: Facts,
        profile: StackProfile,
        caches: CacheMisses,
        one: FunctionMisses,
        stacks: Stacks,
        share: Estimate,
    ) -> Finding:
        counted = one.counted
        level, misses, of_all = _level(counted, caches.total)
        each = misses / caches.requests
        return finding(
            facts,
            self.id,
            short(one.function),
            f"{format_share(misses / of_all)} of {level} data misses (simulated) are in {short(one.function)}, "
            f"{each:,.0f} per request; it takes {format_share(profile.share(stacks).point)} of CPU time by itself",
            group=Group.DATA_LAYOUT,
            share=share,
            strength=Strength.WEAK if level == _FIRST or _sequential(one) else Strength.MODERATE,
            evidence=[
                Evidence(text=_simulated(caches, counted), source=_SOURCE, count=misses),
                Evidence(
                    text=f"misses are {format_share(counted.waiting, 0)} of its cycles, estimated as instructions "
                    "+ 10 for each miss of the first + 100 for each of the last level, as KCachegrind does",
                    source=_SOURCE,
                ),
                *_where(one),
                sampled(profile, stacks, "the function itself"),
                *compiled_lines(profile, stacks),
                *works_for(profile, one.function, stacks),
            ],
            disproof=f"{DISPROOF}, and have other caches than the simulated ones",
            proposal=PROPOSAL,
        )


def _waits(one: FunctionMisses, caches: CacheMisses) -> bool:
    _, misses, of_all = _level(one.counted, caches.total)
    return one.counted.waiting >= WAITS and misses >= CONCENTRATES * of_all


def _level(counted: Counted, total: Counted) -> tuple[str, int, int]:
    """Return the level whose misses cost the function most, with its misses there and those of all functions."""
    last = Counted(ll=counted.ll)
    if 2 * last.data_cycles >= counted.data_cycles:
        return _LAST, counted.ll, total.ll
    return _FIRST, counted.l1, total.l1


def _explained(cpu: Estimate, waiting: float) -> Estimate:
    """The share of CPU time that misses explain: of the function's own, the part that its estimated cycles wait.

    The interval is that of the samples; how wrong the simulation is, no interval tells.
    """
    low = None if cpu.low is None else cpu.low * waiting
    high = None if cpu.high is None else cpu.high * waiting
    return Estimate(point=cpu.point * waiting, low=low, high=high, confidence=cpu.confidence, n=cpu.n)


def _sequential(one: FunctionMisses) -> bool:
    counted = one.counted
    return counted.l1 <= _SEQUENTIAL * counted.accesses or WALKS.fullmatch(one.function) is not None


def _simulated(caches: CacheMisses, counted: Counted) -> str:
    sizes = [
        f"{level} of {format_bytes(int(found[1]))}"
        for level, name in (("first level", "D1 cache"), ("last level", "LL cache"))
        if (found := _SIZE.match(caches.caches.get(name, "")))
    ]
    on = f", {' and '.join(sizes)}" if sizes else ""
    return (
        f"in {caches.requests:,} requests one after another on simulated caches{on}: of {counted.accesses:,} reads and "
        f"writes of data {counted.l1:,} missed the first and {counted.ll:,} the last level"
    )


def _where(one: FunctionMisses) -> list[Evidence]:
    if not one.place:
        return []
    place = one.place.rsplit("/", 1)[-1]  # folders differ from build to build
    return [Evidence(text=f"{format_share(one.place_share, 0)} of the misses, by cycles, at {place}", source=_SOURCE)]


RULE = CacheUnfriendly()

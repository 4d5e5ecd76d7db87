"""Misses that the processor counted, and the share of CPU time that waiting for them may take.

What `cache-misses` counts is the choice of the kernel's driver for the processor: on Intel misses of the last level
(arch/x86/events/intel/core.c, event 2E umask 41), on AMD since Zen those of the second (arch/x86/events/amd/core.c,
event 64 umask 09), on Arm those of the first (drivers/perf/arm_pmuv3.c, L1D_CACHE_REFILL).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from tailtune.judge.cause import Cause, finding, sampled
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
from tailtune.model.summary import CountersSummary
from tailtune.model.units import format_ns, format_share


class Level(NamedTuple):
    """The cache whose misses are counted."""

    name: str
    answers: str
    """What answers a miss, at best."""
    wait_ns: float
    """How long that typically takes, from address to value."""
    worth: float
    """Share of CPU time from which on a finding is made: of short waits, processors hide many."""


_LEVELS: Final = {
    "Intel": Level("last-level", "memory", 80.0, 0.05),
    "AMD": Level("second-level", "the last level", 12.0, 0.10),
}
"""By a word in the processor's name."""
_OTHER: Final = Level("first-level", "the second level", 4.0, 0.10)
_MOST_A_CYCLE: Final = 8
"""Instructions that the widest processors retire in a cycle: so many cycles were not stalled at least."""
_SOURCE: Final = "tables/counters.parquet"


@dataclass(frozen=True)
class _Counted:
    """What all functions share."""

    cpu: StackProfile
    misses: StackProfile
    counters: CountersSummary
    level: Level
    each: float
    """Misses per request."""
    cpu_ns: float
    """CPU time per request."""

    @property
    def stalled(self) -> float:
        """Share of cycles that may have been stalled, at most."""
        if self.counters.stalled_share is not None:
            return self.counters.stalled_share
        return max(0.0, 1 - (self.counters.instructions_per_cycle or 0.0) / _MOST_A_CYCLE)

    def waiting(self, share: float) -> float:
        """Return the share of CPU time that a share of all misses takes if each is waited for."""
        return share * self.each * self.level.wait_ns / self.cpu_ns


def counted_causes(facts: Facts, rule: str) -> list[Cause] | None:
    """Return the functions that wait for memory, by what the processor counted, most saved first.

    None where it did not count misses with their stacks.
    """
    counted = _counted(facts)
    if counted is None:
        return None
    busy = by_compiled(counted.cpu)
    causes = []
    for function, missing in by_compiled(counted.misses).items():
        stacks = busy.get(function, frozenset())
        of_all = counted.misses.share(missing)
        own = counted.cpu.share(stacks)
        if min(counted.cpu.count(stacks), counted.misses.count(missing)) < FEWEST_SAMPLES:
            continue
        if of_all.point < CONCENTRATES or counted.waiting(of_all.point) < WAITS * own.point:
            continue
        share = _bounded(counted, of_all, own)
        if share.point >= counted.level.worth:
            told = _finding(facts, rule, counted, function, missing, stacks, share)
            causes.append(Cause(told, facts.saving(share.point), explains=stacks))
    return sorted(causes, key=lambda cause: -cause.saving)


def _counted(facts: Facts) -> _Counted | None:
    cpu, misses, counters, spent = facts.cpu, facts.misses, facts.measure.counters, facts.measure.cpu
    if cpu is None or misses is None or counters is None or spent is None:
        return None
    each, cpu_ns = counters.misses_per_request, spent.per_request_ns.point
    if each is None or cpu_ns <= 0:
        return None
    model = facts.manifest.environment.cpu_model
    level = next((level for word, level in _LEVELS.items() if word in model), _OTHER)
    return _Counted(cpu, misses, counters, level, each, cpu_ns)


def _bounded(counted: _Counted, of_all: Estimate, own: Estimate) -> Estimate:
    """The share of CPU time that a function's misses take: no more than its own, nor than what was stalled at all.

    The interval is that of the samples; how many misses the processor hides, no interval tells.
    """

    def bounded(misses: float | None, cpu: float | None) -> float | None:
        if misses is None or cpu is None:
            return None
        return min(counted.waiting(misses), cpu, counted.stalled)

    return Estimate(
        point=min(counted.waiting(of_all.point), own.point, counted.stalled),
        low=bounded(of_all.low, own.low),
        high=bounded(of_all.high, own.high),
        confidence=of_all.confidence,
        n=min(of_all.n, own.n),
    )


def _finding(
    facts: Facts, rule: str, counted: _Counted, function: str, missing: Stacks, stacks: Stacks, share: Estimate
) -> Finding:
    cpu, misses, level = counted.cpu, counted.misses, counted.level
    of_all = misses.share(missing).point
    is_weak = level.answers != "memory" or WALKS.fullmatch(function) is not None
    return finding(
        facts,
        rule,
        short(function),
        f"{format_share(of_all)} of {level.name} misses (counted) are in {short(function)}, "
        f"{of_all * counted.each:,.0f} per request; it takes {format_share(cpu.share(stacks).point)} of CPU time by "
        "itself",
        group=Group.DATA_LAYOUT,
        share=share,
        strength=Strength.WEAK if is_weak else Strength.MODERATE,
        evidence=[
            _told(facts, counted),
            sampled(misses, missing, "misses of the function itself"),
            _estimated(counted, of_all, share),
            *compiled_lines(misses, missing, "its misses"),
            sampled(cpu, stacks, "the function itself"),
            *compiled_lines(cpu, stacks),
            *works_for(cpu, function, stacks),
        ],
        disproof=f"{DISPROOF}, and tell a miss some instructions behind the one that missed",
        proposal=PROPOSAL,
    )


def _told(facts: Facts, counted: _Counted) -> Evidence:
    counters, requests = counted.counters, facts.measure.latency.requests
    told = [f"{counted.each:,.0f} {counted.level.name} misses per request"]
    if counters.misses_per_1000_instructions is not None:
        told.append(f"{counters.misses_per_1000_instructions:.2f} per 1,000 instructions")
    if counters.instructions_per_cycle is not None:
        told.append(f"{counters.instructions_per_cycle:.2f} instructions a cycle")
    by = "the processor" if counters.kernel else "the processor, without the kernel"
    return Evidence(text=f"counted by {by}: {', '.join(told)}", source=_SOURCE, count=round(counted.each * requests))


def _estimated(counted: _Counted, of_all: float, share: Estimate) -> Evidence:
    level, waiting = counted.level, counted.waiting(of_all)
    text = (
        f"they take {format_share(waiting)} of CPU time if each is waited for and {level.answers} answers in "
        f"{format_ns(level.wait_ns)}, a typical figure that was not measured here"
    )
    if share.point < waiting:
        text += f"; no more than {format_share(share.point)} can be, by the function's own time and what was stalled"
    return Evidence(text=text, source=_SOURCE)

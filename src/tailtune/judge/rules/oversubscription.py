"""Bursts of goroutines that belong to no request, and that requests queue behind."""

from typing import Final

from tailtune.judge.cause import TAIL, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, serves_go, short
from tailtune.judge.stackprofile import StackProfile, Stacks, relative_interval
from tailtune.judge.tail import Tail
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.25
_LIFT: Final = 2.0
"""So much more often than at any time the work has to run while slow requests are in flight."""
_MOSTLY: Final = 0.5
_MANY: Final = 8
"""Goroutines in the queue for each processor."""
_FEWEST_STRETCHES: Final = 3
_FEW: Final = 2
"""Long runs in a stretch, for each processor, that are no crowd: then `long-run` tells who computes."""


class Oversubscription:
    """Samples taken while requests above p99 were in flight, against all; queues of goroutines by schedtrace."""

    id = "oversubscription"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where work of no request has the CPUs while slow requests wait, in many goroutines."""
        tail = facts.tail
        if tail is None or not tail.procs or tail.queued < _MANY * tail.procs or tail.stretches < _FEWEST_STRETCHES:
            return []
        stacks = _beside(tail.meanwhile)
        share = min(1.0, tail.meanwhile.value(stacks) / tail.wall_ns)
        usual = tail.always.value(stacks) / tail.window_ns
        callers = tail.meanwhile.owners(stacks, owner)
        if not callers or share < _WORTH_A_FINDING or share < _LIFT * usual or _are_few(facts, tail):
            return []
        found = finding(
            facts,
            self.id,
            short(callers[0][0]),
            f"slow requests wait behind work of no request: {listed(callers)} has the CPU for {format_share(share)} of "
            f"the time that they are in flight, and for {format_share(usual)} of all time",
            group=Group.CONCURRENCY,
            share=relative_interval(share, tail.stretches),
            share_of=TAIL,
            strength=Strength.MODERATE,
            evidence=_evidence(tail, stacks),
            disproof="the tail stays when that work is done by one goroutine at a time",
            proposal="Bound how many goroutines do it at once (a few workers, a semaphore), in small pieces with "
            "pauses; or give it a process of its own.",
        )
        return [Cause(found, share, seen=(Seen(tail.meanwhile, stacks),))]


def _beside(profile: StackProfile) -> Stacks:
    """Code on stacks without a known server; nothing where no stack shows one, since then nobody can tell."""
    names = {stack: profile.names(stack) for stack in profile.everything}
    serving = frozenset(stack for stack, functions in names.items() if any(map(serves_go, functions)))
    if not serving:
        return frozenset()
    return frozenset(stack for stack, functions in names.items() if stack not in serving and owner(functions))


def _are_few(facts: Facts, tail: Tail) -> bool:
    """Whether the processors were seen to be had, for most of what was waited for them, by few goroutines at a time."""
    runs = facts.long_runs
    return runs is not None and runs.of_busy >= _MOSTLY and runs.count <= _FEW * tail.procs * tail.stretches


def _evidence(tail: Tail, stacks: Stacks) -> list[Evidence]:
    count = tail.meanwhile.count(stacks)
    return [
        Evidence(
            text=f"{count:,} of {tail.meanwhile.samples:,} samples while any of {tail.requests} slow requests was in "
            f"flight, in {tail.stretches} stretches of time",
            source=tail.meanwhile.source,
            count=count,
        ),
        Evidence(
            text=f"up to {tail.queued} goroutines waited for {tail.procs} processors, as seen once a second",
            source="tables/sched.parquet",
            count=tail.queued,
        ),
    ]


RULE = Oversubscription()

"""Requests waiting for a Go mutex, by who held it."""

from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.locks import MutexWait, holder, mutex_wait
from tailtune.judge.names import short
from tailtune.judge.stackprofile import StackProfile, relative_interval
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.01
_STRONG_EVENTS: Final = 50


class LockWait:
    """Go's mutex profile: each waiting time stands on the stack that released the lock."""

    id = "lock-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waiting for locks takes 1 % of latency or more."""
        wait = mutex_wait(facts)
        if facts.mutex is None or wait is None or wait.share < _WORTH_A_FINDING:
            return []
        return [Cause(self._finding(facts, facts.mutex, wait), wait.share)]

    def _finding(self, facts: Facts, profile: StackProfile, wait: MutexWait) -> Finding:
        holders = profile.owners(wait.stacks, holder)
        top = holders[0][0]
        return finding(
            facts,
            self.id,
            short(top),
            f"requests wait {format_ns(wait.each_ns)} each, {format_share(wait.share)} of latency, for a mutex of "
            f"{short(top)}",
            group=Group.CONCURRENCY,
            share=relative_interval(wait.share, wait.events),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG if wait.events >= _STRONG_EVENTS else Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"{format_ns(profile.value(wait.stacks))} waited in about {profile.count(wait.stacks):,} "
                    f"contended acquisitions, {wait.events:,} of them recorded",
                    source=profile.source,
                    count=wait.events,
                ),
                Evidence(text=f"the lock was released in {listed(holders)}", source=profile.source),
            ],
            disproof="latency at the same rate stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock and hold it only to look up and store; split the lock by key, or "
            "use a read-write lock, sync.Map or an atomic pointer for what is mostly read.",
        )


RULE = LockWait()

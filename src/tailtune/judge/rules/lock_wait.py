"""Requests waiting for a Go mutex, by who held it."""

from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import MEAN_LATENCY, TAIL, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.locks import MutexWait, holder, mutex_wait
from tailtune.judge.names import short
from tailtune.judge.stackprofile import StackProfile, relative_interval
from tailtune.judge.tail_waits import TailWait, follows_goroutines, tail_wait
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
        seen = Seen(facts.mutex, wait.stacks)
        tail = tail_wait(facts, lambda part: part.part == Blocked.LOCK) if follows_goroutines(facts) else None
        found = self._finding(facts, facts.mutex, wait, tail)
        if tail is None:
            return [Cause(found, wait.share, seen=(seen,))]
        return [Cause(found, tail.share.point, seen=(seen,), parts=tail.names)]

    def _finding(self, facts: Facts, profile: StackProfile, wait: MutexWait, tail: TailWait | None) -> Finding:
        """Return the finding; `tail`: what the requests above p99 were seen to wait for locks, if they were."""
        holders = profile.owners(wait.stacks, holder)
        top = holders[0][0]
        return finding(
            facts,
            self.id,
            short(top),
            f"requests above p99 wait for a mutex of {short(top)}: {tail.told()}"
            if tail
            else f"requests wait {format_ns(wait.each_ns)} each, {format_share(wait.share)} of latency, for a mutex of "
            f"{short(top)}",
            group=Group.CONCURRENCY,
            share=tail.share if tail else relative_interval(wait.share, wait.events),
            share_of=TAIL if tail else MEAN_LATENCY,
            strength=Strength.STRONG if wait.events >= _STRONG_EVENTS else Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"{format_ns(profile.value(wait.stacks))} waited in about {profile.count(wait.stacks):,} "
                    f"contended acquisitions, {wait.events:,} of them recorded",
                    source=profile.source,
                    count=wait.events,
                ),
                Evidence(text=f"the lock was released in {listed(holders)}", source=profile.source),
                *(tail.evidence() if tail else []),
            ],
            disproof="latency at the same rate stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock and hold it only to look up and store; split the lock by key, or "
            "use a read-write lock, sync.Map or an atomic pointer for what is mostly read.",
        )


RULE = LockWait()

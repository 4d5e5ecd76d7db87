"""Requests that wait for a Go mutex, by who waits: of services that record no mutex profile."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import MEAN_LATENCY, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import waits_of_requests
from tailtune.judge.locks import mutex_wait
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.tail_waits import cause_of, follows_goroutines, tail_wait
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_WAITS: Final = 20
_DISPROOF: Final = "latency at the same rate stays when the lock is held for a copy of a pointer only"
_PROPOSAL: Final = (
    "Do the work outside the lock and hold it only to look up and store; split the lock by key, or use a read-write "
    "lock, sync.Map or an atomic pointer for what is mostly read."
)
_LOCKS: Final = re.compile(r"(internal/)?sync\.\(\*(Mutex|RWMutex)\)\.(Lock|RLock|lockSlow)$")


class GoroutineLock:
    """Go's execution trace: goroutines of requests that wait in Lock."""

    id = "lock"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail, or 5 % of latency where no request was followed.

        None where the mutex profile names the holder.
        """
        if mutex_wait(facts) is not None:
            return []
        tail = tail_wait(facts, lambda part: part.part == Blocked.LOCK) if follows_goroutines(facts) else None
        if tail is not None:
            is_held = any(part.holders for part in tail.parts)
            asks = Evidence(text="who holds it meanwhile: tailtune run --instrument", source=tail.source)
            further = [] if is_held else [asks]
            told = cause_of(
                facts, self.id, tail, "wait for a mutex", disproof=_DISPROOF, proposal=_PROPOSAL, further=further
            )
            return [told]
        waits = waits_of_requests(facts, _LOCKS)
        if waits is None or not waits.owners:
            return []
        if waits.count < _FEWEST_WAITS or waits.share < _WORTH_A_FINDING:
            return []
        found = finding(
            facts,
            self.id,
            waits.where,
            f"requests wait {format_ns(waits.each_ns)} each, {format_share(waits.share)} of latency, for a mutex, in "
            f"{listed(waits.owners)}",
            group=Group.CONCURRENCY,
            share=relative_interval(waits.share, waits.count),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG,
            evidence=[
                waits.evidence("waiting for a mutex"),
                Evidence(text="who holds it meanwhile: tailtune run --instrument", source=waits.profile.source),
            ],
            disproof=_DISPROOF,
            proposal=_PROPOSAL,
        )
        return [Cause(found, waits.share, seen=(Seen(waits.profile, waits.stacks),))]


RULE = GoroutineLock()

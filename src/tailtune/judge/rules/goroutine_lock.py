"""Requests that wait for a Go mutex, by who waits: of services that record no mutex profile."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import waits_of_requests
from tailtune.judge.locks import mutex_wait
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_WAITS: Final = 20
_LOCKS: Final = re.compile(r"(internal/)?sync\.\(\*(Mutex|RWMutex)\)\.(Lock|RLock|lockSlow)$")


class GoroutineLock:
    """Go's execution trace: goroutines of requests that wait in Lock."""

    id = "lock"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take 5 % of latency, unless the mutex profile names the holder."""
        waits = waits_of_requests(facts, _LOCKS)
        if waits is None or mutex_wait(facts) is not None or not waits.owners:
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
            disproof="latency at the same rate stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock and hold it only to look up and store; split the lock by key, or "
            "use a read-write lock, sync.Map or an atomic pointer for what is mostly read.",
        )
        return [Cause(found, waits.share)]


RULE = GoroutineLock()

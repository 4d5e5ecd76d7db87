"""CPU time spent on contended locks: spinning, sleeping and waking."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.locks import IDLING
from tailtune.judge.names import owner
from tailtune.judge.stackprofile import FEWEST_SAMPLES
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.005
_SLOW_PATHS: Final = re.compile(
    r".*\b(lock_contended|lock_slow|unlock_slow|lock_exclusive_slow|lock_shared_slow|read_contended|write_contended|"
    r"__lll_lock_wait|__lll_lock_wake|pthread_mutex_lock_slow|lll_mutex_lock_optimized)\b|"
    r".*futex::Mutex(>)?::wake|internal/sync\.\(\*Mutex\)\.(lockSlow|unlockSlow)|sync\.\(\*Mutex\)\.(lockSlow|unlockSlow)|"
    r"sync\.runtime_Semacquire|internal/sync\.runtime_Semacquire|sync\.\(\*RWMutex\)\.(rUnlockSlow)"
)


class LockContention:
    """Slow paths of locks on CPU samples: they show that threads collide, not how long they wait."""

    id = "lock-contention"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where slow paths show up and Go's mutex profile does not tell more."""
        profile = facts.cpu
        if profile is None or (facts.mutex is not None and facts.mutex.samples):
            return []
        slow = profile.containing(_SLOW_PATHS)
        stacks = slow - profile.containing(IDLING)
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        users = profile.owners(stacks, owner)
        where = f" in {listed(users)}" if users else ""
        found = finding(
            facts,
            self.id,
            "",
            f"threads collide on a lock{where}: sleeping and waking alone take {format_share(share.point)} of CPU",
            group=Group.CONCURRENCY,
            share=share,
            strength=Strength.WEAK,
            evidence=[
                sampled(profile, stacks, "in the slow path of a lock"),
                Evidence(text="the time spent waiting is not on the CPU and comes on top", source=profile.source),
            ],
            disproof="latency stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock and hold it only to look up and store; share what is read-only "
            "without a lock (Arc, OnceLock, arc-swap), split the rest by key.",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


RULE = LockContention()

"""Slow requests whose thread waits for a lock."""

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.tail_waits import tail_wait
from tailtune.model.finding import Group, Strength


class ThreadLock:
    """Threads that left their CPU for a lock while they worked on a request above p99."""

    id = "thread-lock"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waiting for locks takes a tenth of the tail's time."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.LOCK)
        if wait is None:
            return []
        where = f" in {wait.where}" if wait.where else ""
        found = finding(
            facts,
            self.id,
            wait.where,
            f"requests above p99 wait for a lock{where}: {wait.told()}",
            group=Group.CONCURRENCY,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.STRONG,
            evidence=wait.evidence(),
            disproof="the tail stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock, above all what waits for something else, and hold it only to look "
            "up and store; share what is read-only without a lock (Arc, OnceLock, arc-swap), split the rest by key.",
        )
        return [Cause(found, wait.share.point)]


RULE = ThreadLock()

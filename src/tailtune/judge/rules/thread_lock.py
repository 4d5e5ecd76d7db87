"""Slow requests whose thread waits for a lock."""

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.tail_waits import cause_of, follows_goroutines, tail_wait


class ThreadLock:
    """Threads that left their CPU for a lock while they worked on a request above p99."""

    id = "thread-lock"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waiting for locks takes a tenth of the tail's time."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.LOCK)
        if wait is None or follows_goroutines(facts):
            return []
        told = cause_of(
            facts,
            self.id,
            wait,
            "wait for a lock",
            disproof="the tail stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock, above all what waits for something else, and hold it only to look "
            "up and store; share what is read-only without a lock (Arc, OnceLock, arc-swap), split the rest by key.",
        )
        return [told]


RULE = ThreadLock()

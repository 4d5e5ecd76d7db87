"""Slow requests whose thread sleeps in the middle of them."""

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.tail_waits import cause_of, tail_wait


class Sleep:
    """Threads that left their CPU to sleep while they worked on a request above p99."""

    id = "sleep"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where sleeping takes a tenth of the tail's time."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.SLEEP)
        if wait is None:
            return []
        told = cause_of(
            facts,
            self.id,
            wait,
            "sleep",
            disproof="the tail stays when nothing sleeps in the path of requests",
            proposal="Wait for what is meant (a condition variable, a channel, the answer itself) in place of a fixed "
            "time; let back-off and pacing happen beside the requests.",
        )
        return [told]


RULE = Sleep()

"""Slow requests that left their thread, and for which nothing in the service did anything."""

from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.outside_waits import is_fixed, outside_wait
from tailtune.judge.tail_waits import cause_of


class OutsideWait:
    """Tasks of requests above p99 that were handed over while all threads of the service were idle."""

    id = "outside-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time; `timer-wait` tells those for timers."""
        found = outside_wait(facts)
        if found is None or found.is_timer or found.is_shared or is_fixed(facts, found.wait):
            return []
        told = cause_of(
            facts,
            self.id,
            found.wait,
            "wait for the answer of another service, or for a timer, while no thread of this one has work",
            disproof="the tail stays with an answer from memory in place of the other service's",
            proposal="See which other service these requests ask, and why it is slow at times: explain it as well. Ask "
            "at the same time what does not depend on each other, keep answers that may be old, and bound the wait.",
        )
        return [told]


RULE = OutsideWait()

"""Slow requests that left their thread and came back when a timer had passed."""

from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.outside_waits import is_fixed, outside_wait
from tailtune.judge.tail_waits import cause_of


class TimerWait:
    """Tasks of requests above p99 that a timer's interrupt brought back to a thread."""

    id = "timer-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time; `fixed-wait` tells those all as long.

        What may have been a timer or the network is taken for a timer where timers make half of it.
        """
        found = outside_wait(facts)
        if found is None or not found.is_timer or found.is_shared or is_fixed(facts, found.wait):
            return []
        told = cause_of(
            facts,
            self.id,
            found.wait,
            "wait for a timer (a sleep, a time-out that passes, a back-off), and go on",
            disproof="the tail stays when the sleep, the time-out or the back-off is half as long",
            proposal="Look for what sleeps, gives up or backs off on the way of a request. Wait for what is meant in "
            "place of a fixed time; see why another service does not answer in time, and ask a second one before that.",
        )
        return [told]


RULE = TimerWait()

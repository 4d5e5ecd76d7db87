"""Slow requests whose thread waits for another service, for times of any length."""

from tailtune.judge.async_work import polled_functions
from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_code
from tailtune.judge.tail_waits import cause_of, tail_wait, timed_wait


class Upstream:
    """Threads that were blocked on a socket in the service's own code while they worked on a request above p99.

    What the server itself reads and writes waits for the client. Waits that are all as long are `time-out`'s matter,
    those of threads that others need `blocking-call`'s, those behind a new connection `connection-setup`'s. Of
    goroutines, other rules tell what clients do.
    """

    id = "upstream"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.NETWORK)
        if wait is None or facts.goroutines is not None or not is_code(wait.where):
            return []
        if facts.off_cpu is not None and wait.where in polled_functions(facts.off_cpu):
            return []
        if timed_wait(facts, Blocked.NETWORK) is not None or facts.waits_for_connections:
            return []
        told = cause_of(
            facts,
            self.id,
            wait,
            "wait for another service",
            disproof="the tail stays with an answer from memory in place of the other service's",
            proposal="See why that service is slow at times: explain it as well. Ask at the same time what does not "
            "depend on each other, keep answers that may be old, and bound the wait (a time-out, a second request).",
        )
        return [told]


RULE = Upstream()

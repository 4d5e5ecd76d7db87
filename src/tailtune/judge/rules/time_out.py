"""Slow requests whose thread waits for another service, all of them for the same time."""

from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import given_up
from tailtune.judge.tail_waits import timed_wait
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.25


class TimeOut:
    """A narrow cluster of service times, and threads that were blocked on a socket for as long.

    What `retries` tells of goroutines; of threads it is not seen whether an attempt followed.
    """

    id = "time-out"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waits on sockets, in the service's own code, take a quarter of the tail's time.

        None where goroutines were seen to lose a connection each time: that is `retries`; or where requests wait for
        connections that are opened and do answer: that is `connection-setup`.
        """
        timed = timed_wait(facts, Blocked.NETWORK)
        if timed is None or timed[0].share.point < _WORTH_A_FINDING or facts.waits_for_connections:
            return []
        wait, cluster = timed
        if given_up(facts, cluster):
            return []
        text = format_ns(cluster.wait_ns, 2)
        found = finding(
            facts,
            self.id,
            wait.where,
            f"{format_share(cluster.part)} of requests wait {text} for another service in {wait.where}, all of them "
            f"nearly the same: a time-out that passes; {format_share(wait.share.point)} of the tail's time",
            group=Group.CONCURRENCY,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.MODERATE,
            evidence=[cluster.evidence(), *wait.evidence()],
            disproof="the cluster stays where it is with another time-out: then the other service takes that long",
            proposal="Find which service does not answer in time, and why; leave it out while it does not. Ask a "
            "second one before the time-out (hedging) rather than after it; a shorter time-out moves the tail, and "
            "more retries add load.",
        )
        return [Cause(found, wait.share.point, parts=wait.names)]


RULE = TimeOut()

"""Requests that wait until a call to a backend is given up, and are answered by another one."""

from typing import Final

from tailtune.judge.cause import TAIL, Cause, Seen, finding
from tailtune.judge.clusters import fixed_cluster
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import given_up
from tailtune.judge.tail import share_of_tail
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.25


class Retries:
    """Answers that come late by always the same time, spent in a client that loses a connection for each of them."""

    id = "retries"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a quarter of the tail's time."""
        cluster = fixed_cluster(facts.times)
        waits = given_up(facts, cluster) if cluster else None
        if facts.times is None or cluster is None or waits is None:
            return []
        share = share_of_tail(facts.times, cluster.waited(facts.times))
        if share.point < _WORTH_A_FINDING:
            return []
        text = format_ns(cluster.wait_ns, 2)
        found = finding(
            facts,
            self.id,
            waits.where,
            f"{format_share(cluster.part)} of requests wait {text} in {waits.where} for a backend, lose the connection "
            "and are answered all the same: a time-out and another attempt",
            group=Group.CONCURRENCY,
            share=share,
            share_of=TAIL,
            strength=Strength.MODERATE,
            evidence=[cluster.evidence(), waits.evidence("waiting in clients")],
            disproof="the tail stays where it is with another time-out",
            proposal="Find which backend does not answer in time, and why; take it out of the list while it does not "
            "(outlier ejection). Ask a second one before the time-out (hedging) rather than after it; a shorter "
            "time-out moves the tail, and more retries add load.",
        )
        return [Cause(found, share.point, seen=(Seen(waits.profile, waits.stacks),))]


RULE = Retries()

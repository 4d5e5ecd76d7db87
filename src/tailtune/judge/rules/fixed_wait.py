"""A wait of always the same length in some of the requests: a sleep, a time-out, a back-off."""

from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.clusters import Cluster, fixed_cluster
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import SLEEPS, given_up, waits_of_requests
from tailtune.judge.tail import share_of_tail
from tailtune.judge.tail_waits import names_most_of_tail, outside_wait, timed_wait
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.25


class FixedWait:
    """Service times of the measure window: a narrow cluster far above the median, with a gap below it."""

    id = "fixed-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such a wait takes a quarter of the tail's time, is no time-out, and was not seen."""
        cluster = None if names_most_of_tail(facts) else fixed_cluster(facts.times)
        if facts.times is None or cluster is None or _is_time_out(facts, cluster):
            return []
        share = share_of_tail(facts.times, cluster.waited(facts.times))
        if share.point < _WORTH_A_FINDING:
            return []
        text = format_ns(cluster.wait_ns, 2)
        asleep = waits_of_requests(facts, SLEEPS)
        slept = asleep is not None and asleep.accounts_for(cluster)
        where = f", in {asleep.where}" if asleep and slept else ""
        what = f"a sleep{where}" if slept else "a sleep, a time-out that is waited for, or a back-off"
        outside = outside_wait(facts)
        timed = outside[0] if outside and outside[1] else None
        found = finding(
            facts,
            self.id,
            text.replace(" ", ""),
            f"{format_share(cluster.part)} of requests take {text} longer than the others, all of them nearly the "
            f"same: {what}",
            group=Group.CONCURRENCY,
            share=share,
            share_of=TAIL,
            strength=Strength.STRONG if slept or timed else Strength.MODERATE,
            evidence=[
                cluster.evidence(),
                *([asleep.evidence("asleep")] if asleep and slept else []),
                *(timed.evidence() if timed else []),
            ],
            disproof="the cluster lies elsewhere at half the rate: then it is a queue, which depends on the load",
            proposal=f"Look for a sleep, a client's time-out or a back-off of about {text} in the path of requests; "
            "near 40 ms for small writes that wait for an acknowledgement (TCP_NODELAY), near 1 s for connection "
            "attempts that were lost.",
        )
        return [Cause(found, share.point, parts=timed.names if timed else ())]


def _is_time_out(facts: Facts, cluster: Cluster) -> bool:
    """Whether other rules know what is waited for: clients in Go, or sockets in threads."""
    return given_up(facts, cluster) is not None or timed_wait(facts, Blocked.NETWORK) is not None


RULE = FixedWait()

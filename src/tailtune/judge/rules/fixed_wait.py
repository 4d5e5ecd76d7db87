"""A wait of always the same length in some of the requests: a sleep, a time-out, a back-off."""

from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import SLEEPS, waits_of_requests
from tailtune.judge.outside_waits import fixed_wait, is_fixed, outside_wait
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share


class FixedWait:
    """Service times of the measure window: a narrow cluster far above the median, with a gap below it."""

    id = "fixed-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such a wait takes a quarter of the tail's time, is no time-out, and was not seen."""
        fixed = fixed_wait(facts)
        if fixed is None:
            return []
        cluster, share = fixed
        text = format_ns(cluster.wait_ns, 2)
        asleep = waits_of_requests(facts, SLEEPS)
        slept = asleep is not None and asleep.accounts_for(cluster)
        where = f", in {asleep.where}" if asleep and slept else ""
        what = f"a sleep{where}" if slept else "a sleep, a time-out that is waited for, or a back-off"
        outside = outside_wait(facts)
        timed = outside.wait if outside and outside.is_timer and is_fixed(facts, outside.wait) else None
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


RULE = FixedWait()

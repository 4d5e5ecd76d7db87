"""Slow requests that were handed over while all threads of the runtime's blocking pool waited for something."""

from typing import Final

from tailtune.judge.async_work import jobs_of_pool
from tailtune.judge.cause import TAIL, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail_waits import is_behind_others, is_on_pool, tail_wait
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns

_FEWEST_WAITS: Final = 5
_WORTH_NAMING: Final = 0.01
_AS_LONG: Final = 0.2
"""Share of such a wait that requests have to be away for, so that it can be what they wait for."""


class BlockingPool:
    """The parts of requests that were handed over, beside what threads of a blocking pool waited for."""

    id = "blocking-pool"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where being handed over takes a tenth of the tail, and jobs of the pool wait as long.

        Or where that was seen to be on the pool's threads, though their stacks do not show whose code they wait in.
        """
        wait = tail_wait(facts, is_behind_others)
        profile = facts.off_cpu
        if wait is None or profile is None:
            return []
        jobs = jobs_of_pool(profile)
        count = profile.count(jobs)
        each = profile.value(jobs) / count if count else 0.0
        places = [place for place in profile.owners(jobs, owner) if place[1] >= _WORTH_NAMING]
        is_seen = bool(places) and count >= _FEWEST_WAITS and wait.mean_ns >= _AS_LONG * each
        if not is_seen and not is_on_pool(wait):
            return []
        kinds = ", ".join(part.part for part in wait.parts if part.on_pool)
        found = finding(
            facts,
            self.id,
            short(places[0][0]) if is_seen else "",
            f"requests above p99 wait in the queue of the blocking pool, whose threads "
            f"{f'wait in {listed(places)}' if is_seen else f'are blocked ({kinds})'}: {wait.told()}",
            group=Group.CONCURRENCY,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.MODERATE,
            evidence=[*wait.evidence(), *([_jobs(profile, count, each)] if is_seen else [])],
            disproof="the tail stays with a larger pool (max_blocking_threads)",
            proposal="Give long jobs threads of their own, so that short calls find a thread of the pool; raise "
            "max_blocking_threads.",
        )
        return [Cause(found, wait.share.point, seen=(Seen(profile, jobs),), parts=wait.names)]


def _jobs(profile: StackProfile, count: int, each_ns: float) -> Evidence:
    text = f"jobs of the pool were blocked {count:,} times, for {format_ns(each_ns)} on average"
    return Evidence(text=text, source=profile.source, count=count)


RULE = BlockingPool()

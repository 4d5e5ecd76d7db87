"""Requests that hand work over a channel which nobody takes."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, serves_go, short
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_EVENTS: Final = 20
_SENDS: Final = re.compile(r"runtime\.chansend1?$")
"""Waits at the receiving end are left out: they last as long as the work itself, with any number of workers."""


class HandOff:
    """Go's block profile: requests blocked in sending, since the channel is full or has no receiver."""

    id = "hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where sending takes 5 % of latency or more."""
        profile = facts.block
        if profile is None:
            return []
        window = facts.summary.diagnose if ".diagnose." in profile.source else facts.measure
        if window is None or not window.latency.requests or not window.latency.mean_ns:
            return []
        sends = profile.containing(_SENDS)
        stacks = frozenset(stack for stack in sends if any(map(serves_go, profile.names(stack))))
        each = profile.value(stacks) / window.latency.requests
        share = min(1.0, each / window.latency.mean_ns)
        callers = profile.owners(stacks, owner)
        if not callers or profile.count(stacks) < _FEWEST_EVENTS or share < _WORTH_A_FINDING:
            return []
        found = finding(
            facts,
            self.id,
            short(callers[0][0]),
            f"requests wait {format_ns(each)} each, {format_share(share)} of latency, to hand work over a channel: "
            f"whoever takes it is busy; in {listed(callers)}",
            group=Group.CONCURRENCY,
            share=relative_interval(share, profile.count(stacks)),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG,
            evidence=[
                Evidence(
                    text=f"{format_ns(profile.value(stacks))} blocked in about {profile.count(stacks):,} sends",
                    source=profile.source,
                    count=profile.count(stacks),
                )
            ],
            disproof="latency stays when twice as many goroutines receive from the channel",
            proposal="Start more workers, or let the request's own goroutine do the work; bound how much of it runs at "
            "once with a semaphore. A larger buffer only moves the queue.",
        )
        return [Cause(found, share)]


RULE = HandOff()

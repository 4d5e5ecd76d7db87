"""Requests that hand work over a channel which nobody takes."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import waits_of_requests
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_WAITS: Final = 20
_SENDS: Final = re.compile(r"runtime\.chansend1?$")
"""Waits at the receiving end are left out: they last as long as the work itself, with any number of workers."""


class HandOff:
    """Go's execution trace or block profile: requests blocked in sending to a channel without room or receiver."""

    id = "hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where sending takes 5 % of latency or more."""
        waits = waits_of_requests(facts, _SENDS)
        if waits is None or not waits.owners or waits.count < _FEWEST_WAITS or waits.share < _WORTH_A_FINDING:
            return []
        found = finding(
            facts,
            self.id,
            waits.where,
            f"requests wait {format_ns(waits.each_ns)} each, {format_share(waits.share)} of latency, to hand work over "
            f"a channel: whoever takes it is busy; in {listed(waits.owners)}",
            group=Group.CONCURRENCY,
            share=relative_interval(waits.share, waits.count),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG,
            evidence=[waits.evidence("blocked in sending")],
            disproof="latency stays when twice as many goroutines receive from the channel",
            proposal="Start more workers, or let the request's own goroutine do the work; bound how much of it runs at "
            "once with a semaphore. A larger buffer only moves the queue.",
        )
        return [Cause(found, waits.share)]


RULE = HandOff()

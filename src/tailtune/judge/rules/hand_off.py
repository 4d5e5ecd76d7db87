"""Requests that wait for another goroutine: at a channel that nobody takes from, or for what it is to bring."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import MEAN_LATENCY, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import waits_of_requests
from tailtune.judge.names import is_code
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.tail_waits import TailWait, cause_of, follows_goroutines, joins, tail_wait, usual_wait_ns
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_WAITS: Final = 20
_SENDS: Final = re.compile(r"runtime\.chansend1?$")
"""Waits at the receiving end last as long as the work itself, with any number of workers: only the tail tells more."""
_JOINS: Final = re.compile(r"sync\.\(\*WaitGroup\)\.Wait$|golang\.org/x/sync/errgroup\.\(\*Group\)\.Wait$")
_TIMES: Final = 4.0
"""What an ordinary request waits: what all wait alike, such as for a device, is no queue."""
_PROPOSAL: Final = (
    "Start more workers, or let the request's own goroutine do the work; bound how much of it runs at once with a "
    "semaphore. Keep what is slow, such as a flush or a call, out of the goroutine that all others wait for. A larger "
    "buffer only moves the queue."
)


class HandOff:
    """Go's execution trace or block profile: requests that wait for another goroutine at a channel."""

    id = "hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where that takes a tenth of the tail, or where sending takes 5 % of latency or more."""
        tail = _queue_of_tail(facts)
        if tail is not None:
            told = cause_of(
                facts,
                self.id,
                tail,
                "wait for another goroutine",
                disproof="the tail stays with several goroutines at the other end, or with none between",
                proposal=_PROPOSAL,
            )
            return [told]
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
            proposal=_PROPOSAL,
        )
        return [Cause(found, waits.share, seen=(Seen(waits.profile, waits.stacks),))]


def _queue_of_tail(facts: Facts) -> TailWait | None:
    """Return the tail's waits at channels; None where ordinary requests wait nearly as long, or for their own work."""
    if not follows_goroutines(facts):
        return None
    wait = tail_wait(facts, lambda part: part.part == Blocked.QUEUE)
    if wait is None or not is_code(wait.where) or joins(facts.goroutines, wait.where, _JOINS):
        return None
    return wait if wait.mean_ns >= _TIMES * usual_wait_ns(facts, wait.names) else None


RULE = HandOff()

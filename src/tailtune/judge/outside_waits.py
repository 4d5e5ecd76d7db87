"""What tasks of the slowest requests waited for outside the service, for the rules that tell of it."""

from dataclasses import dataclass, replace
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.clusters import Cluster, fixed_cluster
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import given_up
from tailtune.judge.part_names import OUTSIDE, TIMER
from tailtune.judge.tail import share_of_tail
from tailtune.judge.tail_waits import (
    TailWait,
    accounts_for,
    names_most_of_tail,
    tail_wait,
    timed_wait,
    usual_wait_ns,
)
from tailtune.model.estimate import Estimate
from tailtune.model.request_parts import PartKind

_OUTSIDE: Final = (TIMER, OUTSIDE)
_MOST: Final = 0.5
_FIXED: Final = 0.25
"""Of the tail's time, in waits that are all as long."""
_TOGETHER: Final = 4.0
"""Requests that go on at once: of those that each wait for their own, two are ready at once now and then."""
_TIMES: Final = 4.0
"""What an ordinary request waits: a service that asks another one always waits for it."""


@dataclass(frozen=True)
class OutsideWait:
    """Waits of the requests above p99 for a timer, or for either a timer or the network."""

    wait: TailWait
    is_timer: bool
    """It was a timer, at least for half of it."""
    together: float
    """How many requests went on since the same moment, on average."""

    @property
    def is_shared(self) -> bool:
        """Whether requests wait for one and the same, rather than each for its own."""
        return self.together >= _TOGETHER


def outside_wait(facts: Facts) -> OutsideWait | None:
    """Return these waits; None where they take less than a tenth of the tail, or little more than in any request.

    None as well where they are for connections that are opened.
    """
    if facts.waits_for_connections:
        return None
    wait = tail_wait(facts, lambda part: part.part in _OUTSIDE)
    if wait is None or wait.mean_ns < _TIMES * usual_wait_ns(facts, _OUTSIDE):
        return None
    wait = replace(wait, least=_least(wait))
    timed = sum(part.share.point for part in wait.parts if part.part == TIMER)
    together = sum(part.share.point * (part.together or 1.0) for part in wait.parts)
    whole = sum(part.share.point for part in wait.parts)
    return OutsideWait(wait, timed >= _MOST * whole, together / whole)


def _least(wait: TailWait) -> float:
    """Return what all waits together leave for these: how much of them was a timer's differs from moment to moment."""
    others = [part.share for part in wait.band.parts if part.kind is PartKind.WAITING and part not in wait.parts]
    least = (wait.band.waiting.low or 0.0) - sum(share.high or share.point for share in others)
    return max(0.0, min(least, wait.share.point))


def fixed_wait(facts: Facts) -> tuple[Cluster, Estimate] | None:
    """Return the requests that wait for always the same time, and how much of the tail that is.

    None where it is less than a quarter, or where something else tells what they wait for: threads that were seen to,
    clients that give up, or connections that are opened.
    """
    cluster = None if names_most_of_tail(facts) or facts.waits_for_connections else fixed_cluster(facts.times)
    if facts.times is None or cluster is None:
        return None
    if given_up(facts, cluster) is not None or timed_wait(facts, Blocked.NETWORK) is not None:
        return None
    share = share_of_tail(facts.times, cluster.waited(facts.times))
    return (cluster, share) if share.point >= _FIXED else None


def is_fixed(facts: Facts, wait: TailWait) -> bool:
    """Whether waits are those that all take the same time."""
    fixed = fixed_wait(facts)
    return fixed is not None and accounts_for(wait, fixed[0])

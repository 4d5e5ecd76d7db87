"""Latency that neither computing nor waiting for a CPU accounts for: locks, sleeps, disks, other services."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, Rank, changed_rate, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.locks import IDLING, mutex_wait
from tailtune.judge.names import owner
from tailtune.judge.tail_waits import is_about_the_cpu, ordinary
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.request_parts import PartKind, PartShare
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.6
_BEHIND_A_DELAY: Final = 2.0
"""A thread that waits for its CPU also delays the requests behind the one it works on."""
_MOST_BUSY: Final = 0.7
"""Beyond, requests wait for each other's computing by an amount that the mean does not tell well."""
_FEWEST_SLEEPS: Final = 5
_MOST: Final = 0.5
_SLEEPS: Final = re.compile(r"(__\w+_sys_)?(futex(_wait\w*)?|(clock_)?nanosleep(_time\w+)?)$|do_futex$|do_nanosleep$")


class Waiting:
    """What is left of mean latency: each request's CPU time with its queue, and run-queue delay, taken off."""

    id = "waiting"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where three fifths of latency are left, what Go's mutexes are known to take left out.

        Where requests were seen one by one and it was a CPU after all, there is none.
        """
        cpu, scheduling, latency = facts.measure.cpu, facts.measure.scheduling, facts.mean_latency_ns
        if cpu is None or scheduling is None or not latency or facts.utilization > _MOST_BUSY:
            return []
        computing = cpu.per_request_ns.point / (1 - facts.utilization)
        delay = scheduling.run_delay_ns_per_request
        rest = 1 - (computing + _BEHIND_A_DELAY * delay) / latency
        locks = mutex_wait(facts)
        if rest - (locks.share if locks else 0.0) < _WORTH_A_FINDING or is_about_the_cpu(facts):
            return []
        seen = _seen_at_the_median(facts)
        where = f" in {seen.places[0].function}" if seen and seen.places else ""
        found = finding(
            facts,
            self.id,
            "",
            f"requests wait {format_ns(rest * latency)} each, {format_share(rest)} of mean latency, for something "
            f"that is no CPU: {f'{seen.part}{where}' if seen else 'a lock, a sleep, a disk or another service'}",
            group=Group.CONCURRENCY,
            share=_share(rest, cpu.per_request_ns, computing / latency, delay / latency),
            share_of=MEAN_LATENCY,
            strength=Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"of a mean of {format_ns(latency)}, computing takes {format_ns(computing)} with its queue, "
                    f"waiting for a CPU {format_ns(delay)} to {format_ns(_BEHIND_A_DELAY * delay)}",
                    source="tables/process.parquet",
                    count=facts.measure.latency.requests,
                ),
                *([_at_the_median(seen)] if seen else []),
                *_sleepers(facts),
            ],
            disproof="the wait stays at half the rate: then each request waits by itself, and not for others",
            proposal=_proposal(facts.manifest.service.language if facts.manifest.service else ""),
            confirm=changed_rate(facts, facts.measure.achieved_rate_per_s / 2),
        )
        return [Cause(found, rest / 2, Rank.UNNAMED)]  # not known what for, so neither how much of it can go


def _share(rest: float, per_request: Estimate, computing: float, delay: float) -> Estimate:
    """The rest with what is uncertain in it: CPU per request, and whether delays hold up further requests."""
    if per_request.low is None or per_request.high is None:
        return Estimate(point=rest, low=None, high=None, confidence=per_request.confidence, n=per_request.n)
    less, more = (computing * (1 - bound / per_request.point) for bound in (per_request.high, per_request.low))
    return Estimate(
        point=rest,
        low=max(0.0, rest + less),
        high=min(1.0, rest + more + (_BEHIND_A_DELAY - 1) * delay),
        confidence=per_request.confidence,
        n=per_request.n,
    )


def _seen_at_the_median(facts: Facts) -> PartShare | None:
    """The part that most of an ordinary request's time was seen to be, if requests were divided and it is waiting."""
    band = ordinary(facts)
    part = band.parts[0] if band and band.parts else None
    return part if part and part.kind is PartKind.WAITING and part.share.point > _MOST else None


def _at_the_median(part: PartShare) -> Evidence:
    places = ", ".join(f"{one.function} ({format_share(one.share, 0)})" for one in part.places[:3])
    return Evidence(
        text=f"of requests around the median, {format_share(part.share.point)} is {part.part}"
        f"{f', in {places}' if places else ''}",
        source="tables/requests.parquet",
        count=part.share.n,
    )


def _sleepers(facts: Facts) -> list[Evidence]:
    """Code of the service that was sampled on its way into a sleep, or waking others; idle workers left out."""
    profile = facts.cpu
    stacks = profile.containing(_SLEEPS) - profile.containing(IDLING) if profile else frozenset[int]()
    callers = profile.owners(stacks, owner) if profile else []
    if profile is None or profile.count(stacks) < _FEWEST_SLEEPS or not callers:
        return []
    text = f"threads go to sleep and are woken in {listed(callers)}"
    return [Evidence(text=text, source=profile.source, count=profile.count(stacks))]


def _proposal(language: str) -> str:
    where = (
        "Look for locks held across a sleep, a call or much work, and for calls to disks and other services on the "
        "way of a request."
    )
    if language == "go":
        return f"{where} runtime.SetMutexProfileFraction(10) and net/http/pprof let the next run name the lock."
    return where


RULE = Waiting()

"""Slow requests that lie unread, since the worker that is to read them computes for other requests."""

from typing import Final

from tailtune.judge.async_work import polled_functions
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.part_names import READER_ON_CPU
from tailtune.judge.tail_waits import tail_wait
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns

_LONG: Final = 8.0
"""Times the usual service time: behind fewer, requests queue as they do before any busy worker."""


class LongPoll:
    """Workers of an asynchronous runtime that stay in one task for long, while requests of others wait for them."""

    id = "long-poll"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail, and each is much longer than requests are."""
        wait = tail_wait(facts, lambda part: part.part == READER_ON_CPU)
        usual_ns = _usual_service_ns(facts)
        if wait is None or not usual_ns or wait.mean_ns < _LONG * usual_ns or not _is_polled(facts, wait.where):
            return []
        found = finding(
            facts,
            self.id,
            wait.where,
            f"requests above p99 wait for a worker that computes for other requests, in {wait.where}: {wait.told()}",
            group=Group.CONCURRENCY,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.STRONG,
            evidence=[
                *wait.evidence(),
                Evidence(
                    text=f"half of all requests are answered within {format_ns(usual_ns)} of being sent",
                    source="tables/requests.parquet",
                    count=facts.measure.latency.requests,
                ),
            ],
            disproof="the tail stays with four times as many workers as CPUs, between which the kernel switches",
            proposal="Compute less there. Or compute where nobody waits (spawn_blocking, a thread of its own), or "
            "give way between pieces (yield_now), so that short requests pass.",
        )
        return [Cause(found, wait.share.point, parts=wait.names, waits_for=wait.where)]


def _usual_service_ns(facts: Facts) -> float:
    """Return the median service time of the measure window; 0 if requests were not logged."""
    if facts.times is None:
        return 0.0
    ordered = sorted(facts.times.service_ns.tolist())
    return float(ordered[len(ordered) // 2])


def _is_polled(facts: Facts, where: str) -> bool:
    """Whether what the workers computed was computed within polls of tasks, as far as samples show."""
    return facts.cpu is not None and where in polled_functions(facts.cpu)


RULE = LongPoll()

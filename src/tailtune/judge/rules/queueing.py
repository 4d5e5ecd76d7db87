"""Slow requests that wait for a CPU, or one of Go's processors (P), which computes for other requests meanwhile."""

from typing import Final

from tailtune.judge.cause import TAIL, Cause, Rank, changed_rate, changed_setting, finding
from tailtune.judge.cpu_queue import CpuQueue
from tailtune.judge.facts import HIGH_UTILIZATION, Facts
from tailtune.judge.queue_evidence import in_code, operation_in_front, queue_evidence
from tailtune.judge.request_bands import GO_TRACE
from tailtune.judge.tail import TAIL_QUANTILE
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_quantile, format_share

_WORTH_A_FINDING: Final = 0.25
_LEAST_BUSY: Final = 0.3
"""Below, requests seldom meet another one: those that do are the tail of any service, and of none that is slow."""
_WAITED: Final = {0.99: 4.0, 0.9: 2.0}
"""Times the usual service time that requests above a quantile wait on average: a few other ones may come before any."""
_MOSTLY: Final = 0.5
_MORE: Final = 2.0
"""Times its share of requests that an operation has of what is waited for, where its requests are the longer ones."""


class Queueing:
    """Requests that queue behind others of the same service, though its CPUs are not busy all the time."""

    id = "queueing"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where a quarter of the tail is such waiting, each wait is long, and the CPUs a third busy.

        Not where they are so busy that this explains it, nor with more processors than CPUs, nor where others than
        requests had what was waited for: rules of their own are about those.
        """
        queue = facts.queue
        if queue is None or not _matters(queue) or facts.processors > facts.service_cpus:
            return []
        if not _LEAST_BUSY <= facts.busy < HIGH_UTILIZATION:
            return []
        half = max(1, round(facts.measure.achieved_rate_per_s / 2))
        operation = operation_in_front(facts, _MOSTLY)
        who, what = f"requests above {format_quantile(queue.above)}", "P" if queue.is_of_processors else "CPU"
        whose = f", mostly of operation `{operation}`" if operation else ""
        where = f", in {in_code(queue.places)}" if queue.places else ""
        found = finding(
            facts,
            self.id,
            "",
            f"{who} wait for a {what} behind other requests{whose}{where}: {format_ns(queue.mean_ns)} each, "
            f"{format_share(queue.share.point)} of their time",
            group=Group.CONCURRENCY,
            share=queue.share,
            share_of=TAIL if queue.above == TAIL_QUANTILE else f"wall time of {who}",
            strength=Strength.STRONG,
            evidence=[*queue_evidence(facts), *_further(facts, queue)],
            disproof=f"the wait stays at half the rate, {half} requests per second",
            proposal=_proposal(facts, queue, operation),
            confirm=changed_setting(facts, "gomaxprocs", str(facts.service_cpus))
            if _has_idle_cpus(facts)
            else changed_rate(facts, half),
        )
        return [Cause(found, queue.share.point, Rank.QUEUE, parts=queue.parts)]


def _matters(queue: CpuQueue) -> bool:
    is_long = queue.share.point >= _WORTH_A_FINDING and queue.mean_ns >= _WAITED[queue.above] * queue.usual_ns
    return is_long and min(queue.of_ready, queue.of_busy, queue.on_cpu) >= _MOSTLY


def _further(facts: Facts, queue: CpuQueue) -> list[Evidence]:
    return [
        Evidence(
            text=f"the service keeps what it may compute on {format_share(facts.busy, 0)} busy, on average",
            source="tables/process.parquet",
            count=facts.measure.latency.requests,
        ),
        Evidence(
            text=f"{queue.requests} requests took {format_ns(queue.least_ns)} to {format_ns(queue.most_ns)}, "
            f"{format_ns(queue.latency_ns)} on average; half of all are answered within {format_ns(queue.usual_ns)} of "
            "being sent",
            source="tables/requests.parquet",
            count=queue.requests,
        ),
        Evidence(
            text=f"look at one: tailtune explain --request {queue.example}",
            source=GO_TRACE if queue.is_of_processors else "tables/waits.parquet",
        ),
    ]


def _proposal(facts: Facts, queue: CpuQueue, operation: str) -> str:
    if _has_idle_cpus(facts):
        more = f"Let GOMAXPROCS be {facts.service_cpus}, the number of CPUs, of which the others idle."
    else:
        more = "More CPUs, or fewer requests on each, shorten the queue as well."
    first = queue.places[0].function if queue.places else "what has the CPU"
    is_long = any(one.share >= _MORE * one.of_requests for one in queue.operations if one.share >= _MOSTLY)
    whose = "Where few requests are longer than the others, let them"
    if operation and is_long:
        whose = f"Let requests of `{operation}`, which are longer than the others,"
    return (
        f"Make {first} cheaper: all that waits behind it comes sooner. {whose} not stand in front: answer them in "
        f"parts, or a few at a time in workers or a process of their own. {more}"
    )


def _has_idle_cpus(facts: Facts) -> bool:
    return 0 < facts.processors < facts.service_cpus


RULE = Queueing()

"""More of Go's processors than CPUs: threads of one service take turns on a CPU, and requests wait for theirs."""

import math
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, TAIL, Cause, changed_setting, finding, ready_threads
from tailtune.judge.facts import Facts
from tailtune.judge.part_names import READER_RUNNABLE, READER_WAITS_FOR_P, RUNNABLE, WAITS_FOR_P
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.tail_waits import TailWait, slowest, tail_wait
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_TIMES: Final = 2
"""Processors for each CPU from which threads of the service stand in each other's way for long."""
_WAITS: Final = (RUNNABLE, READER_RUNNABLE, WAITS_FOR_P, READER_WAITS_FOR_P)
"""A processor whose thread waits for a CPU cannot run anything else meanwhile."""
_WORTH_A_FINDING: Final = 0.10
_BUSY: Final = 0.1
"""Below, threads of other programs are what the service's wait for."""


class GoMaxProcs:
    """GOMAXPROCS against the CPUs that affinity and quota grant, where threads wait for a CPU."""

    id = "gomaxprocs"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where there are twice as many processors as CPUs, and waiting takes a tenth of the tail.

        Where few slow requests leave its share in the tail open, the kernel's account of the mean tells how much it is.
        """
        cpus = _granted(facts)
        if facts.processors < _TIMES * cpus or facts.utilization < _BUSY:
            return []
        wait = tail_wait(facts, lambda part: part.part in _WAITS)
        sure = wait if wait is not None and (wait.share.low is None or wait.share.low > 0) else None
        told = _of_tail(sure) if sure else _of_mean(facts)
        if told is None or (wait is None and slowest(facts) is not None):
            return []
        share, share_of, text = told
        found = finding(
            facts,
            self.id,
            str(facts.processors),
            f"GOMAXPROCS is {facts.processors}, and the service may use {cpus} CPU{'s' if cpus > 1 else ''}: its "
            f"threads take turns, and {text}",
            group=Group.SETTINGS,
            share=share,
            share_of=share_of,
            strength=Strength.STRONG if sure else Strength.MODERATE,
            evidence=[
                Evidence(text=f"the scheduler tells gomaxprocs={facts.processors}", source="tables/sched.parquet"),
                *ready_threads(facts),
                *(wait.evidence() if wait else []),
            ],
            disproof=f"the tail stays with GOMAXPROCS={cpus}",
            proposal=f"Let GOMAXPROCS be the number of CPUs that are granted, here {cpus}: unset it (Go 1.25 and later "
            "know affinity and quotas), or set it where the service is started. The collector then takes a quarter of "
            "these CPUs, too, instead of a quarter of CPUs that are not there.",
            confirm=changed_setting(facts, "gomaxprocs", str(cpus)),
        )
        return [Cause(found, share.point, parts=wait.names if wait else ())]


def _granted(facts: Facts) -> int:
    """CPUs of which the service can use all at the same time, and go on doing so."""
    quota = facts.cpu_quota
    return facts.service_cpus if quota is None else min(facts.service_cpus, max(1, math.ceil(quota)))


def _of_tail(wait: TailWait) -> tuple[Estimate, str, str]:
    return wait.share, TAIL, f"requests above p99 wait for a CPU that another has: {wait.told()}"


def _of_mean(facts: Facts) -> tuple[Estimate, str, str] | None:
    """The kernel's account of waiting for a CPU, where requests were not seen one by one."""
    scheduling, latency = facts.measure.scheduling, facts.mean_latency_ns
    if scheduling is None or not latency:
        return None
    share = min(1.0, scheduling.run_delay_ns_per_request / latency)
    if share < _WORTH_A_FINDING:
        return None
    text = f"wait {format_ns(scheduling.run_delay_ns_per_request)} per request, {format_share(share)} of mean latency"
    return relative_interval(share, facts.measure.seconds), MEAN_LATENCY, text


RULE = GoMaxProcs()

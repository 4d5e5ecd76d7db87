"""Runnable threads that wait for a CPU."""

from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, Rank, changed_rate, finding
from tailtune.judge.facts import Facts
from tailtune.judge.part_names import ANOTHER_PROGRAM
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.tail_waits import other_programs
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_BUSY: Final = 0.6
_MOSTLY: Final = 0.5


class RunQueue:
    """The kernel's account of how long the service's threads waited to run (schedstat)."""

    id = "run-queue-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the wait is a tenth of latency or more."""
        scheduling, latency = facts.measure.scheduling, facts.mean_latency_ns
        if scheduling is None or not latency:
            return []
        share = min(1.0, scheduling.run_delay_ns_per_request / latency)
        if share < _WORTH_A_FINDING:
            return []
        busy = facts.utilization >= _BUSY
        is_seen = _is_behind_its_own(facts)
        is_own = busy or is_seen
        found = finding(
            facts,
            self.id,
            "",
            f"threads wait {format_ns(scheduling.run_delay_ns_per_request)} per request for a CPU; "
            f"{_why(facts, busy=busy, is_own=is_own)}",
            group=Group.CONCURRENCY if is_own else Group.ENVIRONMENT,
            share=relative_interval(share, facts.measure.seconds),
            share_of=MEAN_LATENCY,
            strength=Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"{format_ns(scheduling.run_delay_ns_per_request)} run-queue wait and "
                    f"{scheduling.involuntary_switches_per_request:.2f} involuntary switches per request",
                    source="tables/process.parquet",
                    count=facts.measure.latency.requests,
                ),
                *_neighbors(facts),
            ],
            disproof="latency stays when the service gets more CPUs, or the machine for itself",
            proposal="Spend less CPU time per request, or lower the load per CPU."
            if is_own
            else "Stop other programs on this machine, or give the service CPUs of its own.",
            confirm=changed_rate(facts, facts.measure.achieved_rate_per_s / 2),
        )
        # Part of a busy service's wait is its own queue, which other causes shorten; where that was seen, it is told.
        return [Cause(found, share / 2, Rank.SPECIFIC if busy and not is_seen else Rank.REMARK)]


def _is_behind_its_own(facts: Facts) -> bool:
    """Whether threads of the service were seen to have its CPUs while slow requests waited for one."""
    queue = facts.queue
    return queue is not None and not queue.is_of_processors and queue.of_ready >= _MOSTLY


def _neighbors(facts: Facts) -> list[Evidence]:
    places = other_programs(facts)
    if not places:
        return []
    seen = ", ".join(f"{place.function} ({format_share(place.share, 0)})" for place in places)
    text = f"while requests above p99 waited for a CPU, it was had by {seen}"
    return [Evidence(text=text, source="tables/wait_ends.parquet", count=sum(place.count for place in places))]


def _why(facts: Facts, *, busy: bool, is_own: bool) -> str:
    share = format_share(facts.utilization, 0)
    if busy:
        return f"the service itself keeps its {facts.service_cpus} CPUs {share} busy"
    if is_own:
        return f"the service keeps its CPUs {share} busy, and mostly has them itself while slow requests wait"
    neighbors = other_programs(facts)
    who = f"{neighbors[0].function.removesuffix(ANOTHER_PROGRAM)} and others" if neighbors else "others"
    return f"the service keeps its CPUs only {share} busy: {who} use them as well"


RULE = RunQueue()

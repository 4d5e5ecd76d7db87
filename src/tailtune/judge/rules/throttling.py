"""A CPU quota that stops the service."""

from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, changed_environment, changed_rate, changed_setting, finding
from tailtune.judge.facts import Facts
from tailtune.judge.part_names import READER_RUNNABLE, READER_WAITS_FOR_P, RUNNABLE, WAITS_FOR_P, reader_blocked
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.tail_waits import TailWait, tail_wait
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.project import Language
from tailtune.model.summary import SchedulingSummary
from tailtune.model.units import NS_PER_S, format_ns, format_share

_STOPPED: Final = (
    *(str(Blocked.QUOTA), reader_blocked(Blocked.QUOTA)),
    *(RUNNABLE, READER_RUNNABLE, WAITS_FOR_P, READER_WAITS_FOR_P),
)
"""A thread that the quota stops is ready to run all the while, and goroutines wait for what it runs."""
_AS_LONG: Final = 0.1
"""Share of a whole stop that slow requests have to wait for a CPU, on average, to be waiting for the quota.

The kernel's own account of stopped time is no measure: since it stops threads one by one (6.18), it may tell far less.
"""
_WINDOW: Final = "wall time of the measure window"


class Throttling:
    """The control group's account of periods in which the quota was used up."""

    id = "throttling"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the service was stopped at all: each time for milliseconds."""
        scheduling, seconds = facts.measure.scheduling, facts.measure.seconds
        if scheduling is None or not scheduling.throttled_periods or not seconds:
            return []
        stopped = min(1.0, scheduling.throttled_ns / (seconds * NS_PER_S))
        wait = _waited(facts)
        quota = facts.cpu_quota
        tail = f"; requests above p99 wait for the next period: {wait.told()}" if wait else ""
        found = finding(
            facts,
            self.id,
            "",
            f"the CPU quota{f' of {quota:g} cores' if quota else ''} stopped the service "
            f"{scheduling.throttled_periods} times, {format_share(stopped)} of the time{tail}",
            group=Group.ENVIRONMENT,
            share=wait.share if wait else _of_window(stopped, scheduling),
            share_of=TAIL if wait else _WINDOW,
            strength=Strength.STRONG,
            evidence=[
                Evidence(
                    text=f"{format_ns(scheduling.throttled_ns)} in {scheduling.throttled_periods} throttled periods",
                    source="tables/host.parquet",
                    count=scheduling.throttled_periods,
                ),
                *(wait.evidence() if wait else []),
            ],
            disproof="the tail stays when the quota is lifted",
            proposal="Raise the quota, or give it a shorter period; let the service use no more threads than it "
            "grants, and spread what it does beside requests.",
            confirm=_experiment(facts),
        )
        # Every request that meets a stop waits for milliseconds, also where nobody saw it wait.
        return [Cause(found, wait.share.point, parts=wait.names) if wait else Cause(found, min(1.0, 0.3 + stopped))]


def _waited(facts: Facts) -> TailWait | None:
    """Return what slow requests waited ready to run, if stops of the same window can be the reason."""
    scheduling = facts.summary.diagnose.scheduling if facts.summary.diagnose else None
    wait = tail_wait(facts, lambda part: part.part in _STOPPED)
    if wait is None or scheduling is None or not scheduling.throttled_periods:
        return None
    granted = (facts.cpu_quota or 0.0) / facts.service_cpus
    return wait if wait.mean_ns >= _AS_LONG * max(0.0, 1 - granted) * facts.quota_period_ns else None


def _of_window(share: float, scheduling: SchedulingSummary) -> Estimate:
    return relative_interval(share, scheduling.throttled_periods)


def _experiment(facts: Facts) -> str:
    """The quota doubled where the tool made it; else what uses less of it."""
    quota = facts.cpu_quota
    if quota is not None and quota != facts.manifest.environment.cpu_quota:
        return changed_setting(facts, "cpu-quota", f"{2 * quota:g}")
    service = facts.manifest.service
    if service is not None and service.language is not Language.GO:
        return changed_rate(facts, facts.measure.achieved_rate_per_s / 2)
    return changed_environment(facts, "one", "GOMAXPROCS", "1")


RULE = Throttling()

"""A CPU quota that stops the service."""

from tailtune.judge.cause import Cause, changed_environment, finding
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import NS_PER_S, format_ns, format_share


class Throttling:
    """The control group's account of periods in which the quota was used up."""

    id = "throttling"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the service was stopped at all: each time for milliseconds."""
        scheduling, seconds = facts.measure.scheduling, facts.measure.seconds
        if scheduling is None or not scheduling.throttled_periods or not seconds:
            return []
        share = min(1.0, scheduling.throttled_ns / (seconds * NS_PER_S))
        quota = facts.manifest.environment.cpu_quota
        found = finding(
            facts,
            self.id,
            "",
            f"the CPU quota{f' of {quota:g} cores' if quota else ''} stopped the service "
            f"{scheduling.throttled_periods} times, {format_share(share)} of the time",
            group=Group.ENVIRONMENT,
            share=relative_interval(share, scheduling.throttled_periods),
            share_of="wall time of the measure window",
            strength=Strength.STRONG,
            evidence=[
                Evidence(
                    text=f"{format_ns(scheduling.throttled_ns)} in {scheduling.throttled_periods} throttled periods",
                    source="tables/host.parquet",
                    count=scheduling.throttled_periods,
                )
            ],
            disproof="the tail stays when the quota is lifted",
            proposal="Raise the quota, or let the service use no more threads than it grants.",
            confirm=changed_environment(facts, "one", "GOMAXPROCS", "1"),
        )
        return [Cause(found, min(1.0, 0.3 + share))]  # every request that meets a stop waits for milliseconds


RULE = Throttling()

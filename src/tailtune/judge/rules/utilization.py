"""So much load that requests mostly wait for each other."""

from tailtune.judge.cause import Cause, Rank, changed_rate, changed_setting, finding
from tailtune.judge.facts import HIGH_UTILIZATION, Facts
from tailtune.judge.queue_evidence import queue_evidence
from tailtune.judge.stackprofile import share_of_counts
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share


class Utilization:
    """CPU time per request times rate, over the CPUs there are, or over Go's processors where they are fewer."""

    id = "utilization"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the CPUs, or Go's processors, are three quarters busy or more."""
        cpu, few = facts.measure.cpu, 0 < facts.processors < facts.service_cpus
        utilization = facts.busy
        if cpu is None or utilization < HIGH_UTILIZATION:
            return []
        rate = facts.measure.achieved_rate_per_s
        half = max(1, round(rate * 0.5 / utilization))
        found = finding(
            facts,
            self.id,
            "",
            f"the service keeps {_what(facts) if few else f'its {facts.service_cpus} CPUs'} "
            f"{format_share(utilization, 0)} busy, so queueing makes the tail: small savings of CPU time give large "
            "ones of latency",
            group=Group.CONCURRENCY,
            share=_share(cpu.per_request_ns, utilization),
            share_of="the service's processors" if few else "the service's CPUs",
            strength=Strength.STRONG,
            evidence=[
                Evidence(
                    text=f"{format_ns(cpu.per_request_ns.point)} of CPU time per request, {rate:.0f} requests a second",
                    source="tables/process.parquet",
                    count=facts.measure.latency.requests,
                ),
                *queue_evidence(facts),
            ],
            disproof=f"the tail stays at {half} requests per second",
            proposal=f"Let GOMAXPROCS be {facts.service_cpus}, the number of CPUs, of which the others idle."
            if few
            else "Lower the load per instance or add CPUs; measure at half the rate to see what else there is.",
            confirm=changed_setting(facts, "gomaxprocs", str(facts.service_cpus)) if few else changed_rate(facts, half),
        )
        return [Cause(found, 0.0, Rank.REMARK)]


def _what(facts: Facts) -> str:
    return f"the {facts.processors} of {facts.service_cpus} CPUs that GOMAXPROCS lets it compute on"


def _share(per_request: Estimate, utilization: float) -> Estimate:
    """The utilization with the relative interval of CPU per request, its only uncertain factor."""
    if per_request.low is None or per_request.high is None:
        return share_of_counts(0, 0)
    scale = utilization / per_request.point
    return Estimate(
        point=utilization,
        low=per_request.low * scale,
        high=per_request.high * scale,
        confidence=per_request.confidence,
        n=per_request.n,
    )


RULE = Utilization()

"""Runs whose latency is the load generator's own.

A load that was only disturbed (SUSPECT) says something of the machine at that time and nothing of the service: that is
a warning of the explanation, see `judge.generator.disturbances`, and no cause among others.
"""

from typing import Final

from tailtune.judge.cause import Cause, Rank, changed_rate, finding
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.load import LoadReport, Validity
from tailtune.model.units import format_ns, format_share

_OWN: Final = frozenset({"send-lag", "rate", "engine-cpu"})
"""Self-checks that speak of the generator rather than of the service, and can make a load INVALID."""


class Generator:
    """The load engine's self-checks, where they failed."""

    id = "generator-limited"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for a load that was INVALID by the generator's doing: it forbids all others."""
        load = facts.manifest.load
        reasons = [
            reason for reason in facts.measure.reasons if reason.code in _OWN and reason.validity is Validity.INVALID
        ]
        if load is None or not reasons:
            return []
        share = _share(load, facts)
        found = finding(
            facts,
            self.id,
            reasons[0].code,
            f"the load generator could not keep its schedule: up to {format_share(share)} of the p99 may be its own",
            group=Group.MEASUREMENT,
            share=relative_interval(share, facts.measure.seconds),
            share_of="p99 latency",
            strength=Strength.STRONG,
            evidence=[
                *(Evidence(text=reason.message, source="manifest.json") for reason in reasons),
                Evidence(
                    text=f"timer lag at p99: {format_ns(load.timer_lag_ns.get('p99', 0.0))}",
                    source="manifest.json",
                    count=load.sent_requests,
                ),
            ],
            disproof="the p99 stays on a machine where the generator has a CPU for itself",
            proposal="; ".join(dict.fromkeys(reason.remedy for reason in reasons)),
            confirm=changed_rate(facts, load.scheduled_rate_per_s / 2),
        )
        return [Cause(found, share, Rank.FORBIDS)]


def _share(load: LoadReport, facts: Facts) -> float:
    tail = next((q.estimate for q in facts.measure.latency.quantiles if q.q == 0.99), None)
    return min(1.0, load.timer_lag_ns.get("p99", 0.0) / tail.point) if tail and tail.point else 0.0


RULE = Generator()

"""Runs whose latency is, in part, the load generator's own."""

from typing import Final

from tailtune.judge.cause import Cause, Rank, changed_rate, finding
from tailtune.judge.facts import Facts
from tailtune.judge.generator import LAG_SUSPECT
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.load import LoadReport, Validity
from tailtune.model.units import format_ns, format_share

_OWN: Final = frozenset({"send-lag", "rate", "engine-cpu", "involuntary-switches", "run-delay"})
"""Self-checks that speak of the generator rather than of the service."""


class Generator:
    """The load engine's self-checks, where they failed."""

    id = "generator-limited"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for a load that was SUSPECT or INVALID by the generator's doing."""
        load = facts.manifest.load
        reasons = [reason for reason in facts.measure.reasons if reason.code in _OWN]
        if load is None or not reasons:
            return []
        invalid = any(reason.validity is Validity.INVALID for reason in reasons)
        share = _share(load, facts)
        if not invalid and share < LAG_SUSPECT:
            return []
        found = finding(
            facts,
            self.id,
            reasons[0].code,
            f"the load generator could not keep its schedule: up to {format_share(share)} of the p99 may be its own",
            group=Group.MEASUREMENT,
            share=relative_interval(share, facts.measure.seconds),
            share_of="p99 latency",
            strength=Strength.STRONG if invalid else Strength.MODERATE,
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
        return [Cause(found, share, Rank.FORBIDS if invalid else Rank.REMARK)]


def _share(load: LoadReport, facts: Facts) -> float:
    tail = next((q.estimate for q in facts.measure.latency.quantiles if q.q == 0.99), None)
    return min(1.0, load.timer_lag_ns.get("p99", 0.0) / tail.point) if tail and tail.point else 0.0


RULE = Generator()

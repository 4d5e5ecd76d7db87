"""Loads that the service cannot answer: what is measured is how long requests wait until they are given up."""

from typing import Final

from tailtune.judge.cause import Cause, Rank, changed_rate, finding
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import relative_interval
from tailtune.judge.validity import OVERLOAD
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import NS_PER_S

_COMFORTABLE: Final = 0.5
"""Share of what the service answers at most, at which queueing no longer makes the tail."""


class Overload:
    """More requests than the service answers."""

    id = "overload"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for a load whose requests timed out while they waited for a connection."""
        load = facts.manifest.load
        reason = next((reason for reason in facts.measure.reasons if reason.code == OVERLOAD), None)
        if load is None or reason is None:
            return []
        answered_per_s = load.completed_requests * NS_PER_S / max(1, load.elapsed_ns)
        share = 1 - min(1.0, load.completed_requests / max(1, load.scheduled_requests))
        found = finding(
            facts,
            self.id,
            "",
            f"the service answers {answered_per_s:,.0f} requests per second of the {load.scheduled_rate_per_s:,.0f} "
            "asked: latency is the time until a request is given up",
            group=Group.MEASUREMENT,
            share=relative_interval(share, facts.measure.seconds),
            share_of="scheduled requests without an answer",
            strength=Strength.STRONG,
            evidence=[Evidence(text=reason.message, source="manifest.json", count=load.scheduled_requests)],
            disproof="at half of what it answers now the service still leaves requests unanswered",
            proposal="Explain the service at a rate that it can answer; capacity is a question of its own.",
            confirm=changed_rate(facts, answered_per_s * _COMFORTABLE),
        )
        return [Cause(found, share, Rank.FORBIDS)]


RULE = Overload()

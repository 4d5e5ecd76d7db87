"""What happened while slow requests were in flight, where nobody could look into the service."""

from typing import Final, NamedTuple

from tailtune.judge.cause import Cause, Rank, changed_code, changed_environment, changed_rate, finding
from tailtune.judge.facts import Facts
from tailtune.judge.overlap import Event, Overlap
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.10
_TOGETHER: Final = "requests above p99, beyond what chance brings together"


class _Told(NamedTuple):
    """How a kind of event is spoken of."""

    during: str
    group: Group
    source: str
    proposal: str


_KINDS: Final = {
    Event.COLLECTION: _Told(
        "a garbage collection",
        Group.SETTINGS,
        "tables/gc.parquet",
        "Allocate less. A larger GOGC, bounded by GOMEMLIMIT, trades memory for fewer collections.",
    ),
    Event.THROTTLING: _Told(
        "a stop by the CPU quota",
        Group.ENVIRONMENT,
        "tables/host.parquet",
        "Raise the quota, or let the service use no more threads than it grants.",
    ),
    Event.RUN_QUEUE: _Told(
        "a burst of waiting for CPUs",
        Group.ENVIRONMENT,
        "tables/process.parquet",
        "See what else ran on the service's CPUs, or lower the load per CPU.",
    ),
    Event.FAULTS: _Told(
        "a burst of page faults",
        Group.ALGORITHM,
        "tables/process.parquet",
        "Keep large buffers and use them again; see that files which are mapped stay in memory.",
    ),
    Event.SWITCHES: _Told(
        "a burst of context switches",
        Group.CONCURRENCY,
        "tables/process.parquet",
        "Look for work that is handed between threads, and for locks that many of them want.",
    ),
}


class OverlapRule:
    """Events and slow requests that come together more often than chance explains: no proof, but a direction."""

    id = "overlap"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for each kind of event that chance does not explain; nothing where requests were divided."""
        return [
            self._cause(facts, one)
            for one in facts.together
            if one.is_beyond_chance and one.beyond_chance.point >= _WORTH_A_FINDING
        ]

    def _cause(self, facts: Facts, one: Overlap) -> Cause:
        told, lift = _KINDS[one.kind], one.lift
        found = finding(
            facts,
            self.id,
            one.kind.replace(" ", "-"),
            f"{format_share(one.together.point, 0)} of the requests above p99 were in flight during {told.during}, "
            f"{format_share(one.chance, 0)} would be by chance: seen together, not proved",
            group=told.group,
            share=one.beyond_chance,
            share_of=_TOGETHER,
            strength=Strength.WEAK,
            evidence=[
                Evidence(
                    text=f"lift over chance {lift.point:.1f} {_bounds(one)} at {format_share(lift.confidence, 0)}, "
                    f"from {one.requests} requests of the window {one.window} that are worth {lift.n} independent ones",
                    source="tables/requests.parquet",
                    count=one.requests,
                ),
                Evidence(text=f"{one.events} such events in the window", source=told.source, count=one.events),
            ],
            disproof="slow requests stay when these events become rare; both may have a third reason, such as a "
            "burst of load, and slow requests may be the reason of the events",
            proposal=f"{told.proposal} With the privileges that `tailtune doctor` names, the reason itself is seen.",
            confirm=_experiment(facts, one.kind),
        )
        return Cause(found, one.beyond_chance.point, Rank.TOGETHER)


def _bounds(one: Overlap) -> str:
    low, high = one.lift.low, one.lift.high
    return f"[{low:.1f}, {high:.1f}]" if low is not None and high is not None else "(no interval)"


def _experiment(facts: Facts, kind: Event) -> str:
    if kind is Event.COLLECTION:
        return changed_environment(facts, "gogc400", "GOGC", "400")
    if kind is Event.THROTTLING:
        return changed_environment(facts, "one", "GOMAXPROCS", "1")
    if kind is Event.FAULTS:
        return changed_code(facts)
    return changed_rate(facts, facts.measure.achieved_rate_per_s / 2)


RULE = OverlapRule()

"""Slow requests that wait for one of Go's processors (P), since a goroutine computes for long on it."""

from typing import Final

from tailtune.judge.cause import TAIL, Cause, Seen, changed_setting, finding
from tailtune.judge.facts import Facts
from tailtune.judge.long_runs import LONG, LongRun, LongRuns
from tailtune.judge.names import short_owner
from tailtune.judge.request_bands import GO_TRACE
from tailtune.judge.tail_waits import slowest
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.request_parts import Band
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_TIMES: Final = 4
"""Processors for each CPU, of the experiment."""
_MOSTLY: Final = 0.5
_NAMED: Final = 0.05
_WAITED: Final = 8.0
"""Times the usual service time, on average: else requests wait no longer than they do before any busy service."""


class LongRunRule:
    """Goroutines that compute for long without a wait, while requests of others wait for a P, or lie unread."""

    id = "long-run"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail, and each is much longer than requests are.

        Not with more processors than CPUs, between which the kernel switches.
        """
        runs, band = facts.long_runs, slowest(facts)
        if runs is None or band is None or facts.processors > facts.service_cpus or not runs.places:
            return []
        if runs.share.point < _WORTH_A_FINDING or runs.mean_ns < _WAITED * runs.usual_ns:
            return []
        where, more = runs.places[0].function, _TIMES * facts.service_cpus
        whose = "other requests" if runs.of_requests >= _MOSTLY else "goroutines of no request"
        found = finding(
            facts,
            self.id,
            where,
            f"requests above p99 wait for a P that computes for {whose}, in {where}: {format_ns(runs.mean_ns)} each, "
            f"{format_share(runs.share.point)} of their time",
            group=Group.CONCURRENCY,
            share=runs.share,
            share_of=TAIL,
            strength=Strength.STRONG,
            evidence=_evidence(facts, runs, band),
            disproof=f"the tail stays with GOMAXPROCS={more} on the same CPUs, where threads take turns",
            proposal="Compute less there: keep results, precompute them, or answer in parts. Or give it to fewer "
            "goroutines than GOMAXPROCS, or to a process of its own, so that a P stays free; a larger GOMAXPROCS helps "
            "where there are CPUs for it. runtime.Gosched gives way to goroutines that are ready, not to requests that "
            "nobody has read: while any is ready, the network is asked every 10 ms only.",
            confirm=changed_setting(facts, "gomaxprocs", str(more)),
        )
        return [Cause(found, runs.share.point, seen=_seen(facts, where), parts=runs.parts, waits_for=where)]


def _evidence(facts: Facts, runs: LongRuns, band: Band) -> list[Evidence]:
    functions = ", ".join(
        f"{place.function} ({format_share(place.share, 0)})" for place in runs.places if place.share >= _NAMED
    )
    rest = max(0.0, 1 - runs.of_busy - runs.of_collector - runs.of_measuring)
    return [
        Evidence(
            text=f"{runs.count} long runs, of {format_ns(LONG * runs.usual_ns)} or more without a wait, had a P "
            f"meanwhile: {functions}",
            source=GO_TRACE,
            count=sum(place.count for place in runs.places),
        ),
        *(Evidence(text=_told(run), source=GO_TRACE, count=run.waiting) for run in runs.longest),
        Evidence(
            text=f"while they waited and all of GOMAXPROCS={facts.processors or '?'} were busy, long runs had "
            f"{format_share(runs.of_busy, 0)}, shorter ones {format_share(rest, 0)}, the collector "
            f"{format_share(runs.of_collector, 0)}, what measures {format_share(runs.of_measuring, 0)}",
            source=GO_TRACE,
        ),
        Evidence(
            text=f"{band.requests} requests took {format_ns(band.least_ns)} to {format_ns(band.most_ns)}, "
            f"{format_ns(band.mean_ns)} on average; half of all are answered within {format_ns(runs.usual_ns)} of "
            "being sent",
            source="tables/requests.parquet",
            count=band.requests,
        ),
        Evidence(text=f"look at one: tailtune explain --request {runs.example}", source=GO_TRACE),
    ]


def _told(run: LongRun) -> str:
    whom = f" for {run.request}" if run.request else ""
    where = f" in {run.function}" if run.function else ""
    who, how = ("1 request waits", "for it") if run.waiting == 1 else (f"{run.waiting} requests wait", "together")
    return (
        f"goroutine {run.goroutine} computes {format_ns(run.computing_ns)}{where}{whom}, and {who} "
        f"{format_ns(run.waited_ns)} {how}"
    )


def _seen(facts: Facts, where: str) -> tuple[Seen, ...]:
    """Return the CPU samples of the function."""
    profile = facts.cpu
    if profile is None:
        return ()
    stacks = profile.owned_by(where, short_owner)
    return (Seen(profile, stacks),) if stacks else ()


RULE = LongRunRule()

"""Go's collector: its CPU time, the help it takes from requests, its pauses."""

import math
from typing import Final

from tailtune.judge.cause import Cause, changed_environment, changed_setting, finding
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.summary import GcSummary
from tailtune.model.units import format_bytes, format_ns, format_share

_CPU_WORTH_A_FINDING: Final = 0.10
_ASSIST_WORTH_A_FINDING: Final = 0.03
"""The Go guide calls 5 % of assists a problem; they fall on requests, so on the tail, earlier."""
_WORTH_TELLING: Final = 0.10
_FEWEST_CYCLES: Final = 5
_SOURCE: Final = "tables/gc.parquet"
_FOURFOLD: Final = "heap may grow fourfold"
_LARGER: Final = "Allocate less first. A larger GOGC, bounded by GOMEMLIMIT, trades memory for fewer collections."
_KEEP_LESS: Final = (
    "What lives has come near a limit of memory, below which GOGC changes nothing: keep less, or raise GOMEMLIMIT. "
    "Allocating less makes collections fewer, too."
)
_MIB: Final = 1 << 20


class GarbageCollection:
    """The share of the collector by gctrace, and whether a larger heap would buy it back."""

    id = "garbage-collection"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where collecting takes 10 % of CPU time, or assists take 3 %.

        Not with more processors than CPUs: gctrace counts the time of each worker, its waiting for a CPU included.
        """
        gc = facts.measure.gc
        if gc is None or gc.cycles < _FEWEST_CYCLES or facts.processors > facts.service_cpus:
            return []
        if gc.cpu_share < _CPU_WORTH_A_FINDING and gc.assist_share < _ASSIST_WORTH_A_FINDING:
            return []
        share, tail = relative_interval(gc.cpu_share, gc.cycles), _of_tail(facts)
        is_pressed = facts.pressed is not None
        found = finding(
            facts,
            self.id,
            "",
            f"the garbage collector runs {gc.cycles_per_s:.1f} times a second and takes "
            f"{format_share(gc.cpu_share)} of CPU time; requests helping it take {format_share(gc.assist_share)}"
            f"{_behind(facts, tail)}",
            group=Group.SETTINGS,
            share=share,
            strength=Strength.STRONG,
            evidence=[
                Evidence(text=f"{gc.cycles} collections in the measure window", source=_SOURCE, count=gc.cycles),
                Evidence(text=_heap(gc), source=_SOURCE),
            ],
            disproof=f"CPU per request stays when the {'limit is twice as high' if is_pressed else _FOURFOLD}",
            proposal=_KEEP_LESS if is_pressed else _LARGER,
            confirm=_higher_limit(facts, gc) if is_pressed else changed_environment(facts, "gogc400", "GOGC", "400"),
        )
        return [Cause(found, max(facts.saving(gc.cpu_share), tail) / 2)]  # about what GOGC=400 buys back of it


def _of_tail(facts: Facts) -> float:
    """Return the share of the tail's time that requests wait for a P while the collector has it; 0 if it is little."""
    share = facts.long_runs.collector.point if facts.long_runs else 0.0
    return share if share >= _WORTH_TELLING else 0.0


def _behind(facts: Facts, tail: float) -> str:
    if facts.long_runs is None or not tail:
        return ""
    each = format_ns(facts.long_runs.collector_ns)
    return f"; those above p99 wait for a P that it has, {each} each, {format_share(tail)} of their time"


def _higher_limit(facts: Facts, gc: GcSummary) -> str:
    """Return the experiment with a limit of at least twice what the heap may grow to now."""
    return changed_setting(facts, "gomemlimit", f"{2 * math.ceil(gc.heap_goal_bytes / _MIB)}MiB")


def _heap(gc: GcSummary) -> str:
    live, goal = format_bytes(gc.heap_live_bytes), format_bytes(gc.heap_goal_bytes)
    return f"{live} live of a heap of up to {goal}; the longest pause was {format_ns(gc.pause_max_ns)}"


RULE = GarbageCollection()

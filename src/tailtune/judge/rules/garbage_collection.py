"""Go's collector: its CPU time, the help it takes from requests, its pauses."""

from typing import Final

from tailtune.judge.cause import Cause, changed_environment, finding
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.summary import GcSummary
from tailtune.model.units import format_bytes, format_ns, format_share

_CPU_WORTH_A_FINDING: Final = 0.10
_ASSIST_WORTH_A_FINDING: Final = 0.03
"""The Go guide calls 5 % of assists a problem; they fall on requests, so on the tail, earlier."""
_FEWEST_CYCLES: Final = 5
_SOURCE: Final = "tables/gc.parquet"


class GarbageCollection:
    """The share of the collector by gctrace, and whether a larger heap would buy it back."""

    id = "garbage-collection"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where collecting takes 10 % of CPU time, or assists take 3 %."""
        gc = facts.measure.gc
        if gc is None or gc.cycles < _FEWEST_CYCLES:
            return []
        if gc.cpu_share < _CPU_WORTH_A_FINDING and gc.assist_share < _ASSIST_WORTH_A_FINDING:
            return []
        share = relative_interval(gc.cpu_share, gc.cycles)
        found = finding(
            facts,
            self.id,
            "",
            f"the garbage collector runs {gc.cycles_per_s:.1f} times a second and takes "
            f"{format_share(gc.cpu_share)} of CPU time; requests helping it take {format_share(gc.assist_share)}",
            group=Group.SETTINGS,
            share=share,
            strength=Strength.STRONG,
            evidence=[
                Evidence(text=f"{gc.cycles} collections in the measure window", source=_SOURCE, count=gc.cycles),
                Evidence(text=_heap(gc), source=_SOURCE),
            ],
            disproof="CPU per request stays when the heap may grow fourfold",
            proposal="Allocate less first. A larger GOGC, bounded by GOMEMLIMIT, trades memory for fewer collections.",
            confirm=changed_environment(facts, "gogc400", "GOGC", "400"),
        )
        return [Cause(found, facts.saving(gc.cpu_share) / 2)]  # about what GOGC=400 buys back of it


def _heap(gc: GcSummary) -> str:
    live, goal = format_bytes(gc.heap_live_bytes), format_bytes(gc.heap_goal_bytes)
    return f"{live} live of a heap of up to {goal}; the longest pause was {format_ns(gc.pause_max_ns)}"


RULE = GarbageCollection()

"""What a Go service allocated and collected during a slice, from the lines that its runtime printed."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from tailtune.model.project import Language
from tailtune.record.collectors import gctrace
from tailtune.record.formats.lines import LineReader
from tailtune.record.phases.service import RunningService

_UNKNOWN: Final = -1
_GC_CPU: Final = ("stw_sweep_cpu_ns", "assist_cpu_ns", "background_cpu_ns", "stw_mark_cpu_ns")

Collection = Mapping[str, Any]
"""One row of the table `gc`."""


def collections_of(service: RunningService) -> list[Collection] | None:
    """Return the collections since the service's start, in order; None for services without such a trace."""
    if service.language != Language.GO:
        return None
    started_ns = service.process.started_ns
    lines = LineReader(service.process.stderr).read()
    return [found for line in lines if (found := gctrace.parse(line, started_ns)) is not None]


def heap_use(row: Mapping[str, Any], collections: Sequence[Collection] | None) -> dict[str, int]:
    """Return the columns `gc_cpu_ns` and `allocated_bytes` of a slice; -1 where there is no trace.

    Allocated is what the heap grew by from what one collection left alive to the beginning of the next, both
    rounded by the runtime to whole MiB. A slice has those collections that began in it.
    """
    if collections is None:
        return {"gc_cpu_ns": _UNKNOWN, "allocated_bytes": _UNKNOWN}
    own = [
        (before, one)
        for before, one in pairwise([{"heap_live_bytes": 0}, *collections])
        if row["started_ns"] <= one["t_ns"] < row["ended_ns"]
    ]
    return {
        "gc_cpu_ns": sum(one[name] for _, one in own for name in _GC_CPU),
        "allocated_bytes": sum(max(one["heap_start_bytes"] - before["heap_live_bytes"], 0) for before, one in own),
    }

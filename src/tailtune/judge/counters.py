"""What the processor counted in a window, for each request."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tailtune.model.summary import CountersSummary

_CYCLES: Final = "cycles"
_INSTRUCTIONS: Final = "instructions"
_MISSES: Final = "cache-misses"
_STALLED: Final = "stalled-cycles-backend"
_KNOWN: Final = {_CYCLES, _INSTRUCTIONS, _MISSES, _STALLED}


def counters(table: pa.Table, window: str, requests: int) -> CountersSummary | None:
    """Return the counts of a window by request; None where nothing was counted.

    An event that never came up while a service answered requests has a counter that does not work, as some virtual
    machines show them: it counts as absent.

    Args:
        table: the COUNTERS table.
        window: its window.
        requests: that were answered.
    """
    rows = table.filter(pc.equal(table["window"].cast(pa.string()), window)).to_pylist()
    found = {row["event"]: row["count"] for row in rows if row["event"] in _KNOWN and row["count"] > 0}
    if not found or requests <= 0:
        return None
    cycles, instructions = found.get(_CYCLES), found.get(_INSTRUCTIONS)
    misses, stalled = found.get(_MISSES), found.get(_STALLED)
    lent = [row["running_ns"] / row["enabled_ns"] for row in rows if row["event"] in found and row["enabled_ns"] > 0]
    return CountersSummary(
        kernel=all(row["kernel"] for row in rows),
        lent_share=min(1.0, *lent) if lent else 1.0,
        instructions_per_request=_ratio(instructions, requests),
        instructions_per_cycle=_ratio(instructions, cycles),
        misses_per_request=_ratio(misses, requests),
        misses_per_1000_instructions=_ratio(misses and 1000 * misses, instructions),
        stalled_share=_ratio(stalled and cycles and min(stalled, cycles), cycles),
    )


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part and whole else None

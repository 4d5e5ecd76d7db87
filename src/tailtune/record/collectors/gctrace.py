"""Go's garbage collections, read from the lines that GODEBUG=gctrace=1 makes the runtime print to stderr.

The runtime's documentation calls the format subject to change; it has been stable from Go 1.19 on.
What does not look like a trace line is the service's own output and is passed over.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from tailtune.record.formats.trace_lines import TraceLinesCollector

_N: Final = r"([0-9.]+)"
_LINE: Final = re.compile(
    rf"gc (?P<cycle>\d+) @(?P<at>[0-9.]+)s \d+%(?P<remark>[^:]*): "
    rf"{_N}\+{_N}\+{_N} ms clock, {_N}\+{_N}/{_N}/{_N}\+{_N} ms cpu, "
    rf"(?P<start>\d+)->(?P<end>\d+)->(?P<live>\d+) MB, (?P<goal>\d+) MB goal,"
    rf"(?P<more>.*?) (?P<procs>\d+) P(?P<forced> \(forced\))?"
)
_TIMES: Final = (
    *("stw_sweep_ns", "mark_ns", "stw_mark_ns"),
    *("stw_sweep_cpu_ns", "assist_cpu_ns", "background_cpu_ns", "idle_cpu_ns", "stw_mark_cpu_ns"),
)
_NS_PER_MS: Final = 1_000_000
_MIB: Final = 1 << 20


def parse(line: str, started_ns: int) -> dict[str, Any] | None:
    """Read one line as a row of the table `gc`; absent when it is none, or cut in two by other output.

    Args:
        line: a line of stderr; text of the service may stand before the trace.
        started_ns: CLOCK_MONOTONIC of the process's start, which the line's times count from.
    """
    found = _LINE.search(line)
    if found is None:
        return None
    try:
        times = [round(float(text) * _NS_PER_MS) for text in found.groups()[3:11]]
        at_ns = round(float(found["at"]) * 1e9)
    except ValueError:
        return None
    sizes = {f"heap_{name}_bytes": int(found[name]) * _MIB for name in ("start", "end", "live", "goal")}
    return {
        "t_ns": started_ns + at_ns,
        "cycle": int(found["cycle"]),
        **dict(zip(_TIMES, times, strict=True)),
        **sizes,
        "procs": int(found["procs"]),
        "forced": found["forced"] is not None,
    }


def count(lines: Iterable[str]) -> int:
    """Return how many collections the lines tell of."""
    return sum(_LINE.search(line) is not None for line in lines)


class GcTraceCollector(TraceLinesCollector):
    """Fills the table `gc`."""

    name = "gctrace"
    cost = "one line of stderr per collection"

    def __init__(self) -> None:
        super().__init__("gc", parse)


COLLECTOR = GcTraceCollector

"""States of Go's scheduler, read from the lines that GODEBUG=schedtrace=1000 makes the runtime print to stderr.

Fields come and go between Go releases, so they are read by their names.
"""

import re
from typing import Any, Final

from tailtune.record.formats.trace_lines import TraceLinesCollector

_LINE: Final = re.compile(r"SCHED (?P<at>\d+)ms: (?P<fields>(?:\w+=\d+ )+)\[(?P<queues>[\d ]*)\]")
_COLUMNS: Final = {"gomaxprocs": "gomaxprocs", "idle_procs": "idleprocs", "threads": "threads", "run_queue": "runqueue"}
_NS_PER_MS: Final = 1_000_000


def parse(line: str, started_ns: int) -> dict[str, Any] | None:
    """Read one line as a row of the table `sched`; absent when it is none or lacks a field.

    Args:
        line: a line of stderr; text of the service may stand before the trace.
        started_ns: CLOCK_MONOTONIC of the process's start, which the line's time counts from.
    """
    found = _LINE.search(line)
    if found is None:
        return None
    fields = {name: int(value) for name, _, value in (item.partition("=") for item in found["fields"].split())}
    if not fields.keys() >= set(_COLUMNS.values()):
        return None
    return {
        "t_ns": started_ns + int(found["at"]) * _NS_PER_MS,
        **{column: fields[name] for column, name in _COLUMNS.items()},
        "local_run_queue": sum(int(length) for length in found["queues"].split()),
    }


class SchedTraceCollector(TraceLinesCollector):
    """Fills the table `sched`."""

    name = "schedtrace"
    cost = "one line of stderr a second"

    def __init__(self) -> None:
        super().__init__("sched", parse)


COLLECTOR = SchedTraceCollector

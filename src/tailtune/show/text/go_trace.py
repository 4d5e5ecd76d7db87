"""An execution trace of Go as text: the runtime, and goroutines by the function they were started for."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.go_trace import GoroutineGroup, GoTrace, NamedTime, ReasonTime, StateTime
from tailtune.model.units import format_bytes, format_ns, format_share
from tailtune.show.printable import printable, shortened
from tailtune.show.text.table import pairs, paragraph, table
from tailtune.show.values import count, plural

_STATES: Final = ("running", "runnable", "assist", "syscall", "waiting")
"""Columns, as people read them: what was done, then what was waited for."""
_MOST_GROUPS: Final = 12
_MOST_REASONS: Final = 10
_MOST_NAMES: Final = 8
_NAME_WIDTH: Final = 40
_UNNAMED: Final = "(no stack seen)"
_UNTOLD: Final = "(not told)"
_NOTE: Final = (
    "runnable: ready, but without a processor; assist: marking for the collector in return for allocations. "
    "Waits are mostly idle: --reason, --focus and --ignore pick those that matter"
)


def go_trace(trace: GoTrace | None) -> list[list[str]]:
    """Show what is in a trace, in sections; nothing without one."""
    if trace is None:
        return []
    return [
        _runtime(trace),
        _goroutines(trace),
        _reasons(trace.reasons),
        _named("user tasks", trace.tasks),
        _named("user regions", trace.regions),
    ]


def _runtime(trace: GoTrace) -> list[str]:
    gc = trace.gc
    rows = [
        ("goroutines", f"{count(trace.goroutine_count)}, started for {plural(len(trace.groups), 'function')}"),
        ("processors", _processors(trace)),
        ("scheduler", _scheduler(trace.states)),
        ("collector", _times("marking phase", gc.mark)),
        ("assists", _times("assist", gc.assist)),
        ("sweeping", _sweeping(trace)),
        ("stops", _stops(trace.stops)),
        ("heap", _heap(trace)),
        ("CPU samples", count(trace.cpu_samples) if trace.cpu_samples else ""),
        ("messages", _messages(trace.logs)),
    ]
    seconds = format_ns(trace.end_ns - trace.begin_ns)
    head = f"runtime, {seconds} in {plural(trace.generations, 'generation')}, {plural(_events(trace), 'event')}"
    return [head, *pairs(rows)]


def _events(trace: GoTrace) -> int:
    return sum(trace.events.values())


def _processors(trace: GoTrace) -> str:
    used = plural(len(trace.procs), "processor")
    if not trace.gomaxprocs:
        return f"{used} in use; GOMAXPROCS is not told"
    return f"{format_share(trace.utilisation)} in use, GOMAXPROCS {trace.gomaxprocs} at the end"


def _scheduler(states: Sequence[StateTime]) -> str:
    waits = next((state for state in states if state.state == "runnable" and state.count), None)
    if waits is None:
        return ""
    mean, longest = format_ns(waits.ns / waits.count), format_ns(waits.longest_ns)
    return f"{plural(waits.count, 'wait')} for a processor, {mean} on average, the longest {longest}"


def _times(noun: str, one: NamedTime) -> str:
    if not one.count:
        return ""
    return f"{plural(one.count, noun)}, {format_ns(one.ns)} together, the longest {format_ns(one.longest_ns)}"


def _sweeping(trace: GoTrace) -> str:
    sweep = _times("sweep", trace.gc.sweep)
    return f"{sweep}, {format_bytes(trace.gc.freed_bytes)} set free" if sweep else ""


def _stops(stops: Sequence[NamedTime]) -> str:
    if not stops:
        return ""
    number, together = sum(stop.count for stop in stops), sum(stop.ns for stop in stops)
    longest = max(stops, key=lambda stop: stop.longest_ns)
    of = f"the longest {format_ns(longest.longest_ns)} ({printable(longest.name)})"
    return f"{plural(number, 'stop')} of the world, {format_ns(together)} together, {of}"


def _heap(trace: GoTrace) -> str:
    heap, goal = trace.heap_alloc, trace.heap_goal
    if not heap.changes:
        return ""
    aim = f", goal {format_bytes(goal.last_bytes)} at the end" if goal.changes else ""
    return f"{format_bytes(heap.least_bytes)} to {format_bytes(heap.most_bytes)}{aim}"


def _messages(logs: dict[str, int]) -> str:
    return ", ".join(f"{count(number)} {shortened(name, 30)}" for name, number in list(logs.items())[:_MOST_NAMES])


def _goroutines(trace: GoTrace) -> list[str]:
    if not trace.groups:
        return []
    rows = [_group(group) for group in trace.groups[:_MOST_GROUPS]]
    header = ("number", *_STATES, "started for")
    cut = len(trace.groups) - len(rows)
    more = [f"  {plural(cut, 'more function')} with less work not shown"] if cut > 0 else []
    lines = table(rows, header=header, right=range(len(_STATES) + 1))
    return ["goroutines by function, most work first", *lines, *more, *paragraph(_NOTE, indent=2)]


def _group(group: GoroutineGroup) -> list[str]:
    times = {state.state: state.ns for state in group.states}
    cells = [format_ns(times[state]) if times.get(state) else "" for state in _STATES]
    return [count(group.goroutines), *cells, shortened(group.name, _NAME_WIDTH) if group.name else _UNNAMED]


def _reasons(reasons: Sequence[ReasonTime]) -> list[str]:
    if not reasons:
        return []
    rows = [
        [
            format_ns(one.ns),
            count(one.count),
            format_ns(one.longest_ns),
            one.state,
            shortened(one.reason, _NAME_WIDTH) if one.reason else _UNTOLD,
        ]
        for one in reasons[:_MOST_REASONS]
    ]
    header = ("time", "times", "longest", "state", "reason")
    return ["why goroutines did not run, all together", *table(rows, header=header, right=(0, 1, 2))]


def _named(title: str, times: Sequence[NamedTime]) -> list[str]:
    if not times:
        return []
    rows = [
        [format_ns(one.ns), count(one.count), format_ns(one.longest_ns), shortened(one.name, _NAME_WIDTH)]
        for one in times[:_MOST_NAMES]
    ]
    return [title, *table(rows, header=("time", "number", "longest", "name"), right=(0, 1, 2))]

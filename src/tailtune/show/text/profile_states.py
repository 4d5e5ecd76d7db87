"""How threads spent their time: on CPU, runnable, blocked, and what no state accounts for."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.profile_view import IdlePlace, ThreadStates
from tailtune.model.units import format_ns, format_share
from tailtune.show.printable import shortened
from tailtune.show.text.glyphs import glyphs
from tailtune.show.text.table import paragraph, table
from tailtune.show.values import count, plural

_MOST_THREADS: Final = 12
_BAR: Final = 24
_SPLIT: Final = (
    "Idle: time off the CPU in a known place of a thread without work (a worker's park, an event loop, accept). "
    "All else off the CPU is waiting."
)


def thread_states(threads: Sequence[ThreadStates]) -> list[str]:
    """Show each thread's states as shares of its time, with a bar."""
    if not threads:
        return []
    shown = threads[:_MOST_THREADS]
    rows = [_cells(thread) for thread in shown]
    header = ("thread", "name", "on-CPU", "runnable", "blocked", "residue", "switches", _legend())
    cut = len(threads) - len(shown)
    return [
        "threads",
        *table(rows, header=header, right=(0, 2, 3, 4, 5, 6)),
        *([f"  {plural(cut, 'more thread')} with less time on CPU not shown"] if cut > 0 else []),
    ]


def idle_places(places: Sequence[IdlePlace]) -> list[str]:
    """Show where threads were idle, and how that was told from waiting."""
    if not places:
        return []
    rows = [[format_ns(place.blocked_ns), place.meaning, place.source] for place in places]
    return ["idle, or not known", *table(rows, right=(0,)), *paragraph(_SPLIT, indent=2)]


def _cells(thread: ThreadStates) -> list[str]:
    shares = [
        state / thread.wall_ns if thread.wall_ns else 0.0
        for state in (thread.on_cpu_ns, thread.runnable_ns, thread.blocked_ns)
    ]
    residue = thread.residue_ns / thread.wall_ns if thread.wall_ns else 0.0
    return [
        str(thread.tid),
        shortened(thread.name, 16),
        *map(format_share, shares),
        format_share(residue),
        count(thread.switches),
        _bar(shares),
    ]


def _bar(shares: Sequence[float]) -> str:
    """Draw on-CPU, runnable and blocked from left to right; what is left is residue."""
    marks = _marks()
    drawn, ends, done = "", 0.0, 0
    for mark, share in zip(marks, shares, strict=True):
        ends += share
        until = min(_BAR, round(ends * _BAR))
        drawn += mark * max(0, until - done)
        done = max(done, until)
    return drawn


def _marks() -> tuple[str, str, str]:
    shades = glyphs().shades
    return shades[3], shades[2], shades[0]


def _legend() -> str:
    on_cpu, runnable, blocked = _marks()
    return f"{on_cpu} on {runnable} runnable {blocked} blocked"

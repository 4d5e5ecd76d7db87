"""What goroutines did meanwhile that ended the waits of requests, for a mutex or at a channel.

Who wakes a goroutine that waits for a mutex had it, and released it. What that one did during the wait, since it last
waited for a lock itself, is what the lock was held for. Likewise at a channel: since it last waited at one, it was busy
with what the request waited for.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.goroutine_parts import Followed, off_threads
from tailtune.judge.goroutine_table import NOBODY, RUNNABLE
from tailtune.judge.goroutine_times import GoroutineTimes
from tailtune.judge.names import is_code, short
from tailtune.judge.stretches import Stretches
from tailtune.model.request_parts import Place

_MOST_WAITS: Final = 2_000
_MOST_PIECES: Final = 500_000
_SEEN: Final = 0.5
"""Share of the time waited in which the holder was seen; with less, nothing is said."""
_WORTH_NAMING: Final = 0.05
_SHOWN: Final = 3


def goroutine_holders(
    followed: Followed, within: Stretches, cause: Cause, sampled: Callable[[Stretches], list[str]]
) -> list[Place]:
    """Return the functions that those were in who ended waits for a cause, largest first.

    Args:
        followed: requests and their goroutines.
        within: stretches of goroutines that waited.
        cause: of the waits, a lock or a queue.
        sampled: returns the functions sampled on threads (`tid`) in stretches, one a sample.

    Returns:
        Shares of what was seen of the goroutines that ended the waits; empty where that is less than half the time.
    """
    times = followed.times
    waits = _ended_by(times, followed, within, cause)
    total = float((waits.end_ns - waits.begin_ns).sum())
    found: dict[str, tuple[float, int]] = {}
    for name, weight in _meanwhile(times, waits, cause, sampled):
        before, count = found.get(name, (0.0, 0))
        found[name] = before + weight, count + 1
    seen = sum(weight for weight, _ in found.values())
    if not seen or seen < _SEEN * total:
        return []
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:_SHOWN]
    places = [Place(function=name, share=weight / seen, count=count) for name, (weight, count) in ordered]
    return [place for place in places if place.share >= _WORTH_NAMING]


def _ended_by(times: GoroutineTimes, followed: Followed, within: Stretches, cause: Cause) -> Stretches:
    """Return the longest waits for a cause, with the goroutine (`tid`) that ended each."""
    found = off_threads(followed, within, str(cause))
    following = np.minimum(found.row + 1, max(0, len(times) - 1))
    group = times.rows.group
    is_next = (following > found.row) & (group[following] == group[found.row]) & (times.state[following] == RUNNABLE)
    waker = np.where(is_next, times.waker[following], NOBODY)
    longest = np.argsort(found.begin_ns - found.end_ns, kind="stable")[:_MOST_WAITS]
    return Stretches(longest, waker[longest], found.begin_ns[longest], found.end_ns[longest])


def _meanwhile(
    times: GoroutineTimes, waits: Stretches, cause: Cause, sampled: Callable[[Stretches], list[str]]
) -> Iterator[tuple[str, float]]:
    """Yield what the goroutines did that ended waits, and for how long."""
    pieces = times.pieces(waits, _MOST_PIECES)
    is_same = times.wait[pieces.row] == (times.waits.index(cause) if cause in times.waits else NOBODY - 1)
    since = waits.begin_ns.copy()
    np.maximum.at(since, pieces.stretch[is_same], pieces.end_ns[is_same])
    kept = pieces.chosen(~is_same & (pieces.begin_ns >= since[pieces.stretch]))
    on_thread = times.is_on_thread(kept)
    off = kept.chosen(~on_thread)
    for stack, length in zip(times.stack[off.row].tolist(), (off.end_ns - off.begin_ns).tolist(), strict=True):
        function = times.stacks.owner(stack)
        yield _named(times.stacks.functions(stack), function) if cause is Cause.LOCK else function, float(length)
    on = kept.chosen(on_thread)
    functions = sampled(Stretches(on.stretch, times.tid[on.row], on.begin_ns, on.end_ns))
    each = float((on.end_ns - on.begin_ns).sum()) / max(1, len(functions))
    yield from ((function, each) for function in functions)


def _named(functions: list[str], function: str) -> str:
    """Name the function that a stack belongs to and the one that called it, one of which took the lock."""
    outer = False
    for name in (short(one) for one in functions if is_code(one)):
        if name != function and outer:
            return f"{function} called by {name}"
        outer = outer or name == function
    return function

"""How the memory of a service changes while it answers requests: what is resident, and what of it lives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.judge.histograms import by_interval
from tailtune.judge.names import owner
from tailtune.judge.resources import rows_of, seconds_of
from tailtune.judge.stackprofile import StackProfile
from tailtune.model.estimate import Estimate
from tailtune.model.units import NS_PER_S

Floats = npt.NDArray[np.float64]

_CONFIDENCE: Final = 0.95
_FEWEST: Final = 6
"""Fewer readings have no interval in each half of them."""
_MOST: Final = 300
"""More readings are thinned: neighbors tell nearly the same, and all pairs are looked at."""
_STEADY: Final = 1.2
"""Rates above this ratio of the second half of a window to its first are a reason to need more memory."""
_SMALLEST_HEAP: Final = 4 << 20
"""Bytes that live, below which Go's goal is its smallest heap, and figures in whole MiB say little."""
_FEWEST_CYCLES: Final = 3
"""What lives and the goal are told exactly; collections are few where what lives is large."""


@dataclass(frozen=True)
class Trend:
    """How a size in bytes changed with time, by the line through its readings."""

    per_s: Estimate
    """Bytes per second; n: readings."""
    later_per_s: Estimate
    """The same of the later half of the readings."""
    first_bytes: float
    """The line's value at the first reading."""
    seconds: float
    """From the first reading to the last."""

    @property
    def grown_bytes(self) -> float:
        """From the first reading to the last; below 0 where it fell."""
        return self.per_s.point * self.seconds

    @property
    def last_bytes(self) -> float:
        """The line's value at the last reading."""
        return self.first_bytes + self.grown_bytes

    @property
    def grows(self) -> bool:
        """Whether it grows beyond what its readings scatter, and still does in the later half."""
        lows = (self.per_s.low, self.later_per_s.low)
        return all(low is not None and low > 0 for low in lows)


@dataclass(frozen=True)
class Retained:
    """Live memory at the end of the diagnose window over that at the end of the measure window, by sampled stacks."""

    source: str
    """The later profile."""
    grown_bytes: float
    seconds: float
    """Between the two ends."""
    owners: Sequence[tuple[str, float]]
    """Functions that allocated what came to live longer, with their share of all that did; largest first."""

    @property
    def per_s(self) -> float:
        """Bytes per second; below 0 where less lives than did."""
        return self.grown_bytes / self.seconds


@dataclass(frozen=True)
class Piled:
    """Goroutines in the middle of the diagnose window that were not there at the end of the measure window."""

    source: str
    """The later profile."""
    more: int
    """Below 0 where there are fewer."""
    seconds: float
    """Between the two."""
    owners: Sequence[tuple[str, float]]
    """Functions of the service's code that more of them are in, with their share; largest first."""


@dataclass(frozen=True)
class Headroom:
    """Go: how far the heap may grow above what lives until it is collected, as a share of what lives; 1: GOGC=100."""

    most: float
    """At any time since the start."""
    now: float
    """Median of the measure window."""


@dataclass(frozen=True)
class Memory:
    """Memory of one run."""

    resident: Trend
    """Of the measure window, all processes of the service."""
    is_rate_steady: bool
    """False: more requests came in the second half of the window than in the first."""
    resident_later: Trend | None = None
    """Of the diagnose window."""
    live: Trend | None = None
    """Go: what each collection left alive."""
    headroom: Headroom | None = None
    retained: Retained | None = None
    """By a heap profile: Go's, or that of a preloaded jemalloc."""
    goroutines: Piled | None = None
    threads: tuple[int, int] = (0, 0)
    """Of the service at the begin and at the end of the measure window."""


Pair = tuple[StackProfile | None, StackProfile | None]
"""Profiles of the window that is measured, and of the one that is diagnosed."""


def memory_of(bundle: Bundle, windows: tuple[str, str], heaps: Pair, goroutines: Pair) -> Memory | None:
    """Return how the memory of a run changed; None where its processes were read too few times.

    Args:
        bundle: the recording.
        windows: the one that is measured, and the one that is diagnosed.
        heaps: bytes that lived at the ends of these windows, by who allocated them.
        goroutines: those there were at the end of the first and in the middle of the second, by where they were.
    """
    process, collections = bundle.table("process"), bundle.table("gc")
    measured, diagnosed = (rows_of(process, window) for window in windows)
    resident = _trend_of(measured, "rss_bytes")
    if resident is None:
        return None
    began_ns, ended_ns = measured["t_ns"][0].as_py(), measured["t_ns"][-1].as_py()
    closed_ns = diagnosed["t_ns"][-1].as_py() if diagnosed.num_rows else ended_ns
    live = _trend_of(_between(collections, began_ns, ended_ns), "heap_live_bytes")
    return Memory(
        resident=resident,
        is_rate_steady=_is_steady([interval.n for interval in by_interval(bundle.table("latency"), windows[0])]),
        resident_later=_trend_of(diagnosed, "rss_bytes"),
        live=live or _trend_of(_between(collections, began_ns, closed_ns), "heap_live_bytes"),
        headroom=_headroom(collections, began_ns, ended_ns),
        retained=retained(*heaps, seconds_of((ended_ns, closed_ns))),
        goroutines=piled(*goroutines, seconds_of((ended_ns, _middle_ns(diagnosed)))) if diagnosed.num_rows else None,
        threads=(measured["threads"][0].as_py(), measured["threads"][-1].as_py()),
    )


def trend(times_ns: npt.ArrayLike, sizes: npt.ArrayLike) -> Trend | None:
    """Return the line through the medians of a size's readings; None for fewer than six, or all at one time.

    Slopes are those of Theil and Sen with Sen's interval (P. K. Sen, J. Am. Stat. Assoc. 63, 1968). It takes readings
    for independent, which neighbors are not: so a claim needs a margin beside it.

    Args:
        times_ns: of the readings, ascending.
        sizes: in bytes.
    """
    times = np.asarray(times_ns, dtype=np.int64)
    seconds = (times - times[:1]).astype(np.float64) / NS_PER_S
    values = np.asarray(sizes, dtype=np.float64)
    if len(seconds) < _FEWEST or seconds[-1] <= seconds[len(seconds) // 2]:
        return None
    step = -(-len(seconds) // _MOST)
    whole, first_bytes = _slope(seconds[::step], values[::step])
    half = len(seconds) // 2
    later, _ = _slope(seconds[half::step], values[half::step])
    return Trend(whole, later, max(0.0, first_bytes), float(seconds[-1]))


def _slope(seconds: Floats, values: Floats) -> tuple[Estimate, float]:
    from scipy import stats

    slope, intercept, low, high = (float(one) for one in stats.theilslopes(values, seconds, _CONFIDENCE))
    return Estimate(point=slope, low=low, high=high, confidence=_CONFIDENCE, n=len(values)), intercept


def retained(before: StackProfile | None, after: StackProfile | None, seconds: float) -> Retained | None:
    """Return what of the later profile's live bytes the earlier did not have; None unless there are both.

    Functions are those of the service's code that allocated it, not what holds it. Sums by function are subtracted, as
    a stack that is sampled once need not be sampled again.
    """
    if before is None or after is None or seconds <= 0:
        return None
    grown, owners = _more(before, after)
    return Retained(source=after.source, grown_bytes=grown, seconds=seconds, owners=owners)


def piled(before: StackProfile | None, after: StackProfile | None, seconds: float) -> Piled | None:
    """Return the goroutines of the later profile that the earlier did not have; None unless there are both."""
    if before is None or after is None or seconds <= 0:
        return None
    more, owners = _more(before, after)
    return Piled(source=after.source, more=round(more), seconds=seconds, owners=owners)


def _more(before: StackProfile, after: StackProfile) -> tuple[float, list[tuple[str, float]]]:
    """Return by how much all values grew, and the functions whose own grew with their share of that, largest first."""
    earlier, later = _by_owner(before), _by_owner(after)
    changes = {name: value - earlier.get(name, 0.0) for name, value in later.items()}
    grown = {name: value for name, value in changes.items() if value > 0}
    total = sum(grown.values())
    ranked = sorted(((name, value / total) for name, value in grown.items()), key=lambda one: (-one[1], one[0]))
    return sum(later.values()) - sum(earlier.values()), [one for one in ranked if one[0]]


def _by_owner(profile: StackProfile) -> dict[str, float]:
    """Values by the service's function on the stack; under an empty name where none is."""
    found: dict[str, float] = {}
    for stack in profile.everything:
        name = owner(profile.names(stack)) or ""
        found[name] = found.get(name, 0.0) + float(profile.values[stack])
    return found


def _middle_ns(rows: pa.Table) -> int:
    return int(rows["t_ns"][0].as_py() + rows["t_ns"][-1].as_py()) // 2


def _trend_of(rows: pa.Table, column: str) -> Trend | None:
    return trend(rows["t_ns"].to_numpy(), rows[column].to_numpy()) if rows.num_rows else None


def _between(collections: pa.Table, began_ns: int, ended_ns: int) -> pa.Table:
    times = collections["t_ns"]
    inside = pc.and_(pc.greater_equal(times, began_ns), pc.less_equal(times, ended_ns))
    return collections.filter(inside).sort_by("t_ns")


def _is_steady(requests: Sequence[int]) -> bool:
    half = len(requests) // 2
    return not half or sum(requests[-half:]) <= _STEADY * sum(requests[:half])


def _headroom(collections: pa.Table, began_ns: int, ended_ns: int) -> Headroom | None:
    """Set the goal of each collection against what the one before left alive; None for too few of them.

    Without a limit of memory it is what GOGC says, whatever lives (https://go.dev/doc/gc-guide#GOGC).
    """
    rows = collections.sort_by("t_ns")
    live = np.asarray(rows["heap_live_bytes"].to_numpy(), dtype=np.float64)[:-1]
    goals = np.asarray(rows["heap_goal_bytes"].to_numpy(), dtype=np.float64)[1:]
    times = np.asarray(rows["t_ns"].to_numpy(), dtype=np.int64)[1:]
    told = live >= _SMALLEST_HEAP
    room = np.maximum(0.0, goals[told] / live[told] - 1)
    inside = (times[told] >= began_ns) & (times[told] <= ended_ns)
    if int(inside.sum()) < _FEWEST_CYCLES:
        return None
    return Headroom(most=float(room.max()), now=float(np.median(room[inside])))

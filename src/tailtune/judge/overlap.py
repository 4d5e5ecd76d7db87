"""Slow requests set against what happened meanwhile: how much more often both came together than chance explains.

This is what is left where nobody may look into the service. It shows that two things happen at the same time, not
that one is the reason of the other, and not which of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.request_tables import LATEST_NS
from tailtune.model.estimate import Estimate
from tailtune.model.overlap import SeenTogether

CONFIDENCE: Final = 0.99
"""Five kinds are looked at: at 99 % each, one in forty runs without any reason shows one of them."""
_TAIL_QUANTILE: Final = 0.99
_FEWEST_REQUESTS: Final = 500
_FEWEST_EVENTS: Final = 5
_FEWEST_OBSERVATIONS: Final = 5
"""With fewer, a stall of the machine that makes its own slow requests meets its own events."""
_BLOCKS: Final = 40
"""Equal pieces of the window; slow requests that begin in one of them share its reasons and count as one."""
_NEARLY_NONE: Final = 1e-9
_NEVER: Final = 1 << 62
"""Longer than any request: times are at most LATEST_NS, so that no difference overflows."""


class Event(StrEnum):
    """What may happen while a request is in flight."""

    COLLECTION = "garbage collection"
    THROTTLING = "CPU throttling"
    RUN_QUEUE = "run-queue delay"
    FAULTS = "page faults"
    SWITCHES = "context switches"


@dataclass(frozen=True, eq=False)
class Spans:
    """Stretches of time in ascending order that do not touch each other; CLOCK_MONOTONIC ns."""

    begin_ns: Integers
    end_ns: Integers

    @classmethod
    def joined(cls, begin_ns: Integers, end_ns: Integers) -> "Spans":
        """Join stretches, in any order: those that overlap or touch become one; what ends before it begins is none."""
        begin_ns, end_ns = (np.clip(times, -LATEST_NS, LATEST_NS) for times in (begin_ns, end_ns))
        order = np.flatnonzero(end_ns >= begin_ns)
        order = order[np.argsort(begin_ns[order], kind="stable")]
        begin, until = begin_ns[order], np.maximum.accumulate(end_ns[order])
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = begin[1:] > until[:-1]
        starts = np.flatnonzero(first)
        ends = np.append(starts[1:], len(order)) - 1 if len(starts) else starts
        return cls(begin[starts], until[ends])

    def __len__(self) -> int:
        return len(self.begin_ns)

    def next_after(self, t_ns: Integers) -> Integers:
        """Return the position of the first stretch that ends at `t_ns` or later; their number where there is none."""
        found: Integers = np.searchsorted(self.end_ns, t_ns, side="left").astype(np.int64)
        return found

    def distance(self, t_ns: Integers) -> Integers:
        """Return how long after each moment the next stretch begins: 0 inside of one, a huge number behind the last."""
        position = self.next_after(t_ns)
        begin = np.append(self.begin_ns, _NEVER)[position]
        return np.where(position < len(self), np.maximum(0, begin - t_ns), _NEVER)


@dataclass(frozen=True)
class Overlap:
    """How often the slowest requests of a window and one kind of event came together."""

    kind: Event
    window: str
    events: int
    requests: int
    """In the tail."""
    together: Estimate
    """Share of the tail's requests that were in flight during an event; n: independent observations."""
    chance: float
    """The same share if these requests, with their lengths, had begun when any requests began."""

    @property
    def lift(self) -> Estimate:
        """`together` over `chance`."""
        return self._through(lambda share: share / self.chance)

    @property
    def beyond_chance(self) -> Estimate:
        """Share of the tail's requests that are together with events for another reason than chance, in [0, 1].

        If a share a of them always is, and the others are as chance brings them, then together = a + (1 - a) chance.
        """
        if self.chance >= 1:
            return self._through(lambda _: 0.0)
        return self._through(lambda share: max(0.0, (share - self.chance) / (1 - self.chance)))

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the whole interval of the lift lies above 1, and it rests on more than a few moments."""
        enough = self.together.n >= _FEWEST_OBSERVATIONS
        return enough and self.together.low is not None and self.together.low > self.chance

    def told(self) -> SeenTogether:
        """Return it for the result of a command."""
        return SeenTogether(
            event=self.kind,
            window=self.window,
            events=self.events,
            requests=self.requests,
            together=self.together,
            chance=self.chance,
            lift=self.lift,
            is_beyond_chance=self.is_beyond_chance,
        )

    def _through(self, change: Callable[[float], float]) -> Estimate:
        one = self.together
        return Estimate(
            point=change(one.point),
            low=None if one.low is None else change(one.low),
            high=None if one.high is None else change(one.high),
            confidence=one.confidence,
            n=one.n,
        )


def overlaps(begin_ns: Integers, end_ns: Integers, events: Mapping[Event, Spans], window: str) -> list[Overlap]:
    """Set the slowest 1 % of a window's requests against each kind of event.

    Args:
        begin_ns: intended start of all requests of the window.
        end_ns: their end; those that end before they begin are left out.
        events: by kind.
        window: name of the window.

    Returns:
        Nothing of kinds with fewer than five events, and nothing at all with fewer than 500 requests.
    """
    begin_ns, end_ns = (np.clip(times, -LATEST_NS, LATEST_NS) for times in (begin_ns, end_ns))
    usable = end_ns >= begin_ns
    begin, end = begin_ns[usable], end_ns[usable]
    if len(begin) < _FEWEST_REQUESTS:
        return []
    slow = end - begin > np.quantile(end - begin, _TAIL_QUANTILE)
    if not slow.any():
        return []
    edges = int(begin.min()), int(end.max())
    found = []
    for kind, spans in events.items():
        inside = (spans.end_ns >= edges[0]) & (spans.begin_ns <= edges[1])
        kept = Spans(spans.begin_ns[inside], spans.end_ns[inside])
        if len(kept) >= _FEWEST_EVENTS:
            found.append(_overlap(begin, end, slow, kept, kind, window))
    return found


def _overlap(begin: Integers, end: Integers, slow: Flags, spans: Spans, kind: Event, window: str) -> Overlap:
    """Compare one kind of event; long requests meet events more often, so chance is told for their lengths."""
    length = (end - begin)[slow]
    distances = np.sort(spans.distance(begin))
    chance = float((np.searchsorted(distances, length, side="right") / len(distances)).mean())
    together = spans.distance(begin[slow]) <= length
    independent = _observations(begin, slow, together, spans)
    point = float(together.mean())
    low, high = binomial_bounds(point, independent)
    share = Estimate(point=point, low=low, high=high, confidence=CONFIDENCE, n=int(independent))
    return Overlap(kind, window, len(spans), int(slow.sum()), share, max(chance, 1 / len(distances)))


def _observations(begin: Integers, slow: Flags, together: Flags, spans: Spans) -> float:
    """Return how many independent observations the slow requests are worth.

    Requests that met the same event are one, and so are those that met none and began in the same piece of the window.
    Observations of different size are worth (sum of sizes)^2 / (sum of squares) equal ones (Kish, Survey Sampling,
    1965, section 8.2).
    """
    first, last = int(begin.min()), int(begin.max())
    block = (begin[slow] - first) // max(1, -(-(last - first + 1) // _BLOCKS))
    unit = np.where(together, spans.next_after(begin[slow]), len(spans) + block)
    sizes = np.unique(unit, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes @ sizes))


def binomial_bounds(share: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the bounds of a share seen among `n` independent observations, which need not be a whole number.

    Clopper and Pearson, Biometrika 26, 1934, by quantiles of the beta distribution: coverage is at least `confidence`.
    """
    from scipy import stats

    hits, tail = share * n, (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, hits, n - hits + 1)) if hits > _NEARLY_NONE else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, n - hits)) if n - hits > _NEARLY_NONE else 1.0
    return min(low, share), max(high, share)

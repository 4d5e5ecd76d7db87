"""Requests that opened a connection to another service, and how much of the slowest ones' time lies behind that.

Each connect is put to the request whose thread was working on it at that moment. Where one thread serves a request
from beginning to end, no connect is missed. A task that opens a connection in its first turn on a thread is found as
well; one that does so later, after it has waited, mostly is not, so that counts are rather too small than too large.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.bands import share_of_time, slices, slowest_of
from tailtune.judge.grouped_times import NONE, Flags, GroupedTimes, Integers, taken
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_tables import LATEST_NS, Columns
from tailtune.model.estimate import Estimate

_ORDINARY_QUANTILE: Final = 0.9
_FEWEST: Final = 10
"""Requests of the tail that opened one."""
_OF_TAIL: Final = 0.5
"""Of the tail so many open one, and so much of its time lies behind: else something else is most of it."""
_OF_ORDINARY: Final = 0.1
"""If more of the ordinary requests open one, that is no reason to be slow."""
_MOST_GIVEN_UP: Final = 0.5
"""Of the connections to a port: a service that does not answer is a time-out's matter, not a connection's."""


@dataclass(frozen=True)
class Group:
    """Some requests, and how many of them opened a connection."""

    requests: int
    opened: int

    @property
    def part(self) -> float:
        """The share of those that did, in [0, 1]."""
        return self.opened / max(1, self.requests)


@dataclass(frozen=True)
class Connects:
    """What requests of a window opened; connections that were given up before anything came are left out."""

    tail: Group
    """Requests above p99."""
    others: Group
    """All other requests."""
    ordinary: Group
    """Of these, the ones up to p90."""
    behind_ns: float
    """From its last connect to the end of a request of the tail that opened one, on average."""
    share: Estimate
    """Of the tail's time: what is behind the last connect, and beyond what half of the requests that open none take."""
    port: int
    """To which most of the tail's connections are opened; 0: none is."""
    to_port: float
    """The share of them, in [0, 1]."""
    examples: tuple[str, ...]
    """Handles of requests of the tail that opened one, the slowest first."""

    @property
    def are_most_of_tail(self) -> bool:
        """Whether the tail is mostly requests that wait behind a connect, which others use an open connection for."""
        return (
            self.tail.opened >= _FEWEST
            and self.tail.part >= _OF_TAIL
            and self.ordinary.part <= _OF_ORDINARY
            and self.share.point >= _OF_TAIL
        )


def connects_of(parts: RequestParts) -> Connects | None:
    """Return who opened connections; None where nobody did, the tail is too small, or goroutines were followed."""
    made = parts.tables.connects
    tail = slowest_of(parts)
    if not len(made["t_ns"]) or not len(tail) or parts.followed is not None:
        return None
    made = _answered(made)
    request = _requests(parts, made)
    last = np.full(len(parts.windows), -LATEST_NS, dtype=np.int64)
    np.maximum.at(last, request[request != NONE], made["t_ns"][request != NONE])
    opened: Flags = last > -LATEST_NS
    latency = parts.windows.latency_ns
    others = parts.usable.copy()
    others[tail] = False
    ordinary = others & (latency <= np.quantile(latency[parts.usable], _ORDINARY_QUANTILE))
    ended = parts.windows.requests["done_ns"]
    behind = np.where(opened, ended - last, 0)
    opening = tail[opened[tail]]
    port, to_port = _most_frequent(made["peer_port"][np.isin(request, opening)])
    return Connects(
        tail=_group(tail, opened),
        others=_group(np.flatnonzero(others), opened),
        ordinary=_group(np.flatnonzero(ordinary), opened),
        behind_ns=float(behind[opening].mean()) if len(opening) else 0.0,
        share=_share(parts, tail, np.minimum(behind, _beyond_usual(latency, parts.usable & ~opened))),
        port=port,
        to_port=to_port,
        examples=tuple(f"r{row}" for row in opening.tolist()[:3]),
    )


def _answered(made: Columns) -> Columns:
    """Leave out the ends of connections, and the connections to ports at which most come to nothing."""
    begun = made["bytes"] == 0
    ports, place = np.unique(made["peer_port"], return_inverse=True)
    begins, ends = (np.bincount(place.ravel()[which], minlength=len(ports)) for which in (begun, ~begun))
    kept = begun & ~(ends > _MOST_GIVEN_UP * begins)[place.ravel()]
    return {name: values[kept] for name, values in made.items()}


def _requests(parts: RequestParts, made: Columns) -> Integers:
    """Return for each connect the request that its thread was at work on; NONE: none is known.

    At work on two, it was handed one of them back. What begins last counts, and what was only just read.
    """
    spans = parts.stretches.chosen(np.arange(len(parts.stretches), dtype=np.int64)[::-1])
    begins = GroupedTimes(spans.tid, spans.begin_ns)
    span = taken(begins.order, begins.last(made["tid"], made["t_ns"]), NONE)
    reaches = taken(spans.end_ns, span, -LATEST_NS) >= made["t_ns"]
    return taken(spans.request, np.where(reaches, span, NONE), NONE)


def _beyond_usual(latency: Integers, usual: Flags) -> Integers:
    median = int(np.median(latency[usual])) if usual.any() else 0
    return np.maximum(latency - median, 0)


def _share(parts: RequestParts, tail: Integers, spent: Integers) -> Estimate:
    windows = parts.windows
    piece = slices(windows.requests["intended_ns"], np.flatnonzero(parts.usable))
    return share_of_time(spent[tail], windows.latency_ns[tail], piece[tail])


def _group(rows: Integers, opened: Flags) -> Group:
    return Group(len(rows), int(np.count_nonzero(opened[rows])))


def _most_frequent(ports: Integers) -> tuple[int, float]:
    if not len(ports):
        return 0, 0.0
    values, counts = np.unique(ports, return_counts=True)
    return int(values[counts.argmax()]), float(counts.max() / len(ports))

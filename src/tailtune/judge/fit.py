"""Learns a workload from the requests of a log, one after the other, and forgets the requests.

What is kept of a log: frequent plain words of its paths and names of parameters, counts, and shapes of
distributions, rounded. Keys, values, addresses and bodies are counted by their hashes and made anew.
"""

from typing import Final

import msgspec
import numpy as np

from tailtune.judge.fit_details import Details
from tailtune.judge.fit_operations import KEY, Route, operations_of, rounded
from tailtune.judge.fit_rates import Bursts, Level, RateBins, bursts, dispersion, levels
from tailtune.judge.fit_routes import Tree, is_word
from tailtune.model.profile import Shape, Stage
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Workload

_MOST_ROUTES: Final = 2_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Learned(msgspec.Struct, frozen=True):
    """A workload that behaves as a log did, and how it did."""

    workload: Workload
    requests: int
    seconds: float
    dispersion: float
    window_seconds: float
    popularity: dict[str, float]
    without_bodies: list[str]
    """Operations whose method has a body that the log does not tell."""


class Learner:
    """Takes requests in the order of their times; memory stays bounded."""

    def __init__(self, window_ns: int) -> None:
        """Count arrivals in windows of `window_ns` at first."""
        self._tree = Tree()
        self._bins = RateBins(window_ns)
        self._details: dict[Route, Details] = {}
        self.requests = 0

    def add(
        self,
        at_ns: int,
        method: str,
        path: str,
        *,
        status: int = 0,
        client: str = "",
        body_bytes: int = 0,
        content_type: str = "",
    ) -> None:
        """Take one request; times must not fall."""
        self.requests += 1
        self._bins.add(at_ns)
        method = method if method in _METHODS else "GET"
        bare, _, query = path.partition("?")
        segments = bare.split("/")[1:]
        self._tree.add(method, segments, hash(client) if client else None)
        rough = (method, tuple(one if is_word(one) else KEY for one in segments))
        if rough not in self._details and len(self._details) >= _MOST_ROUTES:
            return
        details = self._details.setdefault(rough, Details())
        details.count += 1
        if status:
            details.statuses[status // 100] += 1
        details.take_query(query)
        if body_bytes:
            details.take_body(body_bytes, content_type)

    def learned(self, seed: int) -> Learned:
        """Return what was learned; the learner is used up."""
        self._tree.settle()
        counts = self._bins.counts
        found = levels(counts)
        width_s = self._bins.width_ns / NS_PER_S
        operations, popularity, silent = operations_of(self._tree, self._details, self.requests)
        rate, profile = _rates(counts, found, width_s)
        workload = Workload(
            operations=operations,
            seed=seed,
            duration=_duration(self._bins, found),
            rate_per_s=rate,
            profile=profile,
        )
        return Learned(
            workload=workload,
            requests=self.requests,
            seconds=self._bins.span_ns / NS_PER_S,
            dispersion=dispersion(counts, found),
            window_seconds=width_s,
            popularity=popularity,
            without_bodies=silent,
        )


def _duration(bins: RateBins, found: list[Level]) -> Duration:
    whole_bins = found[-1].end if found else 1
    return Duration(max(whole_bins * bins.width_ns, NS_PER_S))


def _rates(counts: np.ndarray, found: list[Level], width_s: float) -> tuple[float, list[Stage]]:
    """Return the mean rate and the profile: none for one rate, stages, or stages that burst."""
    mean = rounded(float(counts.mean()) / width_s) or 0.001
    over = bursts(counts, found)
    if len(found) == 1 and over is None:
        return mean, []
    return mean, [_stage(one, width_s, over) for one in found]


def _stage(level: Level, width_s: float, over: Bursts | None) -> Stage:
    rate = max(rounded(level.mean / width_s), 1e-6)
    length = Duration.from_seconds((level.end - level.first) * width_s)
    if over is None:
        return Stage(shape=Shape.HOLD, rate=rate, duration=length)
    return Stage(
        shape=Shape.BURST,
        duration=length,
        on=rounded(rate * over.on),
        off=rounded(rate * over.off),
        on_for=Duration.from_seconds(rounded(over.on_bins * width_s)),
        off_for=Duration.from_seconds(rounded(over.off_bins * width_s)),
        random=True,
    )

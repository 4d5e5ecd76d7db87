"""Loads a service, piece by piece, until it is steady."""

import math
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.model.project import Language
from tailtune.model.recording import Phase, SteadyState
from tailtune.model.units import NS_PER_S, Duration
from tailtune.record.collectors import gctrace
from tailtune.record.engine.load import read_latency
from tailtune.record.formats.lines import LineReader
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import RunningService
from tailtune.record.ports import Progress, SteadyTest, WarmUpWindow
from tailtune.record.processes.usage import UsageReader

CHUNK: Final = Duration(NS_PER_S * 3 // 4)
"""Four of them are the shortest warm-up: three seconds."""
_FEWEST_REQUESTS: Final = 10
"""At low rates a chunk is longer, for a median needs some requests."""


class WarmUp:
    """The warm-up of one started service."""

    def __init__(self, service: RunningService, player: Player, seed: int) -> None:
        """Warm `service` with stretches of load that depend on `seed` alone, so all variants get the same.

        A rate that changes is evened out: short stretches would only ever hold the beginning of its profile, and
        nothing looks steady under it.
        """
        self._service = service
        self._player = player.at_mean_rate()
        self._seed = seed
        self._length = max(CHUNK, Duration.from_seconds(_FEWEST_REQUESTS / player.rate_per_s))
        self._usage = UsageReader(service.process.pid)
        self._stderr = LineReader(service.process.stderr)
        self._collections = 0
        self._windows: list[WarmUpWindow] = []

    def run(self, cap: Duration, steady: SteadyTest, progress: Progress) -> SteadyState:
        """Load until the test says steady, at most for `cap`; not steady is a result.

        Raises:
            ServiceDiedError: if the service ends.
        """
        limit = max(1, math.ceil(cap / self._length))
        reason = ""
        for number in range(limit):
            self._windows.append(self._chunk(number))
            settled, reason = steady(self._windows)
            progress.advance(number + 1, limit, reason)
            if settled:
                return SteadyState(steady=True, seconds=self._seconds(), reason=reason)
        return SteadyState(steady=False, seconds=self._seconds(), reason=reason)

    def _chunk(self, number: int) -> WarmUpWindow:
        schedule = self._player.compile(derive_seed(self._seed, Phase.WARM_UP, number), self._length)
        medians: list[float] = []
        before = self._usage.read()
        with self._service.under_load():
            report = self._player.play(
                schedule,
                self._service.port,
                on_interval=lambda _: None,
                poll=lambda: self._service.process.check(Phase.WARM_UP),
                keep=lambda output, _: medians.append(_median_ns(read_latency(output, Phase.WARM_UP))),
            )
        self._service.process.check(Phase.WARM_UP)
        answered = report.completed_requests
        used_ns = self._usage.read().cpu_ns - before.cpu_ns
        return WarmUpWindow(
            seconds=report.elapsed_ns / NS_PER_S,
            p50_ns=medians[0] if answered else math.nan,
            cpu_per_request_ns=used_ns / answered if answered else math.nan,
            gc_cycles=self._gc_cycles(),
        )

    def _gc_cycles(self) -> int:
        if self._service.language != Language.GO:
            return -1
        self._collections += gctrace.count(self._stderr.read())
        return self._collections

    def _seconds(self) -> float:
        return sum(window.seconds for window in self._windows)


def _median_ns(latency: pa.Table) -> float:
    """Return the median latency of the table's histogram; NaN without requests."""
    of_latency = latency.filter(pc.equal(latency["kind"].cast(pa.string()), "latency"))
    values, counts = (of_latency[name].to_numpy() for name in ("value_ns", "count"))
    if not len(values):
        return math.nan
    order = np.argsort(values)
    reached = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])

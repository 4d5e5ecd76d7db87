"""Where the service misses the cache: stacks at which the processor's counter of misses came round.

One miss in so many interrupts and is sampled. How many is found out while diagnosing: misses are counted for half a
second under the same load, so that samples are about as many as those of the CPU, on any machine and for any program.
"""

import time
from typing import Final

from tailtune._native import Counters, Sampler
from tailtune.errors import NativeError
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.model.units import NS_PER_S
from tailtune.record.formats.sampler_mode import sees_code
from tailtune.record.ports import Capture, Subject

EVENT: Final = "cache-misses"
_COUNTING_NS: Final = NS_PER_S // 2
_HZ: Final = 499
"""Samples per second of CPU time that are aimed at."""


class MissCollector:
    """Writes `profiles/cache-misses.<window>.pb.gz`."""

    name = "cache_misses"
    phases = frozenset({Phase.DIAGNOSE})
    cost = "diagnose: 499 samples per second of CPU time, about 0.5 % CPU"
    instant = False

    def __init__(self, event: str = EVENT) -> None:
        """`event`: by the names of `_native.Counters`."""
        self._event = event
        self._pid = 0
        self._window = ""
        self._counters: Counters | None = None
        self._begun_ns = 0
        self._sampler: Sampler | None = None
        self._mode = ""
        self._lost = ""
        self._refused = ""

    def applies(self, subject: Subject) -> bool:
        """Whether the machine counts misses; where it does not, the record of `counters` says why."""
        try:
            return not Counters(subject.pid, [self._event]).refused
        except NativeError:
            return False

    def prepare(self, subject: Subject) -> None:
        """Open the sampler once, to see which mode the kernel permits."""
        self._pid = subject.pid
        try:
            sampler = self._opened(1)
        except NativeError as error:
            self._lost = "; ".join(
                text for text in (f"no stacks of {self._event}: {error.message}", error.hint) if text
            )
            return
        self._mode, self._lost = f"{sampler.mode}; {self._event}, one in so many", sampler.lost_note

    def begin(self, window: str) -> None:
        """Start to count: nothing is sampled before it is known how often that would be."""
        self._window, self._counters, self._sampler, self._refused = window, None, None, ""
        if not self._mode:
            return
        try:
            counters = Counters(self._pid, [self._event])
            counters.start()
        except NativeError as error:
            self._refuse(error)
            return
        self._counters, self._begun_ns = counters, time.monotonic_ns()

    def poll(self) -> None:
        """When enough was counted, go over to sampling."""
        counters = self._counters
        if counters is None or time.monotonic_ns() - self._begun_ns < _COUNTING_NS:
            return
        try:
            period = _period(counters.read())
            if not period:
                return
            self._counters = None
            sampler = self._opened(period)
            sampler.start()
        except NativeError as error:
            self._counters = None
            self._refuse(error)
            return
        self._sampler = sampler

    def end(self) -> Capture:
        """Stop, name all addresses, and hand over the profile."""
        sampler, self._sampler = self._sampler, None
        if sampler is None:
            never, self._counters = self._counters is not None, None
            none = f"no {self._event} came up in the window {self._window}, so there are no stacks of them"
            return Capture(warnings=[none] if never else [self._refused] if self._refused else [])
        try:
            sampling = sampler.stop()
        except NativeError as error:
            self._refuse(error)
            return Capture(warnings=[self._refused])
        profile = sampling.event
        if profile is None:
            return Capture()
        warnings = dict.fromkeys([*sampling.warnings, *profile.warnings])
        return Capture(
            files={f"profiles/{self._event}.{self._window}.pb.gz": profile.to_pprof()},
            warnings=[f"{self._event} of the window {self._window}: {text}" for text in warnings],
        )

    def record(self) -> CollectorRecord:
        """Say in which mode samples were taken and what it loses."""
        return CollectorRecord(
            name=self.name, phases=sorted(self.phases), cost=self.cost, mode=self._mode, lost=self._lost
        )

    def close(self) -> None:
        """Stop counting and sampling, if they still go on."""
        self._counters = self._sampler = None

    def _opened(self, period: int) -> Sampler:
        sampler = Sampler(self._pid, 0, event=(self._event, period), dwarf=True)
        if not sees_code(sampler.mode):
            raise NativeError(sampler.lost_note)
        return sampler

    def _refuse(self, error: NativeError) -> None:
        self._refused = f"no stacks of {self._event} in the window {self._window}: {error.message}"


def _period(counts: list[tuple[str, int, int, int, int]]) -> int:
    """Return of how many one is to be sampled, odd, so that it keeps no step with loops; 0 where none was counted."""
    [(_, count, _, enabled_ns, _)] = counts
    if not count:
        return 0
    return count * NS_PER_S // max(1, enabled_ns * _HZ) | 1


COLLECTOR = MissCollector

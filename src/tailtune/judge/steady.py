"""When a warm-up ends: the service has stopped changing, as far as its own noise lets one tell."""

import math
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

P50_BAND: Final = 0.05
"""Change of log p50 that counts as none, whatever the noise."""
CPU_BAND: Final = 0.03
"""The same for CPU time per request, which is quieter."""
_NOISE_BAND: Final = 2.0
"""Or so many standard errors of the windows' own scatter."""
_FEWEST: Final = 4
_LONGEST_HALF: Final = 5
_GC_CYCLES: Final = 2
_GC_PATIENCE_SECONDS: Final = 10.0
"""A service that collects more rarely than twice in this time is not kept waiting for it."""


class Window(Protocol):
    """What is known of a short stretch of warm-up, about a second."""

    @property
    def seconds(self) -> float:
        """Length of the window."""

    @property
    def p50_ns(self) -> float:
        """Median latency; NaN or 0 without requests."""

    @property
    def cpu_per_request_ns(self) -> float:
        """CPU time of the service over requests; NaN or 0 where unknown."""

    @property
    def gc_cycles(self) -> int:
        """Completed collections since the process started; -1 without a collector."""


def steady(windows: Sequence[Window]) -> tuple[bool, str]:
    """Return whether the service is steady after these windows, and why (not).

    The last windows are compared with as many before them: the means of log p50 and of log CPU per
    request may differ by a fixed band or by two standard errors of the windows' scatter, which is
    taken from successive differences so that a slow trend does not pass for noise. A Go service has
    to have collected twice under load, unless it collects more rarely than that in ten seconds.
    """
    windows = _since_silence(windows)
    if len(windows) < _FEWEST:
        return False, f"{len(windows)} of at least {_FEWEST} windows with answers"
    half = min(_LONGEST_HALF, len(windows) // 2)
    series = {
        "median latency": (_logs([window.p50_ns for window in windows]), P50_BAND),
        "CPU per request": (_logs([window.cpu_per_request_ns for window in windows]), CPU_BAND),
    }
    for name, (logs, band) in series.items():
        change, limit = _change(logs[-2 * half :], band)
        if abs(change) > limit:
            return False, f"{name} still moves by {math.expm1(change):+.1%} (limit {math.expm1(limit):.1%})"
    return _collected(windows, half)


def _since_silence(windows: Sequence[Window]) -> Sequence[Window]:
    """The windows after the last one in which nothing was answered."""
    silent = [index for index, window in enumerate(windows) if not window.p50_ns > 0]
    return windows[silent[-1] + 1 :] if silent else windows


def _collected(windows: Sequence[Window], half: int) -> tuple[bool, str]:
    seconds = sum(window.seconds for window in windows[-2 * half :])
    calm = f"median latency and CPU per request unchanged over the last {seconds:.0f} seconds"
    if windows[-1].gc_cycles < 0:
        return True, calm
    cycles = windows[-1].gc_cycles - windows[0].gc_cycles
    if cycles >= _GC_CYCLES:
        return True, f"{calm}, {cycles} garbage collections"
    if sum(window.seconds for window in windows) >= _GC_PATIENCE_SECONDS:
        return True, f"{calm}; the garbage collector is rare here ({cycles} cycles)"
    return False, f"{cycles} of {_GC_CYCLES} garbage collections under load"


def _logs(values: Sequence[float]) -> "np.typing.NDArray[np.float64]":
    return np.array([math.log(value) if value > 0 else math.nan for value in values])


def _change(logs: "np.typing.NDArray[np.float64]", band: float) -> tuple[float, float]:
    """Change of the mean from the first to the second half, and the most that counts as none; unknown is none."""
    if np.isnan(logs).any():
        return 0.0, band
    half = len(logs) // 2
    change = float(logs[half:].mean() - logs[:half].mean())
    scatter = math.sqrt(float(np.mean(np.diff(logs) ** 2)) / 2)
    return change, max(band, _NOISE_BAND * scatter * math.sqrt(2 / half))

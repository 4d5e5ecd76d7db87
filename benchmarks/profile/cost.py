"""What sampling costs the sampled: context switches, socket calls, new threads, CPU time by samples, and of a request.

`.venv/bin/python benchmarks/profile/cost.py [SECONDS]`, for each of five parts, six times as long for the last, whose
difference is the smallest. Without sampling, with ours and with
`perf record -e sched:sched_switch -g` take turns on the same running program, and differences are taken within a round.
The request's part needs the Go example and its texts (`python3 examples/corpus.py`).
"""

import contextlib
import itertools
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rust_programs import running
from service import Service

from tailtune._native import Sampler, SocketCalls

Way = Callable[[int], contextlib.AbstractContextManager[None]]
"""Samples a process as long as the block lasts."""

_CPU: Final = 0
"""Where the switching threads run, both on one, so that every message is a switch."""
_SLICE_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 0.2
_REQUESTS_LONGER: Final = 6
_ROUNDS: Final = 2_000
_THREADS: Final = 100
_HZ: Final = 99
_TIMES_AS_OFTEN: Final = 100


def run(seconds: float = 20.0) -> None:
    """Measure all five and print the tables."""
    switches(seconds)
    socket_calls(seconds)
    new_threads(seconds)
    samples(seconds)
    requests(_REQUESTS_LONGER * seconds)


def switches(seconds: float) -> None:
    """Nanoseconds of CPU time added to a context switch."""
    ways = {"none": _none, "ours": _ours(off_cpu=True), "perf record": _perf}
    with running("ping_pong", _ROUNDS, cpu=_CPU) as process:
        _table("context switch", "ns", _compared(process, ways, seconds))


def socket_calls(seconds: float) -> None:
    """Nanoseconds added to a read or write of a connection; the other end's calls are looked at and passed over."""
    with running("echo", _ROUNDS, cpu=_CPU) as process:
        port = int(process.stdout.readline() if process.stdout else 0)
        ways = {"none": _none, "calls recorded": _recorded(port)}
        _table("socket call with one of the other end", "ns", _compared(process, ways, seconds))


def new_threads(seconds: float) -> None:
    """Microseconds added to starting and joining a thread."""
    ways = {"none": _none, "on-CPU, 99 Hz": _ours(), "on- and off-CPU": _ours(off_cpu=True), "perf record": _perf}
    with running("churn", _THREADS) as process:
        _table("thread started and joined", "µs", _compared(process, ways, seconds))


def samples(seconds: float) -> None:
    """CPU time that samples take: measured with a hundred times as many, so that it stands out of the noise."""
    often = f"on-CPU, {_HZ * _TIMES_AS_OFTEN:,} Hz"
    ways = {"none": _none, often: _ours(frequency_hz=_HZ * _TIMES_AS_OFTEN)}
    with running("ping_pong", _ROUNDS, cpu=_CPU) as process:
        found = _compared(process, ways, seconds)
    _table("context switch", "ns", found)
    low, middle, high = (share / _TIMES_AS_OFTEN for share in _added_percent(found, often))
    print(f"\nA hundredth of that, {_HZ} Hz: {middle:+.2f} % of CPU time ({low:+.2f} to {high:+.2f})", flush=True)


def requests(seconds: float) -> None:
    """CPU time added to a request, by slices with and without sampling during one steady load."""
    ways = {"none": _none, "on-CPU, 99 Hz": _ours(), "on- and off-CPU": _ours(off_cpu=True)}
    rounds = max(3, round(seconds / len(ways) / _SLICE_SECONDS))
    with Service(seconds=(rounds * len(ways) + 3) * (_SLICE_SECONDS + 2 * _SETTLE_SECONDS) + 10) as service:
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name in random.sample(list(ways), len(ways)):
                with ways[name](service.pid):
                    time.sleep(_SETTLE_SECONDS)
                    found[name].append(service.cpu_per_request_us(_SLICE_SECONDS))
    _table("CPU of a request", "µs", found)


def _compared(process: "subprocess.Popen[str]", ways: dict[str, Way], seconds: float) -> dict[str, list[float]]:
    """What the program prints, by the way in which it is sampled meanwhile: one number a round."""
    rounds = max(3, round(seconds / len(ways) / _SLICE_SECONDS))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in random.sample(list(ways), len(ways)):
            with ways[name](process.pid):
                time.sleep(_SETTLE_SECONDS)
                found[name].append(statistics.median(_printed(process, _SLICE_SECONDS)))
    return found


def _printed(process: "subprocess.Popen[str]", seconds: float) -> list[float]:
    """What the program prints from now on; its pipe may hold older lines, which go first."""
    lines = iter(process.stdout or [])
    began = time.monotonic()
    fresh = itertools.dropwhile(lambda _: time.monotonic() - began < _SETTLE_SECONDS, lines)
    next(fresh)
    taken = itertools.takewhile(lambda _: time.monotonic() - began < seconds, fresh)
    return [float(line) for line in taken]


@contextlib.contextmanager
def _none(_: int) -> Iterator[None]:
    yield


def _ours(*, frequency_hz: int = _HZ, off_cpu: bool = False) -> Way:
    @contextlib.contextmanager
    def sampled(pid: int) -> Iterator[None]:
        sampler = Sampler(pid, frequency_hz, off_cpu=off_cpu)
        sampler.start()
        try:
            yield
        finally:
            lost = sampler.stop().lost
        if lost:
            print(f"({lost:,} records lost)")

    return sampled


def _recorded(port: int) -> Way:
    @contextlib.contextmanager
    def recorded(pid: int) -> Iterator[None]:
        calls = SocketCalls(pid, port)
        calls.start()
        try:
            yield
        finally:
            _, lost = calls.stop()
        if lost:
            print(f"({lost:,} calls lost)")

    return recorded


@contextlib.contextmanager
def _perf(pid: int) -> Iterator[None]:
    with tempfile.NamedTemporaryFile() as file:
        command = ["perf", "record", "-q", "-e", "sched:sched_switch", "-g", "-o", file.name, "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while not Path(file.name).stat().st_size and process.poll() is None:
                time.sleep(0.01)
            if process.poll() is not None:
                raise RuntimeError("perf record could not be started")
            try:
                yield
            finally:
                process.terminate()


def _table(what: str, unit: str, found: dict[str, list[float]]) -> None:
    """Print medians, and the median of the differences within a round with its interval."""
    print(f"\n| sampling | {what}, {unit} | added | 95 % of it | added, % | 95 % of it |\n|---|---|---|---|---|---|")
    for name, values in found.items():
        low, middle, high = _added(found, name)
        low_percent, percent, high_percent = _added_percent(found, name)
        print(
            f"| {name} | {statistics.median(values):,.1f} | {middle:+,.1f} | {low:+,.1f} to {high:+,.1f} "
            f"| {percent:+.2f} % | {low_percent:+.2f} to {high_percent:+.2f} % |",
            flush=True,
        )


def _added(found: dict[str, list[float]], name: str) -> tuple[float, float, float]:
    added = [value - none for value, none in zip(found[name], found["none"], strict=True)]
    return _median_with_interval(added)


def _added_percent(found: dict[str, list[float]], name: str) -> tuple[float, float, float]:
    share = 100 / statistics.median(found["none"])
    low, middle, high = _added(found, name)
    return low * share, middle * share, high * share


def _median_with_interval(values: list[float]) -> tuple[float, float, float]:
    """The median between the order statistics that hold it in 95 % of all cases; the extremes for few values.

    The number of values below the median is binomial, here taken as normal.
    """
    ordered, count = sorted(values), len(values)
    rank = max(0, math.floor(count / 2 - 0.98 * math.sqrt(count)))
    return ordered[rank], statistics.median(ordered), ordered[count - 1 - rank]


if __name__ == "__main__":
    run(*map(float, sys.argv[1:]))

"""How far arrivals are from their schedule: constant rate, the second core busy."""

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import numpy.typing as npt
from generators import Generator, installed, ours
from stand import UNPRIVILEGED, run, server
from tables import micro, table

from tailtune.record.engine.servers import read_arrivals

RATES: Final = (1_000, 5_000, 10_000)
QUANTILES: Final = (0.5, 0.99, 0.999)
_SETTLING_SECONDS: Final = 0.5
"""Connections open and runtimes start in it: nobody's arrivals in it count."""

Times = npt.NDArray[np.float64]


def deviations(arrived: Times, rate: int, zero_ns: float | None) -> Times:
    """Return how far each arrival is from its place on the grid of the rate, ns, without sign.

    Args:
        arrived: Times of receipt, ns, sorted.
        rate: Requests per second.
        zero_ns: Where the schedule begins, for ours, which says so; nothing: the offset (and, where that fits better,
            the rate) that a peer kept is found from its own arrivals by least absolute deviation.
    """
    settled = arrived - arrived[0] >= _SETTLING_SECONDS * 1e9
    index = np.arange(len(arrived), dtype=np.float64)
    if zero_ns is not None:
        return np.asarray(np.abs(arrived - zero_ns - index * 1e9 / rate)[settled])
    index, arrived = index[settled], arrived[settled]
    slope = float(np.polyfit(index, arrived - arrived[0], 1)[0])
    fits = []
    for gap in (1e9 / rate, slope):
        offsets = arrived - index * gap
        fits.append(np.abs(offsets - np.median(offsets)))
    return min(fits, key=lambda fit: float(fit.mean()))


def measure(rates: Sequence[int], rounds: int, seconds: int, *, privileged: bool) -> None:
    """Print the tables: medians over the rounds, generators in random order in each."""
    before = [] if privileged else UNPRIVILEGED
    order = random.Random(1)
    for rate in rates:
        rows: dict[str, list[list[float]]] = defaultdict(list)
        generators: list[Generator | None] = [None, *installed(pacing=True)]
        for _ in range(rounds):
            order.shuffle(generators)
            for one in generators:
                name, row = _round(one, rate, seconds, before)
                rows[name].append(row)
        who = "" if privileged else ", as an unprivileged user"
        print(f"\n### Deviation of arrivals at {rate:,} requests per second{who}\n")
        medians = {name: [median(column) for column in zip(*found, strict=True)] for name, found in rows.items()}
        ranked = sorted(medians.items(), key=lambda row: row[1][1])
        print(
            table(
                ["generator", "p50", "p99", "p99.9", "max", "arrived per second"],
                [[name, *map(micro, row[:4]), f"{row[4]:,.0f}"] for name, row in ranked],
            )
        )


def _round(one: Generator | None, rate: int, seconds: int, before: list[str]) -> tuple[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "journal")
        with server(busy=True, journal=journal, records=2 * rate * seconds) as target:
            url = f"http://127.0.0.1:{target.port}/"
            command = one.send(url, rate, seconds) if one else ours(url, rate, seconds)
            ran = run([*before, *command], seconds=seconds, pinned=one is not None)
            _, arrived = read_arrivals(journal)
    times = np.sort(arrived).astype(np.float64)
    report = json.loads(ran.stdout)["report"] if one is None else None
    late = deviations(times, rate, report["started_ns"] if report else None)
    name = one.name if one else "tailtune"
    row = [float(value) for value in (*np.quantile(late, QUANTILES), late.max())]
    return name, [*row, (len(times) - 1) / (times[-1] - times[0]) * 1e9]

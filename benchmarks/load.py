"""Cost and punctuality of the load engine, beside the peers found on PATH, against the same null server in one run.

`make bench` or `.venv/bin/python benchmarks/load.py [--seconds N]`. Prints one Markdown table; the ratios to our row
are what to quote, since absolute times depend on the machine and its neighbours.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

RATE_PER_S = 5_000
HIGH_RATE_PER_S = 50_000
"""Near what one engine thread and the null server can do on two small cores."""
LOAD_INVALID = 103
"""Exit status of a load that was disturbed too much to be believed; its cost still counts."""


class Row(NamedTuple):
    """One generator's measured behaviour."""

    name: str
    requests: int
    seconds: float
    cpu_seconds: float
    """CPU time of the whole process tree, start-up included, unless the name says otherwise."""
    lag: str


@contextmanager
def null_server() -> Iterator[int]:
    """A fixed small answer on a loopback port of its own."""
    command = [sys.executable, "-m", "tailtune.record.engine.null_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline().split()[-1])
        finally:
            server.terminate()


def timed(command: list[str], folder: str | None = None) -> tuple[str, float, float]:
    """Run a command; return its stdout, wall seconds and CPU seconds with its children's."""
    before = os.times()
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    after = os.times()
    if done.returncode not in {0, LOAD_INVALID}:
        raise SystemExit(f"{command[0]} failed with status {done.returncode}: {done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, time.monotonic() - started, cpu


def ours(port: int, seconds: int, rate: int) -> Iterator[Row]:
    """Measure `tailtune load`, open loop, Poisson: all of it, then its engine without active waiting."""
    load = ["load", f"http://127.0.0.1:{port}/", "--rate", str(rate), "--duration", f"{seconds}s", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        out, _, cpu = timed([sys.executable, "-m", "tailtune", *load], folder)
    report = json.loads(out)["report"]
    lag = report["send_lag_ns"]
    text = " / ".join(f"{lag[key] / 1e3:.1f}" for key in ("p50", "p99", "p99.9"))
    requests, elapsed, validity = report["completed_requests"], report["elapsed_ns"] / 1e9, report["validity"].upper()
    yield Row(f"tailtune load --rate {rate} (open loop, Poisson; {validity})", requests, elapsed, cpu, f"{text} µs")
    working = (report["engine_cpu_ns"] - report["engine_spin_ns"]) / 1e9
    yield Row("its engine alone, active waiting aside", requests, elapsed, working, "the same")


def hey(port: int, seconds: int) -> Iterator[Row]:
    """Measure hey at the same mean rate, 50 workers with a rate each."""
    command = ["hey", "-z", f"{seconds}s", "-c", "50", "-q", str(RATE_PER_S // 50), f"http://127.0.0.1:{port}/"]
    out, wall, cpu = timed(command)
    requests = sum(int(n) for n in re.findall(r"\[\d+\]\s+(\d+) responses", out))
    yield Row("hey (closed per worker, -q)", requests, wall, cpu, "not reported")


def wrk(port: int, seconds: int) -> Iterator[Row]:
    """Measure wrk, closed loop at full speed: its cheapest request."""
    out, wall, cpu = timed(["wrk", "-t1", "-c64", f"-d{seconds}s", f"http://127.0.0.1:{port}/"])
    found = re.search(r"(\d+) requests in", out)
    yield Row("wrk (closed loop, full speed)", int(found[1]) if found else 0, wall, cpu, "not reported")


PEERS: dict[str, Callable[[int, int], Iterator[Row]]] = {"hey": hey, "wrk": wrk}


def main() -> None:
    """Measure everything that is installed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    seconds = parser.parse_args().seconds
    with null_server() as port:
        rows = [*ours(port, seconds, RATE_PER_S), *ours(port, seconds, HIGH_RATE_PER_S)]
        for name, peer in PEERS.items():
            if shutil.which(name):
                rows += peer(port, seconds)
    base = rows[0].cpu_seconds / rows[0].requests
    print("| generator | requests | per second | CPU per request | against ours | send lag p50 / p99 / p99.9 |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        each = row.cpu_seconds / max(row.requests, 1)
        rate = row.requests / row.seconds
        print(f"| {row.name} | {row.requests} | {rate:.0f} | {each * 1e6:.1f} µs | {each / base:.2f} | {row.lag} |")


if __name__ == "__main__":
    main()

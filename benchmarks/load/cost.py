"""CPU time per request at a fixed rate, throughput of one core, and memory of a long recording."""

import json
import random
import re
from collections import defaultdict
from statistics import median
from typing import Any, Final

from generators import WRK, Generator, installed, ours
from stand import run, server
from tables import mebibytes, micro, table

COST_RATE: Final = 5_000
_LADDER: Final = (20_000, 50_000, 80_000, 110_000, 140_000, 170_000)


def cost(rounds: int, seconds: int) -> None:
    """Print CPU per request of whole process trees: what one more request costs, and all of it from start to end.

    What one more request costs is the difference between a load of `seconds` and one of three times that: starting,
    whatever it takes, is in both.
    """
    asked: list[tuple[str, Generator | None, list[str]]] = [
        (f"tailtune --pacing {mode}", None, ["--pacing", mode]) for mode in ("frugal", "sleeping", "precise")
    ]
    asked += [(one.name, one, []) for one in installed(pacing=True)]
    rows: dict[str, list[list[float]]] = defaultdict(list)
    order = random.Random(2)
    for _ in range(rounds):
        order.shuffle(asked)
        for name, one, options in asked:
            short, long = (_cpu_ns(one, options, length) for length in (seconds, 3 * seconds))
            rows[name].append([(long - short) / (2 * seconds * COST_RATE), long / (3 * seconds * COST_RATE)])
    print(f"\n### CPU per request at {COST_RATE:,} requests per second\n")
    medians = {name: [median(column) for column in zip(*found, strict=True)] for name, found in rows.items()}
    ranked = sorted(medians.items(), key=lambda row: row[1][0])
    header = ["generator", "one more request", f"all of {3 * seconds} s, start included"]
    print(table(header, [[name, *map(micro, row)] for name, row in ranked]))


def _cpu_ns(one: Generator | None, options: list[str], seconds: int) -> float:
    with server() as target:
        url = f"http://127.0.0.1:{target.port}/"
        command = one.send(url, COST_RATE, seconds) if one else ours(url, COST_RATE, seconds, *options)
        return run(command, seconds=seconds, pinned=one is not None).cpu_seconds * 1e9


def throughput(rounds: int, seconds: int) -> None:
    """Print what one core of the generator sends: closed loops side by side, and our open loop as far as VALID."""
    closed: dict[str, list[tuple[float, float]]] = defaultdict(list)
    names = ["tailtune", *(["wrk"] if WRK.path() else [])]
    order = random.Random(3)
    for _ in range(rounds):
        order.shuffle(names)
        for name in names:
            try:
                closed[name].append(_closed_round(name, seconds))
            except RuntimeError as error:
                print(f"\n{name} failed: {error}")
    print("\n### Closed loop, 64 connections, one core\n")
    rows = [
        [name, *(f"{median(column):,.0f}" for column in zip(*found, strict=True))] for name, found in closed.items()
    ]
    print(table(["generator", "requests per second", "per CPU second of the generator"], rows))
    _ladder(seconds)


def _closed_round(name: str, seconds: int) -> tuple[float, float]:
    with server() as target:
        url = f"http://127.0.0.1:{target.port}/"
        if name == "wrk":
            ran = run(WRK.send(url, 0, seconds), seconds=seconds)
            found = re.search(r"(\d+) requests in ([\d.]+)(m?s)", ran.stdout)
            count = int(found[1]) if found else 0
            return count / seconds, count / ran.cpu_seconds
        report = json.loads(run(ours(url, 0, seconds), seconds=seconds, pinned=False).stdout)["report"]
    rate = report["completed_requests"] / (report["elapsed_ns"] / 1e9)
    return rate, report["completed_requests"] / (report["engine_cpu_ns"] / 1e9)


def _ladder(seconds: int) -> None:
    """Print what our open loop makes of rising rates, with full recording, until it is INVALID."""
    rows = []
    for rate in _LADDER:
        with server() as target:
            url = f"http://127.0.0.1:{target.port}/"
            ran = run(ours(url, rate, seconds, "--arrival", "poisson"), seconds=seconds, pinned=False)
        report: dict[str, Any] = json.loads(ran.stdout)["report"]
        each = report["completed_requests"] / (report["engine_cpu_ns"] / 1e9)
        reasons = ", ".join(reason["code"] for reason in report["reasons"])
        rows.append([f"{rate:,}", f"{report['achieved_rate_per_s']:,.0f}", f"{each:,.0f}", report["validity"], reasons])
        if report["validity"] == "INVALID":
            break
    print("\n### Open loop, Poisson, full recording\n")
    header = ["requests per second asked", "sent", "per CPU second of the engine", "validity", "why"]
    print(table(header, rows))


def memory(requests: int, rate: int) -> None:
    """Print peak resident memory while so many requests are recorded."""
    seconds = max(1, requests // rate)
    with server() as target:
        ran = run(ours(f"http://127.0.0.1:{target.port}/", rate, seconds), seconds=seconds, pinned=False, memory=True)
    report = json.loads(ran.stdout)["report"]
    print(f"\n### Memory of {report['completed_requests']:,} recorded requests ({report['validity']})\n")
    rows = [[name, mebibytes(size)] for name, size in sorted(ran.peaks.items())]
    print(table(["process", "peak resident memory"], rows))

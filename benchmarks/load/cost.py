"""CPU time per request at a fixed rate, throughput of one core, and memory of a long recording."""

import json
import random
import re
from collections import defaultdict
from statistics import median
from typing import Any, Final

from generators import WRK, Generator, installed, ours, takes
from stand import run, server
from tables import mebibytes, micro, table

COST_RATE: Final = 5_000
_LADDER_START: Final = 20_000
_LADDER_STEP: Final = 1.25
_LADDER_RUNGS: Final = 12


def cost(rounds: int, seconds: int) -> None:
    """Print CPU per request of whole process trees, start to end, and of our engine alone."""
    modes = [("tailtune", []), *((f"tailtune --pacing {mode}", ["--pacing", mode]) for mode in _modes())]
    asked: list[tuple[str, Generator | None, list[str]]] = [(name, None, options) for name, options in modes]
    asked += [(one.name, one, []) for one in installed(pacing=True)]
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    order = random.Random(2)
    for _ in range(rounds):
        order.shuffle(asked)
        for name, one, options in asked:
            rows[name].append(_cost_round(one, options, seconds))
    print(f"\n### CPU per request at {COST_RATE:,} requests per second, {seconds} s\n")
    medians = {name: [median(column) for column in zip(*found, strict=True)] for name, found in rows.items()}
    ranked = sorted(medians.items(), key=lambda row: row[1][0])
    lines = [[name, micro(row[0]), micro(row[1]) if row[1] else ""] for name, row in ranked]
    print(table(["generator", "whole process tree", "its engine alone"], lines))


def _modes() -> list[str]:
    return ["frugal", "precise"] if takes("--pacing") else []


def _cost_round(one: Generator | None, options: list[str], seconds: int) -> tuple[float, float]:
    with server() as target:
        url = f"http://127.0.0.1:{target.port}/"
        path = one.path() if one else None
        command = (
            one.command(path, url, COST_RATE, seconds) if one and path else ours(url, COST_RATE, seconds, *options)
        )
        ran = run(command, seconds=seconds, pinned=one is not None)
    requests = COST_RATE * seconds
    if one is not None:
        return ran.cpu_seconds * 1e9 / requests, 0.0
    report = json.loads(ran.stdout)["report"]
    return ran.cpu_seconds * 1e9 / requests, report["engine_cpu_ns"] / max(1, report["sent_requests"])


def throughput(rounds: int, seconds: int) -> None:
    """Print what one core of the generator sends: closed loops side by side, and our open loop as far as VALID."""
    closed: dict[str, list[tuple[float, float]]] = defaultdict(list)
    names = [*(["tailtune"] if takes("--connections") else []), *(["wrk"] if WRK.path() else [])]
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
    best, tried = _ladder(seconds)
    print(f"\nOpen loop, Poisson, full recording: VALID up to {best:,.0f} requests per second ({tried}).")


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


def _ladder(seconds: int) -> tuple[float, str]:
    """Return the highest rate of a ladder whose load is VALID, and what was said of each rung."""
    best, rate, tried = 0.0, float(_LADDER_START), []
    for _ in range(_LADDER_RUNGS):
        with server() as target:
            url = f"http://127.0.0.1:{target.port}/"
            ran = run(ours(url, round(rate), seconds, "--arrival", "poisson"), seconds=seconds, pinned=False)
        report: dict[str, Any] = json.loads(ran.stdout)["report"]
        tried.append(f"{rate:,.0f} {report['validity']}")
        if report["validity"] == "VALID":
            best = rate
        elif report["validity"] == "INVALID":
            break
        rate *= _LADDER_STEP
    return best, ", ".join(tried)


def memory(requests: int, rate: int) -> None:
    """Print peak resident memory while so many requests are recorded."""
    seconds = max(1, requests // rate)
    with server() as target:
        ran = run(ours(f"http://127.0.0.1:{target.port}/", rate, seconds), seconds=seconds, pinned=False, memory=True)
    report = json.loads(ran.stdout)["report"]
    print(f"\n### Memory of {report['completed_requests']:,} recorded requests ({report['validity']})\n")
    rows = [[name, mebibytes(size)] for name, size in sorted(ran.peaks.items())]
    print(table(["process", "peak resident memory"], rows))

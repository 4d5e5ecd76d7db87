"""Servers of which the result is known: our self-test, and what everybody says of a server that froze."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import defaultdict
from statistics import median
from typing import Final

from generators import Generator, installed, our_figures, ours
from stand import python, run, server
from tables import table

_RATE: Final = 200
_SECONDS: Final = 8
_FROZEN: Final = 2.0
_NAMES: Final = ("p50", "p90", "p99", "max")


def freeze(rounds: int) -> None:
    """Stop the server for 2 of 8 seconds, and print what each generator reports."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    generators: list[Generator | None] = [None, *installed(pacing=False)]
    order = random.Random(4)
    for _ in range(rounds):
        order.shuffle(generators)
        for one in generators:
            rows[one.name if one else "tailtune"].append(_frozen(one))
    print(f"\n### A server that stands still for {_FROZEN:g} of {_SECONDS} s ({_RATE} requests per second)\n")
    true = {"p50": 0.0, "p90": _FROZEN - 0.1 * _SECONDS, "p99": _FROZEN - 0.01 * _SECONDS, "max": _FROZEN}
    lines = [["what is true", *(f"{true[name] * 1e3:,.0f} ms" for name in _NAMES)]]
    for who, found in rows.items():
        cells = [[one[name] for one in found if name in one] for name in _NAMES]
        lines.append([who, *(f"{median(cell) * 1e3:,.1f} ms" if cell else "" for cell in cells)])
    print(table(["generator", *_NAMES], lines))


def _frozen(one: Generator | None) -> dict[str, float]:
    with server() as target:
        url = f"http://127.0.0.1:{target.port}/"
        command = one.send_and_tell(url, _RATE, _SECONDS) if one else ours(url, _RATE, _SECONDS)

        def stop_and_go() -> None:
            os.kill(target.pid, signal.SIGSTOP)
            time.sleep(_FROZEN)
            os.kill(target.pid, signal.SIGCONT)

        timer = threading.Timer(_SECONDS / 2, stop_and_go)
        timer.start()
        try:
            ran = run(command, seconds=_SECONDS, pinned=one is not None)
        finally:
            timer.cancel()
            timer.join()
    return one.says(ran.stdout) if one else our_figures(ran.stdout)


def selftest() -> None:
    """Print our self-test."""
    print("\n### Self-test of the load engine\n\n```")
    done = subprocess.run([*python(), "selftest", "load", "--quiet"], capture_output=True, text=True, check=False)
    print(f"{done.stdout}```\n\nexit {done.returncode}")

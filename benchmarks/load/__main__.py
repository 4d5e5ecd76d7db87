"""The load engine beside its peers: accuracy, throughput, cost, memory and truth, in one run.

`make bench`, or `.venv/bin/python benchmarks/load [--rounds N] [--seconds N] [--only accuracy,cost,...]`. Get the peers
first with `benchmarks/load/peers.sh`; those that are missing are left out. Generators take turns in random order
in each round, and medians are printed as Markdown.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from typing import Final

import accuracy
import cost
import faults
from generators import PEERS
from stand import GENERATOR_CPU, SERVER_CPU

import truth

PARTS: Final = ("accuracy", "unprivileged", "throughput", "cost", "memory", "freeze", "selftest", "faults")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of one load")
    parser.add_argument("--rates", default=",".join(map(str, accuracy.RATES)), help="of accuracy")
    parser.add_argument("--only", default=",".join(PARTS), help="some of: %(default)s")
    parser.add_argument("--memory-requests", type=int, default=10_000_000)
    parser.add_argument("--memory-rate", type=int, default=50_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--clean", type=int, default=50)
    options = parser.parse_args()
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    print(_machine())
    rates, rounds, seconds = [int(rate) for rate in options.rates.split(",")], options.rounds, options.seconds
    parts = {
        "accuracy": lambda: accuracy.measure(rates, rounds, seconds, privileged=True),
        "unprivileged": lambda: accuracy.measure(rates, rounds, seconds, privileged=False),
        "throughput": lambda: cost.throughput(rounds, seconds),
        "cost": lambda: cost.cost(rounds, seconds),
        "memory": lambda: cost.memory(options.memory_requests, options.memory_rate),
        "freeze": lambda: truth.freeze(1),
        "selftest": truth.selftest,
        "faults": lambda: faults.measure(options.faults, options.clean),
    }
    for name in PARTS:
        if name in chosen:
            try:
                parts[name]()
            except RuntimeError as error:  # the other parts are worth having all the same
                print(f"\n{name} failed: {error}")
            sys.stdout.flush()


def _machine() -> str:
    load = os.getloadavg()[0]
    missing = [one.name for one in PEERS if not one.path()]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} CPUs, Linux {platform.release()}; load average "
        f"{load:.2f} before; generators on CPU {GENERATOR_CPU}, server on CPU {SERVER_CPU}"
        + (f"; not installed: {', '.join(missing)}" if missing else "")
    )


if __name__ == "__main__":
    main()

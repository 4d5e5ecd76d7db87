"""The same small piece of work, over and over, on one CPU after the other: a process of its own.

In the tool's own process the interpreter's other threads would be measured, not the machine.
Run as `python -m tailtune.record.host.probes.spin SECONDS CPU...`; prints one JSON line a CPU.
"""

import hashlib
import json
import os
import sys
from time import perf_counter_ns

_ITERATIONS = 1_000
"""Of SHA-256, about a quarter of a millisecond a round: short against a stall, long against reading the clock."""
_WARM_UP_ROUNDS = 20


def rounds(seconds: float) -> list[int]:
    """Return the times of as many rounds as fit into `seconds`, ns; the work touches no memory to speak of."""
    times = []
    start = before = perf_counter_ns()
    end = start + int(seconds * 1e9)
    while before < end:
        hashlib.pbkdf2_hmac("sha256", b"tailtune", b"noise", _ITERATIONS)
        after = perf_counter_ns()
        times.append(after - before)
        before = after
    return times[_WARM_UP_ROUNDS:] or times


def main(arguments: list[str]) -> None:
    """Measure each CPU given and print what was found."""
    seconds, *cpus = arguments
    for cpu in map(int, cpus):
        os.sched_setaffinity(0, {cpu})
        print(json.dumps({"cpu": cpu, "times": rounds(float(seconds))}), flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    main(sys.argv[1:])

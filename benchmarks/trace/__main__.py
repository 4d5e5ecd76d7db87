"""Reading execution traces of Go, beside `go tool trace`: events per second, memory, time for the same question.

`.venv/bin/python benchmarks/trace [--megabytes N] [--largest N]`. Needs Go and cargo. A Go program that does nothing
but what traces are made of writes both. The question is how long goroutines waited for a processor, by stack: `go
tool trace -pprof=sched` prints that alone; ours computes all that `tailtune profile` shows. Each side is one process,
on files that are in the page cache, the best of three. The largest trace is read by ours only.
"""

import argparse
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = Path(__file__).resolve().parent
_ROOT: Final = _FOLDER.parents[1]
_TIMES: Final = 3
_EVENTS: Final = re.compile(r"^(\d+) events$", re.MULTILINE)


class Cost(NamedTuple):
    """What a process took and printed."""

    seconds: float
    cpu_seconds: float
    resident_mb: float
    output: bytes


def main() -> int:
    """Measure and print the table; return 1 if a program fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=32, help="of the trace that both read (%(default)s)")
    parser.add_argument("--largest", type=int, default=1024, help="of the trace that only ours reads (%(default)s)")
    options = parser.parse_args()
    print(_machine())
    try:
        _measure(options.megabytes, options.largest)
    except (RuntimeError, OSError) as error:
        print(f"failed: {error}")
        return 1
    return 0


def _measure(megabytes: int, largest: int) -> None:
    ours = _built()
    go = subprocess.run(["go", "tool", "-n", "trace"], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        busy = Path(folder) / "busy"
        _run(["go", "build", "-o", str(busy), str(_FOLDER / "busy.go")])
        print("\n| trace | events | | wall, s | CPU, s | resident, MB | events/s of one core |\n|" + "---|" * 7)
        trace = _traced(busy, megabytes)
        read = _best([str(ours), str(trace), "--quiet"])
        theirs = _best([go, "-pprof=sched", str(trace)])
        _row(trace, "ours", read, _events(read))
        _row(trace, "go tool trace -pprof=sched", theirs, _events(read))
        faster = theirs.seconds / read.seconds, theirs.cpu_seconds / read.cpu_seconds
        trace.unlink()
        if largest:
            trace = _traced(busy, largest)
            read = _best([str(ours), str(trace), "--quiet"])
            _row(trace, "ours", read, _events(read))
    print(f"\nTimes faster than go tool trace: {faster[0]:.1f} by the clock, {faster[1]:.1f} in CPU time.")


def _built() -> Path:
    command = ["cargo", "build", "--quiet", "--release", "--package", "tailtune-gotrace", "--example", "totals"]
    _run(command, folder=_ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", _ROOT / "target"))
    return target / "release" / "examples" / "totals"


def _traced(busy: Path, megabytes: int) -> Path:
    trace = busy.parent / f"{megabytes}.trace"
    _run([str(busy), str(megabytes), str(trace)])
    return trace


def _best(command: list[str]) -> Cost:
    """Run a command a few times and return the quickest run."""
    return min((_run(command) for _ in range(_TIMES)), key=lambda cost: cost.seconds)


def _run(command: list[str], folder: Path | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: if it fails.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=told, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {told.read().decode(errors='replace')[-2000:]}")
        out.seek(0)
        return Cost(seconds, used.ru_utime + used.ru_stime, _megabytes(used), out.read())


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 1024


def _events(read: Cost) -> int:
    found = _EVENTS.search(read.output.decode())
    if not found:
        raise RuntimeError("ours does not say how many events there were")
    return int(found[1])


def _row(trace: Path, who: str, cost: Cost, events: int) -> None:
    size = f"{trace.stat().st_size / (1 << 20):,.0f} MiB"
    speed = f"{events / cost.cpu_seconds / 1e6:.2f} million"
    times = f"{cost.seconds:.2f} | {cost.cpu_seconds:.2f}"
    print(f"| {size} | {events:,} | {who} | {times} | {cost.resident_mb:,.0f} | {speed} |", flush=True)


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} CPUs ({processor}), Linux {platform.release()}; "
        f"load average {os.getloadavg()[0]:.2f} before"
    )


if __name__ == "__main__":
    sys.exit(main())

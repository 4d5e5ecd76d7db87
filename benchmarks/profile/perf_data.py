"""perf.data to a symbolised pprof with inlined frames, beside `perf script` without inlined ones on the same files.

`.venv/bin/python benchmarks/profile/perf_data.py [SAMPLES ...]`, by default 100,000, 1,000,000 and 4,000,000. Needs
perf, rustc, and permission to record scheduler events of the whole machine. Both read files that are in the page cache;
each is a process of its own, so that Python's start counts. The names come from no cache, and then from the one that
was just filled. Times are wall times; ratios are also given of CPU time, which other work on the machine disturbs less.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

SIZES: Final = (100_000, 1_000_000, 4_000_000)
CONVERT: Final = """
import sys
from tailtune import _native
profile = _native.read_perf_data(sys.argv[1], sys.argv[2])
with open(sys.argv[3], "wb") as file:
    file.write(profile.to_pprof())
print(sum(profile.values(0)))
"""


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    cpu_seconds: float
    resident_mb: float
    output: str


def main() -> None:
    """Measure the sizes that were asked for."""
    run(sizes=[int(size) for size in sys.argv[1:]] or SIZES)


def run(seconds: float = 20.0, sizes: Sequence[int] = SIZES) -> None:
    """Record, read both ways, and print the table; sizes that take longer than `seconds` to record are left out."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        program = _build(work)
        rate = _samples(_record(program, work / "probe.data", 1.0))
        print(
            "| samples | file | perf script | ours, no cache | ours | ratio | ratio of CPU | resident | CPU µs/sample |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for size in (size for size in sizes if size / rate <= seconds):
            data = work / f"{size}.data"
            count = _samples(_record(program, data, size / rate))
            _row(data, count, work)
            data.unlink()


def _build(work: Path) -> Path:
    program = work / "switching"
    source = Path(__file__).with_name("switching.rs")
    flags = ["-O", "-g", "-C", "force-frame-pointers=yes"]
    subprocess.run(["rustc", *flags, "--edition=2024", "-o", program, source], check=True)
    return program


def _record(program: Path, data: Path, seconds: float) -> str:
    command = ["perf", "record", "-o", str(data), "-m", "8M", "-e", "sched:sched_switch", "-g", "-a"]
    done = subprocess.run([*command, "--", str(program), f"{seconds}"], check=True, capture_output=True, text=True)
    return done.stderr


def _samples(said: str) -> int:
    found = re.search(r"\((\d+) samples\)", said)
    if not found:
        raise RuntimeError(f"perf record does not say how many samples it wrote: {said}")
    return int(found[1])


def _row(data: Path, count: int, work: Path) -> None:
    theirs = _cost(["perf", "script", "--no-inline", "-i", str(data)], work / "script.txt", keep=False)
    cache = work / f"names-{data.stem}"
    ours = [sys.executable, "-c", CONVERT, str(data), str(cache), str(work / "out.pb.gz")]
    cold, warm = _cost(ours, work / "said.txt"), _cost(ours, work / "said.txt")
    cells = (
        f"{count:,}",
        f"{data.stat().st_size / 1e6:,.0f} MB",
        f"{theirs.seconds:.2f} s",
        f"{cold.seconds:.2f} s",
        f"{warm.seconds:.2f} s",
        f"{theirs.seconds / cold.seconds:.1f}, cached {theirs.seconds / warm.seconds:.1f}",
        f"{theirs.cpu_seconds / cold.cpu_seconds:.1f}, cached {theirs.cpu_seconds / warm.cpu_seconds:.1f}",
        f"{max(cold.resident_mb, warm.resident_mb):,.0f} MB",
        f"{cold.cpu_seconds / count * 1e6:.2f}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def _cost(command: Sequence[str], output: Path, *, keep: bool = True) -> Cost:
    with (output if keep else Path(os.devnull)).open("wb") as file:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Cost(seconds, cpu_seconds, usage.ru_maxrss / 1024, output.read_text() if keep else "")


if __name__ == "__main__":
    main()

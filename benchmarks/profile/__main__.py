"""Profiling beside its peers: perf.data, pprof, coverage of names, cost, conservation and PGO, in one run.

`.venv/bin/python benchmarks/profile [part ...] [--seconds N]`; without parts, all. Each part is a module of this
folder with a function `run(seconds)` that measures for about that long and prints its table as Markdown.
"""

import argparse
import importlib
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PARTS: Final = {
    "perf_data": "perf.data → symbolised pprof, beside perf script; memory against the number of samples",
    "pprof": "reading, merging and summing up pprof, beside go tool pprof",
    "coverage": "share of user samples that get a name; inlined frames beside addr2line and go tool pprof",
    "cost": "CPU per request and per context switch, with sampling and without, beside perf record",
    "conservation": "residue of the three states of threads; blocked time at the right stack",
    "pgo": "go build -pgo with our pprof",
}
"""Module → what it shows."""
_DEFAULT_SECONDS: Final = 20.0


def main() -> int:
    """Measure what was asked for; return 1 if a part failed."""
    known = "\n".join(f"  {name:14}{shows}" for name, shows in PARTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"parts:\n{known}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part")
    parser.add_argument("--seconds", type=float, default=_DEFAULT_SECONDS, help="of one measurement (%(default)g)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    print(_machine())
    failed = [name for name in PARTS if name in (options.parts or PARTS) and not _measured(name, options.seconds)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


def _measured(name: str, seconds: float) -> bool:
    """Run one part; whether it succeeded. The others are worth having where it does not."""
    print(f"\n## {name}: {PARTS[name]}\n", flush=True)
    began = time.monotonic()
    try:
        importlib.import_module(name).run(seconds)
    except (ImportError, RuntimeError, OSError) as error:
        print(f"{name} failed: {error}")
        return False
    print(f"\n({time.monotonic() - began:.0f} s; load average {os.getloadavg()[0]:.2f} after)", flush=True)
    return True


def _machine() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} CPUs ({_processor()}), Linux {platform.release()}; "
        f"load average {os.getloadavg()[0]:.2f} before"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main())

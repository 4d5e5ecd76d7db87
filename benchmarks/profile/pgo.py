"""`go build -pgo` with our profile of a live program, beside Go's own profile and none; totals beside `go tool pprof`.

`.venv/bin/python benchmarks/profile pgo`. Needs Go, and permission to sample a process. The program has two hot calls
that only the inliner with a profile takes: one of a function with a stack frame and one of a function without, whose
caller frame pointers step over. It is sampled as `tailtune profile` does without options.
Times of the binaries are printed without a claim: they say what inlining is worth here, not how good a profile is.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from live import sampled

from tailtune._native import Profile

_SOURCE: Final = Path(__file__).parent / "programs" / "hot_calls.go"
_ROUNDS: Final = 10_000
_RUNS: Final = 3
_HOT_CALLS: Final = ("look", "(*state).scramble")


class Build(NamedTuple):
    """What the compiler said of one build, and its binary."""

    binary: Path
    inlined: list[str]
    hot_functions: int
    hot_calls: int


def main() -> None:
    """Measure with the usual length."""
    run()


def run(seconds: float = 10.0) -> None:
    """Sample the program for `seconds`, compare totals, build three times, and print both tables.

    Raises:
        RuntimeError: if the program cannot be built, sampled, or read by `go tool pprof`.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "main.go").write_bytes(_SOURCE.read_bytes())
        (work / "go.mod").write_text("module hot_calls\n\ngo 1.22\n")
        plain = _build(work, "off")
        ours, own = work / "ours.pb.gz", work / "own.pb.gz"
        profile = sampled([plain.binary, f"{seconds + 60}s"], seconds)
        ours.write_bytes(profile.to_pprof())
        _said([str(plain.binary), f"{seconds}s", str(own)], work)
        _print_totals(profile, ours)
        builds = {"none (`-pgo=off`)": plain, "Go's own": _build(work, str(own)), "ours": _build(work, str(ours))}
        _print_builds(builds)


def _print_totals(profile: Profile, path: Path) -> None:
    """Our totals beside the sums of what `go tool pprof -raw` lists and the total that `-top` states."""
    raw = _said(["go", "tool", "pprof", "-raw", str(path)], path.parent)
    rows = re.findall(r"^ +(\d+) +(\d+): ", raw, re.MULTILINE)
    print("| total of | ours | `pprof -raw` | `pprof -top` | equal |\n|---|---|---|---|---|")
    for at, (kind, unit) in enumerate(profile.sample_types):
        top = _said(["go", "tool", "pprof", "-top", f"-unit={unit}", f"-sample_index={kind}", str(path)], path.parent)
        stated = re.search(r"of (\d+)\w* total", top)
        totals = sum(profile.values(at)), sum(int(row[at]) for row in rows), int(stated[1]) if stated else -1
        print(f"| {kind} ({unit}) | {' | '.join(f'{total:,}' for total in totals)} | {_yes(len(set(totals)) == 1)} |")


def _build(work: Path, profile: str) -> Build:
    """Build with a profile, or `off`, and count what the compiler says of it."""
    binary = work / f"hot-calls-{Path(profile).name.partition('.')[0]}"
    said = _said(["go", "build", f"-pgo={profile}", "-gcflags=-m=2 -d=pgodebug=1", "-o", str(binary), "."], work)
    inlined = re.findall(r"inlining call to (\S+)", said)
    return Build(binary, inlined, said.count("hot-node enabled"), said.count("hot-budget check allows"))


def _print_builds(builds: dict[str, Build]) -> None:
    hot = " | ".join(f"`{call}` inlined" for call in _HOT_CALLS)
    print(f"\n| profile | calls inlined | hot functions | hot calls let through | {hot} | CPU time, best of {_RUNS} |")
    print("|---|---|---|---|---|---|---|")
    seconds: dict[str, list[float]] = {name: [] for name in builds}
    for _ in range(_RUNS):
        for name, build in builds.items():
            seconds[name].append(_cpu_seconds(build.binary))
    for name, build in builds.items():
        taken = " | ".join(_yes(call in build.inlined) for call in _HOT_CALLS)
        counts = f"{len(build.inlined)} | {build.hot_functions} | {build.hot_calls}"
        print(f"| {name} | {counts} | {taken} | {min(seconds[name]):.2f} s |")


def _cpu_seconds(binary: Path) -> float:
    process = subprocess.Popen([binary, str(_ROUNDS)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{binary.name} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _said(command: list[str], folder: Path) -> str:
    """What a command wrote to both outputs."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout + done.stderr


def _yes(true: bool) -> str:
    return "yes" if true else "no"


if __name__ == "__main__":
    main()

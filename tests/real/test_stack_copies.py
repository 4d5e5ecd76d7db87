"""Recordings of `perf record --call-graph dwarf`: callers are found in the copies of stacks."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tailtune._native import Profile, read_perf_data

pytestmark = [pytest.mark.real, pytest.mark.skipif(not shutil.which("perf"), reason="perf is not installed")]

PROGRAM = """
#include <stdlib.h>
static volatile unsigned long sink;
__attribute__((noinline)) static void spin(int n) { for (int i = 0; i < n; i++) sink += i; }
__attribute__((noinline)) static int deeper(int depth, int n) {
    volatile int kept[20] = {depth};
    if (depth) return deeper(depth - 1, n) + kept[0];
    spin(n);
    return kept[0];
}
int main(int count, char **arguments) { return deeper(6, atoi(arguments[1])) == 0; }
"""
HOT_CALLS = Path(__file__).resolve().parents[2] / "benchmarks" / "profile" / "programs" / "hot_calls.go"
ROUNDS = "3000"
"""About a second of CPU time, however long the program waits for it."""


@pytest.fixture(autouse=True)
def home(cache_of_names: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Copies of binaries, which perf keeps, go to a folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))


def compiled_c(folder: Path) -> Path:
    (folder / "program.c").write_text(PROGRAM)
    options = ["-O2", "-g", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-Wl,--build-id"]
    subprocess.run(["cc", *options, "-o", "program", "program.c"], check=True, cwd=folder)
    return folder / "program"


def recorded(folder: Path, *command: str) -> Path:
    options = ["-q", "-e", "cpu-clock:u", "-F", "499", "--call-graph", "dwarf,4096"]
    subprocess.run(["perf", "record", *options, "-o", "perf.data", *command], check=True, cwd=folder)
    return folder / "perf.data"


def stacks(profile: Profile) -> Counter[tuple[str, ...]]:
    """Samples by the names of their frames, leaf first."""
    names = [frame[0] for frame in profile.frames()]
    found: Counter[tuple[str, ...]] = Counter()
    for stack, count in zip(profile.stacks(), profile.values(0), strict=True):
        found[tuple(names[row] for row in stack)] += count
    return found


def test_code_without_frame_pointers_has_all_its_callers(tmp_path: Path) -> None:
    program = compiled_c(tmp_path)
    profile = read_perf_data(str(recorded(tmp_path, str(program), "300000000")))
    spinning = {stack: count for stack, count in stacks(profile).items() if stack[0] == "spin"}
    whole = sum(count for stack, count in spinning.items() if stack[1:9] == (*["deeper"] * 7, "main"))
    assert sum(spinning.values()) > 20
    assert whole >= 0.99 * sum(spinning.values()), spinning
    assert any("by unwinding tables" in comment for comment in profile.comments)
    assert not any("copy of their stack" in warning for warning in profile.warnings)


def test_a_stripped_go_program_has_its_callers(tmp_path: Path) -> None:
    binary = tmp_path / "hot_calls"
    command = ["go", "build", "-ldflags=-s -w", "-o", str(binary), str(HOT_CALLS)]
    subprocess.run(command, check=True, env=os.environ | {"GO111MODULE": "off"})
    found = stacks(read_perf_data(str(recorded(tmp_path, str(binary), ROUNDS))))
    leaf = {stack: count for stack, count in found.items() if stack[0] == "main.(*state).scramble"}
    whole = sum(count for stack, count in leaf.items() if stack[1:3] == ("main.scrambling", "main.main"))
    assert sum(leaf.values()) > 20
    assert whole >= 0.99 * sum(leaf.values()), leaf


def test_a_binary_of_another_build_is_not_unwound_by_but_perfs_copy_of_the_recorded_one_is(tmp_path: Path) -> None:
    program = compiled_c(tmp_path)
    data = recorded(tmp_path, str(program), "100000000")
    kept = tmp_path / ".debug"
    assert list(kept.glob(".build-id/*/*/elf")), "perf keeps what it recorded"
    program.unlink()  # perf's copy is a hard link
    program.write_bytes(Path("/bin/true").read_bytes())
    assert any(stack[:2] == ("spin", "deeper") for stack in stacks(read_perf_data(str(data))))
    shutil.rmtree(kept)
    profile = read_perf_data(str(data))
    assert all(len(stack) == 1 for stack in stacks(profile) if "program" in stack[0])
    assert any("copy of their stack" in warning for warning in profile.warnings)
    assert any("another one than was recorded" in warning for warning in profile.warnings)

"""Live programs are named as the tools of their languages name the same addresses."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.sampling import sampled

from tailtune._native import read_heap_v2

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("cache_of_names")]

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "profile"


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark of coverage."""
    monkeypatch.syspath_prepend(FOLDER)
    yield import_module("coverage")
    for name in ("coverage", "live", "naming"):
        sys.modules.pop(name, None)


def test_stripped_and_optimised_programs_have_names_and_inlined_calls(coverage: ModuleType, tmp_path: Path) -> None:
    for program in coverage.programs(tmp_path):
        profile = sampled([program.sampled], 0.4)
        samples, leaf, _ = coverage.shares(profile)
        chains = coverage.our_chains(profile, program, tmp_path)
        assert samples > 50, program.label
        assert leaf >= 0.99, program.label
        assert any(len(chain) > 1 for chain in chains.values()), program.label
        answers = coverage.answers(program, chains)
        _, go = answers["go tool addr2line"]
        assert bool(go) == program.is_go
        for tool in ("go tool addr2line", "llvm-addr2line"):
            assert coverage.disagreements(*answers[tool]) == [], f"{program.label}, {tool}"
        _, binutils = answers["addr2line"]
        assert len(binutils) >= len(chains) * 0.8, program.label
        if "cgo" not in program.label:  # binutils takes one C file of cgo for another
            differ = coverage.disagreements(*answers["addr2line"])
            assert len(differ) <= max(3, len(chains) // 20), differ


SELF_TOLD = """
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

type shape[T any] struct{ value T }

func (s *shape[T]) method(then func()) { inner(then) }

func inner(then func()) { then() }

func tell() {
	counters := make([]uintptr, 32)
	counters = counters[:runtime.Callers(1, counters)]
	for _, counter := range counters {
		frame, _ := runtime.CallersFrames([]uintptr{counter}).Next()
		fmt.Printf("%x %s:%d %s\\n", counter, frame.File, frame.Line, frame.Function)
	}
	maps, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(maps), "\\n") {
		if strings.Contains(line, "r-xp") && strings.Contains(line, os.Args[0]) {
			fmt.Println("map", line)
		}
	}
}

func main() {
	one := &shape[string]{"a"}
	one.method(func() { defer func() { tell() }() })
}
"""


@pytest.mark.parametrize("options", [["-ldflags=-s -w"], ["-ldflags=-s -w", "-buildmode=pie"]], ids=["static", "pie"])
def test_a_stripped_go_program_is_named_as_its_runtime_names_it(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(SELF_TOLD)
    binary = tmp_path / "told"
    subprocess.run(
        ["go", "build", *options, "-o", str(binary), str(tmp_path / "main.go")],
        check=True,
        env=os.environ | {"GO111MODULE": "off"},
    )
    said = subprocess.run([str(binary)], check=True, capture_output=True, text=True).stdout.splitlines()
    maps = [line.removeprefix("map ") for line in said if line.startswith("map ")]
    told = [line.split(" ", 2) for line in said if not line.startswith("map ")]
    stacks = "".join(f"@ 0x{counter}\n  t*: 1: {64 + number} [0: 0]\n" for number, (counter, *_) in enumerate(told))
    profile = read_heap_v2(f"heap_v2/1\n  t*: 9: 999 [0: 0]\n{stacks}\nMAPPED_LIBRARIES:\n{maps[0]}\n".encode())
    frames = [frame for stack in profile.stacks() for frame in [profile.frames()[stack[0]]]]
    ours = [(f"{file}:{line}", function) for function, file, _, line, _, _ in frames]
    assert sum("main." in function for _, function in ours) >= 4
    assert ours == [(place, function) for _, place, function in told]


@pytest.mark.parametrize(("options", "dwarf"), [([], False), (["-buildmode=pie"], True)], ids=["static", "pie"])
def test_a_go_function_without_a_frame_has_its_caller(options: list[str], dwarf: bool, tmp_path: Path) -> None:
    binary = tmp_path / "hot_calls"
    source = str(FOLDER / "programs" / "hot_calls.go")
    command = ["go", "build", "-ldflags=-s -w", *options, "-o", str(binary), source]
    subprocess.run(command, check=True, env=os.environ | {"GO111MODULE": "off"})
    profile = sampled([binary, "600s"], 0.8, dwarf=dwarf)
    names = [frame[0] for frame in profile.frames()]
    seen: Counter[tuple[str, str]] = Counter()
    for stack, count in zip(profile.stacks(), profile.values(0), strict=True):
        user = [names[row] for row in stack if names[row].startswith("main.")]
        leaf, above = (*user, "", "")[:2]
        seen[leaf, above] += count
    for callee, caller in {"main.(*state).scramble": "main.scrambling", "main.look": "main.looking"}.items():
        callers = {above: count for (leaf, above), count in seen.items() if leaf == callee}
        assert sum(callers.values()) > 50
        assert callers.get(caller, 0) >= 0.99 * sum(callers.values()), callers

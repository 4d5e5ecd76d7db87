"""Hot lines of real programs in Go and Rust; without debug information, none."""

import dataclasses
import subprocess
from pathlib import Path

import pytest
from tests.support.facts import facts, one
from tests.support.sampling import permitted, sampled
from tests.support.turns import once

from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import StackProfile

pytestmark = pytest.mark.real

GO = """
package main

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }

//go:noinline
func nearest(numbers []uint64, wanted uint64) uint64 {
	best := numbers[0]
	for _, number := range numbers {
		if distance(number, wanted) < distance(best, wanted) { // hot
			best = number
		}
	}
	return best
}

func main() {
	numbers := make([]uint64, 100_000)
	for at := range numbers {
		numbers[at] = uint64(at) * 0x9E3779B97F4A7C15
	}
	for wanted := uint64(1); wanted != 0; {
		wanted = nearest(numbers, wanted) | 1
	}
}
"""
RUST = """
#[inline(never)]
fn nearest(numbers: &[u64], wanted: u64) -> u64 {
    let mut best = numbers[0];
    for &number in numbers {
        if number.abs_diff(wanted) % 1_000_003 < best.abs_diff(wanted) % 1_000_003 { // hot
            best = number;
        }
    }
    best
}

fn main() {
    let numbers: Vec<u64> = (0..100_000u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
    let mut wanted = 1;
    while wanted != 0 {
        wanted = nearest(&numbers, wanted) | 1;
    }
}
"""


def line_of(source: str) -> int:
    return next(number for number, line in enumerate(source.splitlines(), 1) if line.endswith("// hot"))


@pytest.fixture(scope="module")
def programs(shared: Path) -> Path:
    permitted()

    def build(folder: Path) -> None:
        (folder / "main.go").write_text(GO)
        (folder / "main.rs").write_text(RUST)
        subprocess.run(["go", "build", "-ldflags=-s -w", "-o", "in-go", "main.go"], cwd=folder, check=True)
        for name, debug in (("in-rust", "line-tables-only"), ("without", "none")):
            flags = ["--crate-name", "lines", "-C", "opt-level=2", "-C", f"debuginfo={debug}"]
            subprocess.run(["rustc", *flags, "-o", name, "main.rs"], cwd=folder, check=True)

    return once(shared / "hot-lines", build)


def observed(program: Path) -> Facts:
    profile = sampled([program], 0.5, dwarf=True)
    return dataclasses.replace(facts(), cpu=StackProfile.from_pprof(profile.to_pprof(), "profiles/cpu.pb.gz", "cpu"))


@pytest.mark.parametrize(
    ("program", "function", "place"),
    [
        ("in-go", "main.nearest", f"main.go:{line_of(GO)}"),
        ("in-rust", "lines::nearest", f"main.rs:{line_of(RUST)}"),
    ],
)
def test_the_line_of_the_search_is_hot(programs: Path, program: str, function: str, place: str) -> None:
    finding = one("hot-function", observed(programs / program)).finding
    assert finding.id == f"hot-function:{function}"
    assert finding.title.endswith(f" of its own at {place}")
    assert any(f"by line: {place} " in evidence.text for evidence in finding.evidence)


def test_without_debug_information_nothing_is_said_of_lines(programs: Path) -> None:
    finding = one("hot-function", observed(programs / "without")).finding
    assert finding.title.endswith("lines::nearest and what it calls")
    assert not any("by line" in evidence.text for evidence in finding.evidence)

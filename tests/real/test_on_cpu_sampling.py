"""On-CPU sampling of real programs, built on the fly: names, inlined calls, pprof, privileges, endings."""

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sampling import permitted
from tests.support.subjects import subject

from tailtune._native import Profile, Sampler, build_id
from tailtune.bundle.schema import TABLES
from tailtune.errors import NativeError
from tailtune.record.collectors.on_cpu import StackCollector

pytestmark = pytest.mark.real

GO = """
package main

import (
	"os"
	"runtime/pprof"
	"strconv"
	"time"
)

func mix(value uint64) uint64 { return (value ^ (value >> 13)) * 0x9E3779B97F4A7C15 }

//go:noinline
func burn(turns uint64) uint64 {
	value := uint64(1)
	for turn := uint64(0); turn < turns; turn++ {
		value = mix(value ^ turn)
	}
	return value
}

func main() {
	if len(os.Args) > 2 {
		file, _ := os.Create(os.Args[2])
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	milliseconds, _ := strconv.Atoi(os.Args[1])
	end := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	sum := uint64(0)
	for time.Now().Before(end) {
		sum += burn(1000000)
	}
	if sum == 0 {
		os.Exit(1)
	}
}
"""

RUST = """
#[inline(always)]
fn mix(value: u64) -> u64 {
    (value ^ (value >> 13)).wrapping_mul(0x9E3779B97F4A7C15)
}

#[inline(never)]
fn burn(turns: u64) -> u64 {
    let mut value = 1;
    for turn in 0..turns {
        value = mix(value ^ turn);
    }
    value
}

fn main() {
    let milliseconds = std::env::args().nth(1).unwrap().parse().unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_millis(milliseconds);
    let mut sum = 0u64;
    while std::time::Instant::now() < end {
        sum = sum.wrapping_add(burn(std::hint::black_box(1_000_000)));
    }
    std::process::exit(i32::from(sum == 0));
}
"""

UNPRIVILEGED = """
import json, subprocess, sys, time
from tailtune._native import Sampler
from tailtune.errors import NativeError

with subprocess.Popen([sys.argv[1], "20000"]) as program:
    try:
        sampler = Sampler(program.pid, 499)
        sampler.start()
        time.sleep(1)
        profile = sampler.stop().on_cpu
        frames = profile.frames()
        print(json.dumps({
            "mode": sampler.mode, "lost": sampler.lost_note, "samples": sum(profile.values(0)),
            "functions": [frame[0] for frame in frames], "kernel": any(frame[5] for frame in frames),
        }))
    except NativeError as error:
        print(json.dumps({"message": error.message, "hint": error.hint}))
    finally:
        program.kill()
"""


FORBIDDEN = """
import json, os, sys
from pathlib import Path
from tailtune.model.recording import Artifact
from tailtune.record.collectors.on_cpu import StackCollector
from tailtune.record.ports import Subject

artifact = Artifact(
    variant="base", path="", sha256="", build_id="", build_command=[], build_seconds=0, size_bytes=0
)
subject = Subject(
    pid=os.getppid(), port=0, language="go", pprof="", artifact=artifact, stderr=Path(os.devnull), started_ns=0
)
collector = StackCollector()
collector.prepare(subject)
collector.begin("measure")
capture = collector.end()
record = collector.record()
print(json.dumps({
    "tables": len(capture.tables), "warnings": capture.warnings, "mode": record.mode, "lost": record.lost,
}))
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every user may read, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="tailtune-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def programs(folder: Path) -> dict[str, Path]:
    """The same work in Go and in Rust, with full and with reduced debug info."""
    (folder / "main.go").write_text(GO)
    subprocess.run(["go", "build", "-o", "burn-go", "main.go"], cwd=folder, check=True)
    source = folder / "rust-burn" / "src" / "main.rs"
    source.parent.mkdir(parents=True)
    source.write_text(RUST)
    flags = ["--crate-name", "rust_burn", "-C", "opt-level=2", "-C", "force-frame-pointers=yes"]
    for debug in ("full", "line-tables-only"):
        target = folder / f"burn-rust-{debug}"
        subprocess.run(["rustc", *flags, "-C", f"debuginfo={debug}", "-o", target, source], check=True)
    return {name: folder / f"burn-{name}" for name in ("go", "rust-full", "rust-line-tables-only")}


@pytest.fixture(autouse=True)
def _permitted() -> None:
    permitted()


@contextlib.contextmanager
def running(*argv: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own; nothing of it outlives the block."""
    with subprocess.Popen([str(part) for part in argv], start_new_session=True) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def on_cpu(sampler: Sampler) -> Profile:
    profile = sampler.stop().on_cpu
    assert profile is not None
    return profile


def sample(pid: int, seconds: float = 1.0, hz: int = 499) -> Profile:
    sampler = Sampler(pid, hz)
    sampler.start()
    time.sleep(seconds)
    return on_cpu(sampler)


def calls(profile: Profile) -> set[tuple[str, bool, str]]:
    """All (callee, whether it is inlined, caller) of a profile."""
    frames = profile.frames()
    pairs = ((frames[a], frames[b]) for stack in profile.stacks() for a, b in itertools.pairwise(stack))
    return {(callee[0], callee[4], caller[0]) for callee, caller in pairs}


def pprof_total(path: Path) -> int:
    """The number of samples that `go tool pprof` counts."""
    command = ["go", "tool", "pprof", "-top", "-sample_index=samples", str(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"of (\d+) total", text)
    assert found, text
    return int(found[1])


@pytest.mark.parametrize(
    ("program", "call"),
    [
        ("go", ("main.mix", True, "main.burn")),
        ("rust-full", ("rust_burn::mix", True, "rust_burn::burn")),
        ("rust-line-tables-only", ("rust_burn::mix", True, "rust_burn::burn")),
    ],
)
def test_functions_and_inlined_calls_are_named(
    programs: dict[str, Path], program: str, call: tuple[str, bool, str]
) -> None:
    with running(programs[program], 20_000) as process:
        profile = sample(process.pid)
    assert call in calls(profile)
    frames, values = profile.frames(), profile.values(0)
    burning = {at for at, frame in enumerate(frames) if frame[0] == call[2]}
    inside = sum(value for value, stack in zip(values, profile.stacks(), strict=True) if burning & set(stack))
    assert inside > 0.9 * sum(values)
    assert profile.sample_types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert sum(profile.values(1)) == profile.period * sum(values)


def test_go_tool_pprof_counts_the_same_samples(programs: dict[str, Path], tmp_path: Path) -> None:
    with running(programs["go"], 20_000) as process:
        profile = sample(process.pid)
    path = tmp_path / "ours.pb.gz"
    path.write_bytes(profile.to_pprof())
    assert pprof_total(path) == sum(profile.values(0)) > 0
    again = Profile.from_pprof(path.read_bytes())
    assert again.to_collapsed(1) == profile.to_collapsed(1)
    assert (again.duration_ns, again.period, again.comments) == (profile.duration_ns, profile.period, profile.comments)


def test_profiles_that_go_writes_are_read(programs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "go.pb.gz"
    subprocess.run([programs["go"], "700", path], check=True)
    profile = Profile.from_pprof(path.read_bytes())
    assert pprof_total(path) == sum(profile.values(0)) > 0
    assert ("main.mix", True, "main.burn") in calls(profile)
    assert profile.sample_types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert profile.samples() == (b"", b"", b"", b"")


def test_a_process_may_end_while_it_is_sampled(programs: dict[str, Path]) -> None:
    with running(programs["rust-full"], 500) as process:
        sampler = Sampler(process.pid, 499)
        sampler.start()
        process.wait()
        profile = on_cpu(sampler)
    assert ("rust_burn::mix", True, "rust_burn::burn") in calls(profile)


def test_a_binary_may_be_replaced_while_it_is_sampled(programs: dict[str, Path], tmp_path: Path) -> None:
    binary = Path(shutil.copy(programs["go"], tmp_path / "service"))
    with running(binary, 20_000) as process:
        sampler = Sampler(process.pid, 499)
        sampler.start()
        time.sleep(0.5)
        binary.unlink()
        binary.write_text("something else")
        profile = on_cpu(sampler)
    assert ("main.mix", True, "main.burn") in calls(profile)


def test_children_are_sampled_with_their_parent(programs: dict[str, Path]) -> None:
    script = f"while :; do {programs['go']} 300; done"
    with running("sh", "-c", script) as process:
        profile = sample(process.pid, seconds=1.2)
    assert ("main.mix", True, "main.burn") in calls(profile)


def test_a_process_that_does_not_exist_is_an_error_with_its_number() -> None:
    with pytest.raises(NativeError, match="process 2147483647 does not exist"):
        Sampler(2**31 - 1, 99)


def test_what_is_no_pprof_is_an_error_with_a_hint() -> None:
    with pytest.raises(NativeError, match="not a usable pprof profile") as caught:
        Profile.from_pprof(b"<html>")
    assert "/debug/pprof/profile" in caught.value.hint


def as_ordinary_user(script: Path, *arguments: object) -> dict[str, Any]:
    """Run a Python script without privileges and return the JSON that it prints."""
    drop: list[str] = []
    if os.geteuid() == 0:
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
        able = shutil.which("setpriv") and subprocess.run([*drop, sys.executable, "-c", "import tailtune"], check=False)
        if not able or able.returncode:
            pytest.skip("no setpriv, or an ordinary user may not read this Python installation")
    command = [*drop, sys.executable, str(script), *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


@pytest.mark.alone  # memory for events is counted per user
def test_an_ordinary_user_samples_user_code(programs: dict[str, Path], folder: Path) -> None:
    script = folder / "unprivileged.py"
    script.write_text(UNPRIVILEGED)
    found = as_ordinary_user(script, programs["go"])
    paranoid = int(Path("/proc/sys/kernel/perf_event_paranoid").read_text())
    if "message" in found:
        assert paranoid > 2, found
        assert "perf_event_paranoid" in found["message"] + found["hint"]
        return
    assert "main.burn" in found["functions"]
    assert found["samples"] > 0
    if paranoid == 2:
        assert "user stacks only" in found["mode"]
        assert "perf_event_paranoid=1" in found["lost"]
        assert not found["kernel"]


def test_where_nothing_is_permitted_the_collector_says_what_would_help(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a process that an ordinary user may not sample")
    script = folder / "forbidden.py"
    script.write_text(FORBIDDEN)
    found = as_ordinary_user(script)
    assert found["tables"] == 0
    assert len(found["warnings"]) == 1
    assert "no stacks of the window measure" in found["warnings"][0]
    assert found["mode"].startswith("/proc")
    assert "CAP_PERFMON" in found["lost"]


def test_the_build_id_is_the_one_go_reports(programs: dict[str, Path], tmp_path: Path) -> None:
    command = ["go", "tool", "buildid", str(programs["go"])]
    expected = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert build_id(str(programs["go"])) == expected
    empty = tmp_path / "empty"
    empty.touch()
    assert not build_id(str(empty))
    with pytest.raises(NativeError, match="missing cannot be read"):
        build_id(str(tmp_path / "missing"))


def test_the_collector_keeps_numbers_apart_between_windows(programs: dict[str, Path]) -> None:
    with running(programs["go"], 20_000) as process:
        service = subject(pid=process.pid, language="go")
        collector = StackCollector()
        assert collector.applies(service)
        collector.prepare(service)
        captures, edges = {}, {}
        for window in ("measure", "diagnose"):
            started = time.monotonic_ns()
            collector.begin(window)
            time.sleep(0.7)
            captures[window] = collector.end()
            edges[window] = (started, time.monotonic_ns())
        collector.close()
        collector.close()
    assert "perf cpu-clock" in collector.record().mode
    stacks: set[int] = set()
    frames: set[int] = set()
    for window, capture in captures.items():
        tables = {name: table.to_pydict() for name, table in capture.tables.items()}
        assert all(table.schema == TABLES[name] for name, table in capture.tables.items())
        own_stacks, own_frames = set(tables["stacks"]["stack"]), set(tables["frames"]["frame"])
        used = set(tables["samples"]["stack"]) | set(tables.get("waits", {}).get("stack", []))
        assert used == own_stacks
        assert set(tables["stacks"]["frame"]) <= own_frames
        assert own_stacks.isdisjoint(stacks)
        assert own_frames.isdisjoint(frames)
        stacks |= own_stacks
        frames |= own_frames
        assert {window} == set(tables["samples"]["window"])
        start, end = edges[window]
        assert all(start <= t_ns <= end for t_ns in tables["samples"]["t_ns"])
        profile = Profile.from_pprof(capture.files[f"profiles/on-cpu.{window}.pb.gz"])
        assert sum(profile.values(0)) == len(tables["samples"]["t_ns"]) > 0
    periods = [Profile.from_pprof(next(iter(capture.files.values()))).period for capture in captures.values()]
    assert periods == [10**9 // 99, 10**9 // 999]


def test_a_collector_of_a_service_that_died_says_so() -> None:
    with running("true") as process:
        process.wait()
        pid = process.pid
    collector = StackCollector()
    collector.prepare(subject(pid=pid, language="go"))
    collector.begin("measure")
    capture = collector.end()
    assert not capture.tables
    assert capture.warnings == [f"no stacks of the window measure: process {pid} does not exist"]
    assert f"process {pid} does not exist" in collector.record().lost

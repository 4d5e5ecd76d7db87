"""Two threads that count, in atomics side by side and in atomics far apart: one binary, told apart by its samples."""

import dataclasses
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.facts import facts
from tests.support.recordings import manifest
from tests.support.sampling import permitted
from tests.support.subjects import subject
from tests.support.turns import once
from tests.support.waiting import wait_until

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.atomic_samples import atomic_samples
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.rules.contended_atomics import RULE
from tailtune.judge.stackprofile import StackProfile
from tailtune.model.recording import Kind
from tailtune.record.collectors.on_cpu import StackCollector
from tailtune.record.processes import proc

pytestmark = pytest.mark.real

COUNTING = """
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[repr(align(128))]
struct Counters([AtomicU64; 64]);

static COUNTERS: Counters = Counters([const { AtomicU64::new(0) }; 64]);

fn mix(value: u64) -> u64 {
    (value ^ (value >> 13)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[inline(never)]
fn count(counter: &AtomicU64, rounds: u32, mut value: u64) -> u64 {
    for _ in 0..rounds {
        for _ in 0..20 {
            value = mix(value);
        }
        counter.fetch_add(value & 1, Ordering::Relaxed);
    }
    value
}

/// Works and sleeps for times drawn anew, so that the other thread works now beside it and now not.
fn work(counter: &AtomicU64, mut drawn: u64) {
    loop {
        drawn = mix(drawn + 1);
        let end = Instant::now() + Duration::from_millis(5 + drawn % 20);
        while Instant::now() < end {
            drawn = count(counter, 1_000, drawn);
        }
        std::thread::sleep(Duration::from_millis(3 + (drawn >> 32) % 10));
    }
}

fn main() {
    let apart: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    std::thread::spawn(|| work(&COUNTERS.0[0], 1));
    work(&COUNTERS.0[apart], 2);
}
"""
NEAR, FAR = 1, 32
"""Counters of 8 bytes from one another: on one cache line, or 256 bytes apart."""
THREADS = 2
SECONDS = 5.0


@pytest.fixture(scope="module")
def counting(shared: Path) -> Path:
    def build(folder: Path) -> None:
        (folder / "main.rs").write_text(COUNTING)
        flags = ["--crate-name", "counting", "-C", "opt-level=2", "-C", "debuginfo=line-tables-only"]
        subprocess.run(["rustc", *flags, "-o", folder / "counting", folder / "main.rs"], check=True)

    return once(shared / "counting", build) / "counting"


def pin(pid: int, cpus: Sequence[int]) -> None:
    """Give the threads of the program these CPUs by turns: the scheduler might put both on one."""
    assert wait_until(lambda: len(proc.tasks(pid)) == THREADS, 10)
    for at, thread in enumerate(proc.tasks(pid)):
        os.sched_setaffinity(thread, {cpus[at % len(cpus)]})


def observed(program: Path, apart: int, cpus: Sequence[int], folder: Path) -> Facts:
    """Run the program on some CPUs, and return what the collector of stacks recorded of it."""
    with subprocess.Popen([program, str(apart)]) as process:
        collector = StackCollector()
        try:
            pin(process.pid, cpus)
            collector.prepare(subject(pid=process.pid))
            collector.begin("diagnose")
            time.sleep(SECONDS)
            capture = collector.end()
        finally:
            collector.close()
            process.kill()
    with BundleWriter.create(Workspace(folder), Kind.RUN) as writer:
        for name, table in capture.tables.items():
            writer.add_table(name, table)
        for name, data in capture.files.items():
            writer.add_file(name, data)
        bundle = Bundle.open(writer.finish(manifest()))
    name = "profiles/on-cpu.diagnose.pb.gz"
    profile = StackProfile.from_pprof(bundle.file(name), name, "cpu")
    return dataclasses.replace(facts(), cpu=profile, atomics=atomic_samples(bundle, "diagnose", profile))


def causes(given: Facts) -> list[Cause]:
    assert given.atomics is not None, "the instruction of fetch_add is seen in any case"
    return RULE.apply(given)


@pytest.fixture(scope="module")
def two_cpus() -> list[int]:
    permitted()
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("contention takes two CPUs")
    return cpus[:2]


@pytest.mark.alone
def test_neighboring_counters_are_suspected_and_padded_ones_are_not(
    counting: Path, two_cpus: list[int], tmp_path: Path
) -> None:
    # A machine with other work may seldom have both threads on their CPUs, and then nothing is to be said.
    attempts = (causes(observed(counting, NEAR, two_cpus, tmp_path / f"near-{attempt}")) for attempt in range(3))
    (cause,) = next(filter(None, attempts))
    assert cause.finding.id == "contended-atomics:counting::count"
    assert "on 2 CPUs at once" in cause.finding.title
    assert cause.finding.strength == "moderate"
    assert any("main.rs:" in evidence.text for evidence in cause.finding.evidence)
    assert causes(observed(counting, FAR, two_cpus, tmp_path / "far")) == []


@pytest.mark.alone
def test_one_cpu_is_silent(counting: Path, two_cpus: list[int], tmp_path: Path) -> None:
    assert causes(observed(counting, NEAR, two_cpus[:1], tmp_path)) == []

"""Counting and sampling events of real programs, by what any machine counts: the kernel's own events.

The processor's counters take the same way, and are looked at where there are any.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.sampling import permitted
from tests.support.subjects import subject
from tests.support.trials import TINY, Meddler, open_bench, trial_plan
from tests.support.waiting import wait_until

from tailtune._native import Counters, perf_capability
from tailtune.bundle.reader import Bundle
from tailtune.bundle.tables import conform
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NativeError
from tailtune.judge.data_layout import by_compiled
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.summary import summarize
from tailtune.model.project import Language, Service
from tailtune.model.recording import Kind, Phase
from tailtune.record import registry
from tailtune.record.collectors.cache_misses import MissCollector
from tailtune.record.collectors.counters import EVENTS, CounterCollector
from tailtune.record.collectors.on_cpu import StackCollector
from tailtune.record.trial import run_trial

pytestmark = [pytest.mark.real, pytest.mark.skipif(shutil.which("cc") is None, reason="needs cc")]

C = """
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static __attribute__((noinline)) void touch(char *pages, int count)
{
    for (int at = 0; at < count; at++)
        *(volatile char *)(pages + 4096L * at) = 1;
}

static void *round_of_pages(void *unused)
{
    char *pages = mmap(NULL, 4096L * 200, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(pages, 4096L * 200, MADV_NOHUGEPAGE);
    touch(pages, 200);
    munmap(pages, 4096L * 200);
    return unused;
}

int main(void)
{
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, round_of_pages, NULL) || pthread_join(thread, NULL))
            return 1;
        round_of_pages(NULL);
        usleep(1000);
    }
}
"""
GO = """
package main

import (
	"syscall"
	"time"
)

//go:noinline
func touch(pages []byte) {
	for at := 0; at < len(pages); at += 4096 {
		pages[at] = 1
	}
}

func main() {
	for {
		access, kind := syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON
		pages, _ := syscall.Mmap(-1, 0, 200*4096, access, kind)
		syscall.Madvise(pages, 15)
		touch(pages)
		syscall.Munmap(pages)
		time.Sleep(time.Millisecond)
	}
}
"""
SERVICE = """
package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
)

//go:noinline
func touch(pages []byte) {
	for at := 0; at < len(pages); at += 4096 {
		pages[at] = 1
	}
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		access, kind := syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON
		pages, _ := syscall.Mmap(-1, 0, 100*4096, access, kind)
		syscall.Madvise(pages, 15)
		touch(pages)
		syscall.Munmap(pages)
		fmt.Fprintln(w, "ok")
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""
FAULTS = "page-faults"
AS_NOBODY = """
import json, subprocess, sys, time
from tailtune._native import Counters

with subprocess.Popen([sys.argv[1]]) as program:
    try:
        time.sleep(0.2)
        counters = Counters(program.pid, ["page-faults", "task-clock", "cycles"])
        counters.start()
        time.sleep(0.3)
        counts = counters.stop()
        print(json.dumps([counters.refused, counters.counts_kernel, counts]))
    finally:
        program.kill()
"""
NOBODY = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]


@pytest.fixture(autouse=True)
def _permitted() -> None:
    permitted()


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, Path]]:
    """The same program in both languages: threads that touch pages which were never there.

    Outside pytest's folders, which other users may not enter.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield built(folder)


def built(folder: Path) -> dict[str, Path]:
    (folder / "touch.c").write_text(C)
    (folder / "touch.go").write_text(GO)
    options = ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread"]
    subprocess.run(["cc", *options, "-o", folder / "c", folder / "touch.c"], check=True)
    subprocess.run(["go", "build", "-o", folder / "go", folder / "touch.go"], check=True)
    return {"c": folder / "c", "go": folder / "go"}


@contextlib.contextmanager
def running(program: Path) -> Iterator[int]:
    with subprocess.Popen([program]) as process:
        try:
            assert wait_until(lambda: faults(process.pid) > 1_000, 30)
            yield process.pid
        finally:
            process.kill()


def faults(pid: int) -> int:
    """Page faults of a process with the threads that have ended, as the kernel accounts them (proc_pid_stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[7]) + int(fields[9])


def test_counts_are_those_of_the_kernels_account(programs: dict[str, Path]) -> None:
    with running(programs["c"]) as pid:
        counters = Counters(pid, [FAULTS, "task-clock"])
        counters.start()
        before = faults(pid)
        assert wait_until(lambda: faults(pid) > before + 20_000, 60)
        accounted = faults(pid) - before
        [(event, count, counted, enabled_ns, running_ns), (clock, cpu_ns, *_)] = counters.stop()
    assert (event, clock) == (FAULTS, "task-clock")
    assert count == counted
    assert enabled_ns == running_ns
    assert accounted <= count + 20 <= 1.05 * accounted + 1_000
    assert cpu_ns == pytest.approx(enabled_ns, rel=0.05)


def test_an_unknown_event_and_an_unknown_process_are_errors() -> None:
    with pytest.raises(NativeError, match='no event is named "elephants"'):
        Counters(os.getpid(), ["elephants"])
    with pytest.raises(NativeError, match="process 2147483647 does not exist"):
        Counters(2**31 - 1, [FAULTS])


def test_the_collector_counts_a_window(programs: dict[str, Path]) -> None:
    collector = CounterCollector([FAULTS, "context-switches"])
    with running(programs["c"]) as pid:
        collector.prepare(subject(pid=pid))
        before = faults(pid)
        collector.begin("measure")
        begun = faults(pid)
        assert wait_until(lambda: faults(pid) > begun + 20_000, 60)
        accounted = faults(pid) - begun
        capture = collector.end()
        after = faults(pid)
    assert capture.warnings == []
    rows = conform("counters", capture.tables["counters"]).to_pylist()
    assert [row["event"] for row in rows] == [FAULTS, "context-switches"]
    assert {(row["window"], row["kernel"]) for row in rows} == {("measure", True)}
    assert accounted <= rows[0]["count"] + 20 <= after - before + 40
    assert rows[1]["count"] > 20, "a thread is waited for in each round"
    record = collector.record()
    assert (record.mode, record.lost) == ("page-faults, context-switches of all threads", "")


@pytest.mark.parametrize(("language", "function"), [("c", "touch"), ("go", "main.touch")])
def test_the_collector_of_stacks_names_the_function(programs: dict[str, Path], language: str, function: str) -> None:
    collector = MissCollector(FAULTS)
    with running(programs[language]) as pid:
        service = subject(pid=pid)
        assert collector.applies(service)
        collector.prepare(service)
        collector.begin(Phase.DIAGNOSE)
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            collector.poll()
            time.sleep(0.05)
        capture = collector.end()
    assert collector.record().lost == ""
    [(name, data)] = capture.files.items()
    assert name == "profiles/page-faults.diagnose.pb.gz"
    profile = StackProfile.from_pprof(data, name, "faults")
    assert profile.samples > 20
    period = profile.values[0] / profile.counts[0]
    assert period > 1
    assert period % 2 == 1
    stacks = by_compiled(profile)[function]
    assert profile.share(stacks).point > 0.8
    caller = {"c": "round_of_pages", "go": "main.main"}[language]
    assert profile.count(profile.by_function[caller] & stacks) == profile.count(stacks)


def test_a_trial_counts_what_it_measures_and_samples_what_it_diagnoses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.collectors(), "counters", partial(CounterCollector, [FAULTS]))
    monkeypatch.setitem(registry.collectors(), "cache_misses", partial(MissCollector, FAULTS))
    (tmp_path / "service.go").write_text(SERVICE)
    subprocess.run(["go", "build", "-o", tmp_path / "service", tmp_path / "service.go"], check=True)
    service = Service(language=Language.COMMAND, binary=str(tmp_path / "service"), args=["{port}"])
    with open_bench(tmp_path, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(trial_plan(tmp_path, service, diagnose=2), bench)
    [path] = Workspace(tmp_path).finished()
    bundle = Bundle.open(path)
    assert manifest.load is not None
    [row] = bundle.table("counters").to_pylist()
    assert (row["window"], row["event"]) == ("measure", FAULTS)
    assert row["count"] >= 100 * manifest.load.completed_requests
    name = f"profiles/{FAULTS}.{Phase.DIAGNOSE}.pb.gz"
    profile = StackProfile.from_pprof(bundle.file(name), name, "faults")
    assert profile.share(by_compiled(profile)["main.touch"]).point > 0.8


def test_a_window_without_an_event_says_so() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            collector = MissCollector(FAULTS)
            collector.prepare(subject(pid=process.pid))
            assert wait_until(lambda: Path(f"/proc/{process.pid}/stat").read_text().split()[2] == "S", 30)
            time.sleep(0.2)
            collector.begin(Phase.DIAGNOSE)
            time.sleep(0.6)
            collector.poll()
            capture = collector.end()
        finally:
            process.kill()
    assert capture.files == {}
    assert capture.warnings == ["no page-faults came up in the window diagnose, so there are no stacks of them"]


def test_a_machine_without_counters_says_so_and_loses_nothing_else(tmp_path: Path) -> None:
    tiny = Path(__file__).parents[1] / "support" / TINY
    arguments = ["-I", "-S", str(tiny), "--port", "{port}"]
    service = Service(language=Language.COMMAND, binary=sys.executable, args=arguments)
    with open_bench(tmp_path, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(trial_plan(tmp_path, service), bench)
    [path] = Workspace(tmp_path).finished()
    bundle = Bundle.open(path)
    records = {record.name: record for record in manifest.collectors}
    found = summarize(bundle).measure
    assert found.cpu is not None
    assert bundle.table("thread_states").num_rows > 0
    if json.loads(perf_capability())["hardware_counters"]["permitted"]:
        assert found.counters is not None
        assert 0 < (found.counters.instructions_per_cycle or 0) < 8
        return
    assert found.counters is None
    assert records["counters"].mode == ""
    assert records["counters"].lost == f"{', '.join(EVENTS)}: the machine has none, as most virtual machines (ENOENT)"
    assert bundle.table("counters").num_rows == 0
    assert "cache_misses" not in records
    assert [text for text in manifest.warnings if "count" in text or "cache" in text] == []
    assert StackCollector.name in records


@pytest.mark.alone  # memory for events is counted per user
def test_an_ordinary_user_counts_user_code(programs: dict[str, Path]) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs a user to step down from")
    paranoid = int(Path("/proc/sys/kernel/perf_event_paranoid").read_text())
    command = [*NOBODY, sys.executable, "-c", AS_NOBODY, str(programs["c"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    if "Permission denied" in done.stderr or "No module" in done.stderr:
        pytest.skip("this checkout is not readable for others")
    assert done.returncode == 0, done.stderr
    refused, counts_kernel, counts = json.loads(done.stdout)
    if paranoid > 2:
        assert all("kernel.perf_event_paranoid is" in reason for _, reason in refused)
        return
    assert counts_kernel == (paranoid < 2)
    found = {event: count for event, count, *_ in counts}
    assert found[FAULTS] > 1_000
    assert found["task-clock"] > 0
    assert not refused or "(ENOENT)" in dict(refused)["cycles"]

"""Every collector that is found keeps the life of `ports.Collector` around a small real process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.subjects import subject as running_subject

from tailtune.bundle.schema import TABLES
from tailtune.bundle.tables import conform
from tailtune.model.recording import CollectorRecord, Phase
from tailtune.record import registry
from tailtune.record.ports import Capture, Collector, Subject

BUSY = (
    "import sys, time\n"
    "print('gc 1 @0.012s 2%: 0.026+0.39+0.10 ms clock, 0.21+0.88/0.52/0+0.83 ms cpu, "
    "4->4->0 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P', file=sys.stderr, flush=True)\n"
    "print('SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=4 spinningthreads=0 needspinning=0 idlethreads=1 "
    "runqueue=0 [ 0 1 ] schedticks=[ 1 2 ]', file=sys.stderr, flush=True)\n"
    "while True:\n"
    "    sum(range(10000)); time.sleep(0.001)\n"
)
LANGUAGES = ("go", "command")


@pytest.fixture(params=LANGUAGES)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """A busy process; as a Go service it has printed trace lines, but nobody answers on its port."""
    stderr = tmp_path / "stderr.txt"
    with stderr.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY], stderr=stream)
    while not stderr.read_bytes().count(b"\n") >= 2:
        time.sleep(0.01)
    yield running_subject(
        pid=process.pid,
        language=request.param,
        pprof="/debug/pprof",
        stderr=stderr,
        started_ns=time.monotonic_ns(),
        window_seconds={"measure": 0.2, "diagnose": 0.2},
    )
    process.kill()
    process.wait()


@pytest.fixture(params=sorted(registry.collectors()))
def collector(request: pytest.FixtureRequest) -> Iterator[Collector]:
    one = registry.collectors()[request.param]()
    yield one
    one.close()


def window(collector: Collector, name: str) -> Capture:
    collector.begin(name)
    for _ in range(3):
        collector.poll()
        time.sleep(0.05)
    return collector.end()


def check_capture(capture: Capture, name: str) -> None:
    for table, rows in capture.tables.items():
        conform(table, rows)
        if "window" in TABLES[table].names:
            assert set(rows["window"].to_pylist()) <= {name}
        if "slice" in TABLES[table].names:
            assert set(rows["slice"].to_pylist()) <= {-1}
    for file in capture.files:
        assert file.startswith("profiles/")
        assert f".{name}." in file
    assert all(isinstance(text, str) and text for text in capture.warnings)


def test_it_says_what_it_is(collector: Collector) -> None:
    assert isinstance(collector, Collector)
    assert collector.name in registry.collectors()
    assert collector.cost
    assert collector.phases
    assert collector.phases <= set(Phase)


def test_its_life_from_prepare_to_close(collector: Collector, subject: Subject) -> None:
    if not collector.applies(subject):
        assert subject.language == "command" or collector.name in ("jemalloc", "cache_misses")
        return
    collector.prepare(subject)
    for phase in (Phase.MEASURE, Phase.DIAGNOSE):
        if phase in collector.phases:
            check_capture(window(collector, phase), phase)
    record = collector.record()
    assert isinstance(record, CollectorRecord)
    assert record.name == collector.name
    assert set(record.phases) == collector.phases
    assert record.cost == collector.cost
    collector.close()
    collector.close()


def test_a_service_that_has_gone_is_no_failure(collector: Collector, subject: Subject) -> None:
    if not collector.applies(subject):
        return
    collector.prepare(subject)
    collector.begin("measure")
    os.kill(subject.pid, 9)
    while b"State:\tZ" not in Path(f"/proc/{subject.pid}/status").read_bytes():
        time.sleep(0.01)
    collector.poll()
    check_capture(collector.end(), "measure")
    assert collector.record().name == collector.name


def test_a_window_has_rows_at_both_edges(subject: Subject) -> None:
    for name in ("process", "host"):
        collector = registry.collectors()[name]()
        collector.prepare(subject)
        before = time.monotonic_ns()
        rows = window(collector, "measure").tables[name]
        collector.close()
        times = rows["t_ns"].to_pylist()
        assert before <= times[0] < times[-1] <= time.monotonic_ns()
        assert times[-1] - times[0] >= 100_000_000


def test_threads_are_differences_over_the_window(subject: Subject) -> None:
    collector = registry.collectors()["threads"]()
    collector.prepare(subject)
    begun = time.monotonic_ns()
    [row] = window(collector, "measure").tables["threads"].to_pylist()
    assert row["tid"] == subject.pid
    assert 0 < row["cpu_ns"] < time.monotonic_ns() - begun
    assert row["timeslices"] > 0


def test_states_of_threads_add_up_and_waits_have_stacks(subject: Subject) -> None:
    collector = registry.collectors()["on_cpu"]()
    collector.prepare(subject)
    if "sched_switch" not in collector.record().mode:
        pytest.skip("tracepoints are not permitted")
    tables = window(collector, "diagnose").tables
    collector.close()
    [row] = tables["thread_states"].to_pylist()
    assert row["tid"] == row["pid"] == subject.pid
    parts = [row[f"{part}_ns"] for part in ("on_cpu", "runnable", "blocked", "residue")]
    assert sum(parts) == row["wall_ns"]
    assert row["switches"] > 0
    waits = tables["waits"].to_pydict()
    away = row["runnable_ns"] + row["blocked_ns"]
    # A wait without a wake-up, as some kernels have them, is at its stack, but in part of no known state.
    assert away <= sum(waits["runnable_ns"]) + sum(waits["blocked_ns"]) <= away + row["residue_ns"]
    assert set(waits["stack"]) <= set(tables["stacks"]["stack"].to_pylist())


def test_trace_lines_come_once(subject: Subject) -> None:
    if subject.language != "go":
        return
    for name, table in (("gctrace", "gc"), ("schedtrace", "sched")):
        collector = registry.collectors()[name]()
        collector.prepare(subject)
        first, second = (window(collector, one).tables[table] for one in ("measure", "diagnose"))
        assert (len(first), len(second)) == (1, 0)
        assert collector.record().lost == ""


def test_an_absent_pprof_endpoint_is_a_warning(subject: Subject) -> None:
    if subject.language != "go":
        return
    collector = registry.collectors()["go_pprof"]()
    collector.prepare(subject)
    capture = window(collector, "diagnose")
    assert capture.files == {}
    assert capture.warnings == ["http://127.0.0.1:1/debug/pprof gives no profiles: Connection refused"]
    assert "import net/http/pprof" in collector.record().lost

"""Lines as Go 1.19 to 1.27 print them, with the service's own output between them."""

from pathlib import Path

import pytest

from tailtune.record.collectors import gctrace, schedtrace
from tailtune.record.formats.lines import LineReader

GO_1_19 = (
    "gc 18 @2.303s 1%: 0.12+2.0+0.011 ms clock, 0.25+0.40/1.1/0.9+0.022 ms cpu, "
    "7->8->4 MB, 8 MB goal, 0 MB stacks, 0 MB globals, 2 P"
)
GO_1_16 = "gc 1 @0.012s 2%: 0.026+0.39+0.10 ms clock, 0.21+0.88/0.52/0+0.83 ms cpu, 4->4->0 MB, 5 MB goal, 8 P"
GO_1_26_FORCED = (
    "gc 3 @12.5s 0%: 0.04+1.5+0.003 ms clock, 0.09+0/1.5/2.5+0.007 ms cpu, "
    "120->121->60 MB, 122 MB goal, 1 MB stacks, 2 MB globals, 2 P (forced)"
)
GO_1_27_LEAKS = (
    "gc 4 @13.0s 0% (checking for goroutine leaks): 0.04+1.5+0.003 ms clock, 0.09+0/1.5/2.5+0.007 ms cpu, "
    "120->121->60 MB, 122 MB goal, 1 MB stacks, 2 MB globals, 2 P"
)
SCHED_1_19 = (
    "SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=6 spinningthreads=0 needspinning=0 idlethreads=1 runqueue=3 [4 1]"
)
SCHED_1_18 = "SCHED 0ms: gomaxprocs=1 idleprocs=0 threads=2 spinningthreads=0 idlethreads=0 runqueue=0 [0]"
SCHED_1_27 = (
    "SCHED 2014ms: gomaxprocs=2 idleprocs=2 threads=6 spinningthreads=0 needspinning=0 idlethreads=2 "
    "runqueue=1 [ 0 5 ] schedticks=[ 769 380 ]"
)
NOISE = ["", "gc", "gc 18 @", "2026/11/24 listening", "SCHED", "gc 18 @2.303s 1%: 0.12+2.0+0.011 ms clock, 0.25+0.40"]


def test_a_collection_in_full() -> None:
    assert gctrace.parse(GO_1_19, 1_000) == {
        "t_ns": 2_303_001_000,
        "cycle": 18,
        "stw_sweep_ns": 120_000,
        "mark_ns": 2_000_000,
        "stw_mark_ns": 11_000,
        "stw_sweep_cpu_ns": 250_000,
        "assist_cpu_ns": 400_000,
        "background_cpu_ns": 1_100_000,
        "idle_cpu_ns": 900_000,
        "stw_mark_cpu_ns": 22_000,
        "heap_start_bytes": 7 << 20,
        "heap_end_bytes": 8 << 20,
        "heap_live_bytes": 4 << 20,
        "heap_goal_bytes": 8 << 20,
        "procs": 2,
        "forced": False,
    }


@pytest.mark.parametrize(
    ("line", "cycle", "goal_mb", "forced"),
    [(GO_1_16, 1, 5, False), (GO_1_26_FORCED, 3, 122, True), (GO_1_27_LEAKS, 4, 122, False)],
)
def test_other_releases_print_other_fields(line: str, cycle: int, goal_mb: int, forced: bool) -> None:
    row = gctrace.parse(f"unfinished log text {line}", 0)
    assert row is not None
    assert (row["cycle"], row["heap_goal_bytes"], row["forced"]) == (cycle, goal_mb << 20, forced)


@pytest.mark.parametrize("line", NOISE)
def test_what_is_no_trace_is_passed_over(line: str) -> None:
    assert gctrace.parse(line, 0) is None
    assert schedtrace.parse(line, 0) is None


def test_numbers_that_are_none_are_passed_over() -> None:
    assert gctrace.parse(GO_1_19.replace("0.12+", "0.1.2+"), 0) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (SCHED_1_18, {"t_ns": 7, "gomaxprocs": 1, "idle_procs": 0, "threads": 2, "run_queue": 0, "local_run_queue": 0}),
        (
            SCHED_1_19,
            {
                "t_ns": 1_009_000_007,
                "gomaxprocs": 2,
                "idle_procs": 0,
                "threads": 6,
                "run_queue": 3,
                "local_run_queue": 5,
            },
        ),
        (
            SCHED_1_27,
            {
                "t_ns": 2_014_000_007,
                "gomaxprocs": 2,
                "idle_procs": 2,
                "threads": 6,
                "run_queue": 1,
                "local_run_queue": 5,
            },
        ),
    ],
)
def test_scheduler_states(line: str, expected: dict[str, int]) -> None:
    assert schedtrace.parse(line, 7) == expected


def test_a_state_without_a_needed_field_is_passed_over() -> None:
    assert schedtrace.parse(SCHED_1_27.replace("runqueue=1 ", ""), 0) is None


def test_collections_are_counted() -> None:
    assert gctrace.count([GO_1_16, "log", GO_1_19, SCHED_1_27]) == 2


def test_lines_come_once_and_whole(tmp_path: Path) -> None:
    log = tmp_path / "stderr"
    reader = LineReader(log)
    assert list(reader.read()) == []
    with log.open("wb") as stream:
        stream.write(b"one\ntw")
        stream.flush()
        assert list(reader.read()) == ["one"]
        stream.write(b"o\n\xff\nthree")
        stream.flush()
        assert list(reader.read()) == ["two", "�"]
        assert list(reader.read()) == []

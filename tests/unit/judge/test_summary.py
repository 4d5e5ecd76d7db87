"""The figures of one run."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.recordings import S, latency, load_report, manifest, operation_count, record, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge.distribution import Distribution
from tailtune.judge.summary import goal_status, summarize
from tailtune.model.estimate import Estimate
from tailtune.model.load import Validity
from tailtune.model.project import Goals
from tailtune.model.recording import Kind, Phase, PhaseRecord, SteadyState
from tailtune.model.summary import GoalStatus, RunSummary
from tailtune.model.units import Duration

SECONDS, RATE = 10, 100
VALUES = np.random.default_rng(1).lognormal(np.log(5e6), 0.5, (SECONDS, RATE))


def summary(root, threads=(), **changes) -> RunSummary:
    workspace = Workspace(root)
    operations = [operation_count("get", 500), operation_count("put", 500, unexpected=3, timeouts=1)]
    fields = {"load": load_report(operations=operations), "diagnose_load": load_report()} | changes
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        writer.add_table("latency", pa.concat_tables(rows("measure", 1.0)))
        writer.add_table("latency", pa.concat_tables(rows("diagnose", 3.0)))
        writer.add_table("process", table("process", process_rows()))
        writer.add_table("host", table("host", host_rows()))
        writer.add_table("gc", table("gc", gc_rows()))
        writer.add_table("thread_states", table("thread_states", threads))
        return summarize(Bundle.open(writer.finish(manifest(**fields))))


def rows(window: str, factor: float) -> list[pa.Table]:
    half = RATE // 2
    return [
        latency(part * factor, window, operation=operation, interval=second)
        for second in range(SECONDS)
        for operation, part in enumerate((VALUES[second][:half], VALUES[second][half:]))
    ]


def process_rows() -> list[dict[str, Any]]:
    """1.5 ms user and 0.5 ms system a request; counters began before the window; read every 100 ms."""
    return [
        {
            "window": "measure",
            "t_ns": 100 * S + tick * S // 10,
            "cpu_user_ns": 7 * S + tick * RATE * 150_000,
            "cpu_system_ns": S + tick * RATE * 50_000,
            "run_delay_ns": tick * RATE * 10_000,
            "involuntary_switches": tick,
            "rss_bytes": 40_000_000,
            "peak_rss_bytes": 50_000_000 + tick,
        }
        for tick in range(SECONDS * 10 + 1)
    ]


def host_rows() -> list[dict[str, Any]]:
    return [
        {"window": "measure", "t_ns": 100 * S, "steal_ns": S, "throttled_periods": 5, "throttled_ns": 0},
        {"window": "measure", "t_ns": 110 * S, "steal_ns": 2 * S, "throttled_periods": 9, "throttled_ns": S // 5},
    ]


def gc_rows() -> list[dict[str, Any]]:
    """One collection a second, from before the window to after it; 2 ms assist and 6 ms background each."""
    return [
        {
            "t_ns": 95 * S + cycle * S + S // 2,
            "cycle": cycle,
            "stw_sweep_ns": 100_000,
            "stw_mark_ns": 50_000 * (cycle % 2 + 1),
            "assist_cpu_ns": 2_000_000,
            "background_cpu_ns": 6_000_000,
            "idle_cpu_ns": 10**9,
            "heap_live_bytes": cycle,
            "heap_goal_bytes": 2 * cycle,
        }
        for cycle in range(20)
    ]


def test_percentiles_of_each_window_and_operation(tmp_path):
    found = summary(tmp_path)
    exact = Distribution.from_values(VALUES.astype(np.int64).ravel())
    measure = found.measure.latency
    assert (measure.requests, measure.errors) == (1000, 4)
    assert [quantile.q for quantile in measure.quantiles] == [0.5, 0.9, 0.99, 0.999]
    for quantile in measure.quantiles[:3]:
        assert quantile.estimate is not None
        assert quantile.estimate.point == exact.quantile(quantile.q)
    assert measure.quantiles[3].estimate is None
    assert measure.max_ns == exact.maximum
    assert measure.mean_ns == pytest.approx(exact.mean)
    assert [(part.operation, part.requests, part.errors) for part in found.measure.operations] == [
        ("get", 500, 0),
        ("put", 500, 4),
    ]
    assert found.diagnose is not None
    assert found.diagnose.latency.max_ns == pytest.approx(3 * exact.maximum, rel=1e-6)
    assert found.diagnose.operations == []


def test_cpu_memory_and_scheduling(tmp_path):
    measure = summary(tmp_path).measure
    assert measure.cpu is not None
    assert measure.cpu.per_request_ns.point == pytest.approx(2e6)
    assert measure.cpu.per_request_ns.low == pytest.approx(2e6)
    assert measure.cpu.user_ns_per_request == pytest.approx(1.5e6)
    assert measure.cpu.system_ns_per_request == pytest.approx(5e5)
    assert measure.cpu.cores == pytest.approx(0.2)
    assert measure.peak_rss_bytes == 50_000_100
    assert measure.scheduling is not None
    assert measure.scheduling.run_delay_ns_per_request == pytest.approx(1e5)
    assert measure.scheduling.involuntary_switches_per_request == pytest.approx(0.1)
    assert (measure.scheduling.throttled_periods, measure.scheduling.throttled_ns) == (4, S // 5)
    assert measure.scheduling.steal_share == pytest.approx(0.05)


def test_requests_without_an_answer_do_not_share_the_cpu_time(tmp_path):
    measure = summary(tmp_path, load=load_report(completed_requests=800)).measure
    assert measure.cpu is not None
    assert measure.cpu.per_request_ns.point == pytest.approx(2.5e6)
    assert measure.latency.requests == 1000


def test_an_interrupted_load_is_as_long_as_it_was(tmp_path):
    assert summary(tmp_path / "a", load=load_report(interrupted=True, elapsed_ns=4 * S)).measure.seconds == 4
    assert summary(tmp_path / "b", load=load_report(elapsed_ns=11 * S)).measure.seconds == 10


def test_collections_of_the_window_only(tmp_path):
    gc = summary(tmp_path).measure.gc
    assert gc is not None
    assert gc.cycles == 10
    assert gc.cycles_per_s == pytest.approx(1.0)
    assert gc.cpu_share == pytest.approx(0.04)
    assert gc.assist_share == pytest.approx(0.01)
    assert gc.pause_mean_ns == pytest.approx(175_000)
    assert gc.pause_max_ns == 200_000
    assert (gc.heap_live_bytes, gc.heap_goal_bytes) == (14, 28)


def test_goals_are_judged_by_the_whole_interval(tmp_path):
    goals = Goals(
        p50=Duration(50_000_000), p99=Duration(1_000_000), p999=Duration(1), cpu_per_request=Duration(3_000_000)
    )
    found = summary(tmp_path, goals=goals)
    assert [(goal.goal, goal.status) for goal in found.goals] == [
        ("p50", GoalStatus.MET),
        ("p99", GoalStatus.MISSED),
        ("p99.9", GoalStatus.UNDECIDED),
        ("cpu_per_request", GoalStatus.MET),
    ]


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(1, 9, "met"), (11, 12, "missed"), (9, 11, "undecided"), (9, None, "undecided"), (11, None, "missed")],
)
def test_goal_status(low, high, status):
    assert goal_status(Estimate(point=10, low=low, high=high, confidence=0.95, n=1), Duration(10)) == status


def test_validity_and_warnings_come_along(tmp_path):
    found = summary(
        tmp_path,
        load=load_report(validity=Validity.SUSPECT),
        steady=SteadyState(steady=False, seconds=30, reason="it moves"),
        partial=True,
        failure="Ctrl-C",
        warnings=["first"],
    )
    assert found.measure.validity is Validity.SUSPECT
    assert found.warnings == [
        "first",
        "this recording is partial: Ctrl-C",
        "the service was not steady when measuring began: it moves",
        "the hypervisor gave 5.0 % of this machine's CPU time to others",
        "the CPU quota stopped the service in 4 periods",
    ]


def test_a_load_alone_has_no_process(tmp_path):
    workspace = Workspace(tmp_path)
    phases = [PhaseRecord(phase=Phase.MEASURE, started_ns=0, ended_ns=2 * S)]
    identifier = record(workspace, np.arange(1, 101), kind=Kind.LOAD, phases=phases)
    found = summarize(Bundle.open(workspace.run(identifier)))
    assert (found.kind, found.measure.seconds) == (Kind.LOAD, 2.0)
    assert [reason.code for reason in found.measure.reasons] == ["no-report"]
    assert (found.measure.cpu, found.measure.gc, found.measure.scheduling, found.diagnose) == (None,) * 4


def test_recordings_without_figures_are_refused(tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(UsageError, match="is an experiment"):
        summarize(Bundle.open(workspace.run(record(workspace, kind=Kind.EXPERIMENT))))
    with pytest.raises(NothingMeasuredError, match="no measured request: the service died"):
        summarize(Bundle.open(workspace.run(record(workspace, [], failure="the service died"))))


def test_states_are_threads_on_average_over_the_longest_life(tmp_path):
    threads = [
        {"window": "diagnose", "tid": 1, "wall_ns": 10 * S, "on_cpu_ns": 6 * S, "blocked_ns": 3 * S, "runnable_ns": S},
        {"window": "diagnose", "tid": 2, "wall_ns": 5 * S, "blocked_ns": 4 * S, "residue_ns": S},
        {"window": "diagnose", "tid": 0, "wall_ns": 30 * S, "on_cpu_ns": 30 * S},  # many that ended, in one row
    ]
    without, found = summary(tmp_path), summary(tmp_path, threads=threads)
    assert without.diagnose is not None
    assert without.diagnose.states is None
    assert found.measure.states is None
    assert found.diagnose is not None
    states = found.diagnose.states
    assert states is not None
    assert (states.on_cpu, states.runnable, states.blocked, states.residue) == (3.6, 0.1, 0.7, 0.1)
    assert states.residue_share == pytest.approx(1 / 45)

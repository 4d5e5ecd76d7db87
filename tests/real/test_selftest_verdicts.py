"""The built-in service that verdicts are proved on, and one comparison with it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.imports import Silent
from tests.support.load import play, workload

from tailtune.lab import selftest_live as live
from tailtune.lab.selftest_service import SLOWDOWNS, arguments, as_it_is
from tailtune.model.verdict import Metric
from tailtune.record.engine.load import EngineProcess
from tailtune.record.engine.work_server import rounds_for
from tailtune.record.host.local import LocalHost
from tailtune.record.processes import proc

pytestmark = pytest.mark.real


@contextlib.contextmanager
def serving(args: list[str]) -> Iterator[tuple[int, int]]:
    """Run the built-in service; gives pid and port."""
    command = [sys.executable, *(text.replace("{port}", "0") for text in args)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def test_more_rounds_are_more_cpu_time(engine: EngineProcess, tmp_path: Path) -> None:
    used = []
    for rounds in (300, 900):
        with serving(arguments(rounds, as_it_is(None))) as (pid, port):
            before = proc.cpu_ns(pid)
            folder = tmp_path / str(rounds)
            folder.mkdir()
            played = play(engine, workload(1.0, rate_per_s=200), port, folder)
            used.append((proc.cpu_ns(pid) - before) / played.outcomes()["ok"])
            assert played.outcomes()["ok"] == played.report.scheduled_requests
    assert used[1] > 1.5 * used[0]


@pytest.mark.parametrize(
    "slowdown", [one for one in SLOWDOWNS if one.slow_every or one.locked], ids=lambda one: one.name
)
def test_a_slowed_service_answers_every_request(slowdown: object, engine: EngineProcess, tmp_path: Path) -> None:
    chosen = next(one for one in SLOWDOWNS if one == slowdown)
    with serving(arguments(100, chosen)) as (_, port):
        played = play(engine, workload(0.5, rate_per_s=200), port, tmp_path)
    assert played.outcomes()["ok"] == played.report.scheduled_requests


def test_rounds_are_counted_in_proportion() -> None:
    one, three = rounds_for(200), rounds_for(600)
    assert 1 < one < three < 9 * one


def test_the_service_is_compared_with_a_slower_self_and_counted(tmp_path: Path) -> None:
    stand = live.Stand(tmp_path, LocalHost().layout(), rounds_for(400), 1, Silent())
    slower = next(one for one in SLOWDOWNS if one.name == "cpu-10")
    one = stand.compare(slower, seed=1, epochs=1, budget_s=120.0, title="one epoch")
    assert one is not None, stand.warnings
    assert one.comparison.epochs == 1
    assert not one.comparison.is_aa
    assert len(one.epoch_ends_s) == 1
    assert any(answer.metric is Metric.CPU_PER_REQUEST for answer in one.comparison.metrics)
    assert not list((tmp_path / ".tailtune" / "runs").iterdir())

"""How plays end, and the process of the load engine: stopped, killed, refused, without privileges."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.load import (
    logged,
    null_server,
    play,
    run_json,
    workload,
)

from tailtune.errors import NativeError
from tailtune.model.endpoint import Endpoint
from tailtune.record.engine.load import EngineProcess, compile_workload

pytestmark = pytest.mark.real

WAIT_SECONDS = 20.0


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_stopping_keeps_what_was_recorded(engine: EngineProcess, tmp_path: Path) -> None:
    calls = 0

    def poll() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            os.kill(engine.pid, signal.SIGINT)  # Ctrl-C reaches every process of the foreground group
        if calls == 6:
            engine.stop()

    with null_server() as (_, port):
        played = play(engine, workload(60.0, rate_per_s=200), port, tmp_path, poll)
    assert played.report.interrupted
    assert 0 < played.report.completed_requests < played.report.scheduled_requests
    assert len(played.requests["done_ns"]) == played.report.completed_requests


def test_requests_in_flight_at_a_stop_are_counted(engine: EngineProcess, tmp_path: Path) -> None:
    calls = 0

    def poll() -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            engine.stop()

    with null_server(delay_us=60_000_000) as (_, port):
        played = play(engine, workload(60.0, rate_per_s=200, timeout=30.0), port, tmp_path, poll)
    assert played.report.completed_requests == len(played.requests["done_ns"]) == 0
    (warning,) = (text for text in played.report.warnings if "no end yet" in text)
    assert int(warning.split()[0]) >= played.report.sent_requests > 0
    assert played.report.little_error == 0


def test_an_interrupt_of_the_tool_stops_the_play(engine: EngineProcess, tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with null_server() as (_, port):
        played = play(engine, workload(60.0, rate_per_s=200), port, tmp_path, interrupt)
    assert played.report.interrupted


def test_an_error_of_the_caller_ends_the_play_and_is_raised_again(engine: EngineProcess, tmp_path: Path) -> None:
    def fail() -> None:
        raise LookupError("the service died")

    with null_server() as (_, port):
        with pytest.raises(LookupError, match="the service died"):
            play(engine, workload(60.0, rate_per_s=200), port, tmp_path, fail)
        requests, _ = logged(tmp_path)
        assert len(requests["done_ns"]) > 0
        assert play(engine, workload(0.2), port, tmp_path).report.completed_requests > 0  # still of use


def test_a_damaged_schedule_is_refused_by_name(engine: EngineProcess, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule"
    compile_workload(workload(), tmp_path, schedule)
    schedule.write_bytes(schedule.read_bytes()[:-10])
    with pytest.raises(NativeError, match=r"schedule: not a usable schedule: .*cut short") as caught:
        engine.play(schedule, Endpoint(port=1), None, lambda interval: None, lambda: None)
    assert caught.value.hint


def test_a_missing_schedule_or_output_is_named(engine: EngineProcess, tmp_path: Path) -> None:
    compile_workload(workload(), tmp_path, tmp_path / "schedule")
    for schedule, output, name in [("absent", ".", "absent"), ("schedule", "nowhere", "nowhere")]:
        with pytest.raises(NativeError, match=name):
            engine.play(tmp_path / schedule, Endpoint(port=1), tmp_path / output, lambda interval: None, lambda: None)


def test_an_engine_that_dies_is_an_error_not_a_wait(tmp_path: Path) -> None:
    with null_server() as (_, port), EngineProcess() as mortal:
        with pytest.raises(NativeError, match="ended unexpectedly"):
            play(mortal, workload(60.0), port, tmp_path, lambda: os.kill(mortal.pid, signal.SIGKILL))
        with pytest.raises(NativeError, match="ended unexpectedly"):
            play(mortal, workload(), port, tmp_path)


def test_a_cpu_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    with null_server() as (_, port), EngineProcess([1_000]) as engine:
        report = play(engine, workload(0.2), port, tmp_path).report
    assert report.pinned_cpu is None
    assert any("bound to CPU 1000" in warning for warning in report.warnings)
    assert report.completed_requests == report.scheduled_requests


def test_an_engine_that_does_not_start_tells_why() -> None:
    with pytest.raises(NativeError, match="ended unexpectedly") as caught:
        EngineProcess([-1])
    assert "Error" in caught.value.detail


def test_a_full_disk_ends_the_play_by_name(engine: EngineProcess, tmp_path: Path) -> None:
    (tmp_path / "latency.bin").symlink_to("/dev/full")
    with null_server() as (_, port), pytest.raises(NativeError, match="No space left") as caught:
        play(engine, workload(0.2), port, tmp_path)
    assert caught.value.hint


def test_closing_ends_the_process_and_may_be_repeated() -> None:
    engine = EngineProcess()
    engine.close()
    engine.close()
    assert gone(engine.pid)


PARENT = """
import sys
from tailtune.record.engine.load import EngineProcess
engine = EngineProcess()
print(engine.pid, flush=True)
sys.stdin.read()
"""


def test_the_engine_dies_with_a_killed_parent() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    assert gone(pid)


UNPRIVILEGED = """
import sys, tempfile, msgspec
from pathlib import Path
from tailtune.record.engine.load import EngineProcess, compile_workload
from tailtune.model.endpoint import Endpoint
from tests.support.load import null_server, workload
with tempfile.TemporaryDirectory() as name, null_server() as (_, port), EngineProcess() as engine:
    compile_workload(workload(0.5, rate_per_s=200), Path(name), Path(name, "s"))
    report = engine.play(Path(name, "s"), Endpoint(port=port), None, lambda interval: None, lambda: None)
sys.stdout.buffer.write(msgspec.json.encode(report))
"""


def test_without_privileges_it_works_and_says_what_is_lost() -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    drop = ["--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    report = run_json(setpriv, *drop, "prlimit", "--rtprio=0:0", sys.executable, "-c", UNPRIVILEGED)
    assert report["completed_requests"] == report["scheduled_requests"] > 0
    assert report["scheduling"].startswith("other (nice ")
    assert any("real-time priority is not permitted" in warning for warning in report["warnings"])

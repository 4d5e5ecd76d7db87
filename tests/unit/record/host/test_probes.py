"""Short attempts and measurements, on the real machine: structure, not speed; and nothing is left changed."""

import os
import subprocess
import sys
import threading

import pytest

from tailtune.errors import NativeError
from tailtune.record.host.probes import timers
from tailtune.record.host.probes.loopback import try_loopback
from tailtune.record.host.probes.noise import measure_noise, summarize
from tailtune.record.host.probes.perf import try_perf
from tailtune.record.host.probes.priority import try_priority
from tailtune.record.host.probes.storage import look_at_storage


def test_summary_of_rounds():
    noise = summarize(3, [*[100] * 98, 150, 900])
    assert (noise.cpu, noise.rounds, noise.typical_ns) == (3, 100, 100)
    assert noise.p99_excess == 8.0
    assert noise.longest_stall_ns == 800
    assert summarize(0, [7]).longest_stall_ns == 0


def test_noise_of_each_cpu_without_moving_ourselves():
    allowed = os.sched_getaffinity(0)
    found = measure_noise(sorted(allowed), seconds=0.2)
    assert [noise.cpu for noise in found] == sorted(allowed)[:16]
    assert all(noise.rounds > 0 and noise.typical_ns > 0 for noise in found)
    assert os.sched_getaffinity(0) == allowed


def test_noise_that_cannot_be_measured_is_absent(monkeypatch):
    assert measure_noise([10_000]) == []
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert measure_noise([0]) == []


def test_trying_priority_leaves_us_as_we_were():
    def state() -> tuple[int, int, int]:
        return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), threading.active_count()

    before = state()
    found = try_priority()
    assert state() == before
    assert found.realtime is (found.realtime_error == "")


def test_an_ordinary_user_is_refused_priority():
    if os.geteuid() != 0:
        pytest.skip("only root can drop privileges")
    code = (
        "import os, resource\n"
        "resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0)); resource.setrlimit(resource.RLIMIT_NICE, (0, 0))\n"
        "from tailtune.record.host.probes.priority import try_priority\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(try_priority())"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "realtime=False, realtime_error='not permitted', nice=False, realtime_limit=0" in answer.stdout


def test_loopback_works_here(tmp_path):
    assert try_loopback().error == ""
    assert try_loopback(tmp_path).ports == 0
    limits = tmp_path / "proc/sys/net/ipv4/ip_local_port_range"
    limits.parent.mkdir(parents=True)
    limits.write_text("32768\t60999\n")
    assert try_loopback(tmp_path).ports == 28_232


def test_storage_is_looked_at_without_writing(tmp_path):
    found = look_at_storage(tmp_path / "a" / "b" / ".tailtune")
    assert found.place == tmp_path
    assert found.free_bytes > 0
    assert found.writable is True
    assert list(tmp_path.iterdir()) == []


def test_performance_events_are_tried():
    found = try_perf()
    assert found.modes
    assert all(mode.permitted or mode.error for mode in found.modes)
    assert found.hardware_counters.permitted or found.hardware_counters.error


def test_timers_have_a_row_a_method_and_the_engine_s_among_them():
    found = timers.measure_timers(0.3, min(os.sched_getaffinity(0)))
    assert "hybrid" in {row.method for row in found.rows}
    assert all(row.wakes > 0 and row.p50_ns <= row.p99_ns <= row.max_ns for row in found.rows)
    assert found.clock_cost_ns > 0


def test_timers_that_cannot_be_measured_say_why(monkeypatch):
    def refuse(seconds: float, cpu: int) -> bytes:
        raise NativeError("no epoll")

    monkeypatch.setattr("tailtune._native.timer_error", refuse)
    found = timers.measure_timers(0.1, 0)
    assert (found.rows, found.warnings, found.clock_cost_ns) == ([], ["no epoll"], 0.0)

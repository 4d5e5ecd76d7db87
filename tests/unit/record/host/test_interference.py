import os
from pathlib import Path

from tailtune.record.host import interference
from tailtune.record.host.interference import HostReader, Probe
from tailtune.record.processes.ownership import wait_until

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def test_cpu_time() -> None:
    found = interference.parse_cpu_time("cpu  10 1 20 1000 50 3 4 5 0 0\ncpu0 1 2 3 4\n")
    assert found == (38 * TICK_NS, 5 * TICK_NS)


def test_pressure() -> None:
    text = "some avg10=1.22 avg60=0.90 avg300=0.31 total=4614602\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    assert interference.parse_pressure(text) == 4_614_602_000
    assert interference.parse_pressure("") == 0


def test_throttling_of_both_versions() -> None:
    assert interference.parse_throttling("nr_periods 9\nnr_throttled 4\nthrottled_time 12345\n") == (4, 12_345)
    version_2 = "usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 12345\n"
    assert interference.parse_throttling(version_2) == (4, 12_345_000)
    assert interference.parse_throttling("usage_usec 5\n") == (0, 0)


def test_a_quota_may_stand_at_any_level(tmp_path: Path) -> None:
    group = tmp_path / "user.slice" / "app"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("nr_throttled 1\n")
    (tmp_path / "cpu.stat").write_text("nr_throttled 2\n")
    assert interference.throttling_files(group) == [group / "cpu.stat", tmp_path / "cpu.stat"]
    assert interference.throttling_files(None) == []


def test_the_probe_counts_its_own_waiting_and_ends() -> None:
    probe = Probe([min(os.sched_getaffinity(0))])
    try:
        assert probe.is_running()
        assert wait_until(lambda: probe.delay_ns() > 0, seconds=10)
        first = HostReader(probe).read()
        second = HostReader(probe).read()
        assert second.t_ns > first.t_ns
        assert second.probe_delay_ns >= first.probe_delay_ns > 0
    finally:
        probe.close()
        probe.close()
    assert not probe.is_running()
    assert probe.delay_ns() == 0

import os
from pathlib import Path

from tailtune.record import interference
from tailtune.record.interference import HostReader, Probe

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
MOUNTS_V1 = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
"""
MOUNTS_V2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNTS_CONTAINER = "31 23 0:28 /docker/ab12 /sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw\n"


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


def test_a_quota_may_stand_at_any_level() -> None:
    version_1 = "4:cpuset:/other\n2:cpu,cpuacct:/a/b\n1:name=systemd:/\n"
    assert interference.throttling_files(version_1, MOUNTS_V1) == [
        Path("/sys/fs/cgroup/cpu,cpuacct") / level / "cpu.stat" for level in ("a/b", "a", ".")
    ]
    assert interference.throttling_files("0::/user.slice/app\n", MOUNTS_V2) == [
        Path("/sys/fs/cgroup") / level / "cpu.stat" for level in ("user.slice/app", "user.slice", ".")
    ]


def test_in_a_container_the_mount_is_the_group() -> None:
    top = [Path("/sys/fs/cgroup/cpu.stat")]
    assert interference.throttling_files("0::/docker/ab12\n", MOUNTS_CONTAINER) == top
    assert interference.throttling_files("0::/\n", MOUNTS_CONTAINER) == top
    assert interference.throttling_files("0::/\n", "") == []


def test_the_probe_counts_its_own_waiting_and_ends() -> None:
    probe = Probe([min(os.sched_getaffinity(0))])
    try:
        assert probe.is_running()
        first = HostReader(os.getpid(), probe).read()
        second = HostReader(os.getpid(), probe).read()
        assert second.t_ns > first.t_ns
        assert second.probe_delay_ns >= first.probe_delay_ns > 0
    finally:
        probe.close()
        probe.close()
    assert not probe.is_running()
    assert probe.delay_ns() == 0

"""The CPU quota of our own group, on trees of files that look like machines."""

from pathlib import Path

import pytest

from tailtune.record.host.cgroup import CpuGroup, Throttling, cpu_group, parse_throttling, throttling_files

V1_MOUNT = "29 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
V2_MOUNT = "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def test_version_1_quota_and_throttling(tmp_path):
    group = "sys/fs/cgroup/cpu,cpuacct/user/me"
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "5:memory:/user\n4:cpu,cpuacct:/user/me\n1:name=systemd:/\n0::/\n",
            "proc/self/mountinfo": V1_MOUNT + V2_MOUNT.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified "),
            f"{group}/cpu.cfs_quota_us": "150000\n",
            f"{group}/cpu.cfs_period_us": "100000\n",
            f"{group}/cpu.rt_runtime_us": "0\n",
            f"{group}/cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 42000000\n",
        },
    )
    assert cpu_group(root) == CpuGroup(
        version=1,
        directory=root / group,
        quota=1.5,
        throttling=Throttling(3, 42_000_000),
        realtime_budget_us=0,
    )


def test_the_group_of_another_process_is_its_own(tmp_path):
    top = "sys/fs/cgroup/cpu,cpuacct"
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/\n",
            "proc/4711/cgroup": "4:cpu,cpuacct:/limited\n",
            "proc/self/mountinfo": V1_MOUNT,
            f"{top}/cpu.stat": "nr_throttled 0\nthrottled_time 0\n",
            f"{top}/limited/cpu.cfs_quota_us": "20000\n",
            f"{top}/limited/cpu.cfs_period_us": "100000\n",
            f"{top}/limited/cpu.stat": "nr_throttled 7\nthrottled_time 300\n",
        },
    )
    found = cpu_group(root, pid=4711)
    assert (found.quota, found.throttling, cpu_group(root).quota) == (0.2, Throttling(7, 300), None)
    assert throttling_files(found.directory) == [root / top / "limited/cpu.stat", root / top / "cpu.stat"]


def test_version_1_without_limit(tmp_path):
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/\n",
            "proc/self/mountinfo": V1_MOUNT,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    assert cpu_group(root).quota is None
    assert cpu_group(root).version == 1


def test_version_2_takes_the_smallest_limit_above_us(tmp_path):
    top = "sys/fs/cgroup"
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b/c\n",
            "proc/self/mountinfo": V2_MOUNT,
            f"{top}/a/cpu.max": "max 100000\n",
            f"{top}/a/b/cpu.max": "50000 100000\n",
            f"{top}/a/b/c/cpu.max": "200000 100000\n",
            f"{top}/a/b/c/cpu.stat": "usage_usec 5\nnr_throttled 7\nthrottled_usec 1500\n",
        },
    )
    group = cpu_group(root)
    assert (group.version, group.quota, group.directory) == (2, 0.5, root / top / "a/b/c")
    assert group.throttling == (7, 1_500_000)


@pytest.mark.parametrize(
    ("path", "mount_root", "expected"),
    [
        ("/docker/abc/inner", "/docker/abc", "sys/fs/cgroup/inner"),
        ("/docker/abc", "/docker/abc", "sys/fs/cgroup"),
        ("/seen/by/the/host/only", "/", "sys/fs/cgroup"),
        ("/../outside", "/elsewhere", "sys/fs/cgroup"),
    ],
)
def test_inside_a_container_the_group_is_found_below_the_mount(tmp_path, path, mount_root, expected):
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": f"0::{path}\n",
            "proc/self/mountinfo": V2_MOUNT.replace("0:27 / ", f"0:27 {mount_root} "),
            f"{expected}/cpu.max": "100000 100000\n",
        },
    )
    group = cpu_group(root)
    assert group.directory == root / expected
    assert group.quota == 1.0


def test_no_groups_no_mount_no_file(tmp_path):
    assert cpu_group(tmp_path) == CpuGroup(version=0)
    tree(tmp_path, {"proc/self/cgroup": "0::/\n"})
    assert cpu_group(tmp_path) == CpuGroup(version=2)


def test_throttling_of_both_versions():
    assert parse_throttling("nr_periods 9\nnr_throttled 4\nthrottled_time 12345\n") == (4, 12_345)
    assert parse_throttling("usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 12345\n") == (4, 12_345_000)
    assert parse_throttling("usage_usec 5\n") == (0, 0)


def test_a_quota_may_stand_at_any_level(tmp_path):
    tree(tmp_path, {"user.slice/app/cpu.stat": "nr_throttled 1\n", "cpu.stat": "nr_throttled 2\n"})
    group = tmp_path / "user.slice" / "app"
    assert throttling_files(group) == [group / "cpu.stat", tmp_path / "cpu.stat"]
    assert throttling_files(None) == []


def test_this_machine_answers():
    assert cpu_group().version in (0, 1, 2)

"""What a process's control group grants: CPU quota, throttling so far, real-time budget; version 1 and 2.

All readers take the root of the file system, so that a tree of plain files can stand in for a machine.
Sources: cgroups(7), proc_pid_mountinfo(5), the kernel's cgroup-v1 and cgroup-v2 documents.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import msgspec

from tailtune.record.host.textfile import number, text

_STATISTICS: Final = "cpu.stat"


class Throttling(NamedTuple):
    """How often, and for how long in ns, a group was stopped for its CPU quota so far."""

    periods: int
    ns: int


class CpuGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The CPU side of the group that a process is in."""

    version: int
    """1 or 2: who governs CPU time; 0 where there is no CPU controller and no unified hierarchy."""
    directory: Path | None = None
    """Of the group; absent when it is not mounted here."""
    quota: float | None = None
    """Cores granted: the smallest over the group and its ancestors; absent without a limit."""
    throttling: Throttling = Throttling(0, 0)
    realtime_budget_us: int | None = None
    """Version 1 with real-time groups: time a period for SCHED_FIFO; 0 forbids it. Absent without such groups."""


class Seat(NamedTuple):
    """Where this process sits in the hierarchy that has a controller."""

    version: int
    directory: Path
    top: Path
    """The mount point; the directory or above it."""

    def upwards(self) -> Iterator[Path]:
        """Yield our group and its ancestors that can be seen."""
        return _up(self.directory, self.top)


class _Mount(msgspec.Struct, frozen=True):
    root: PurePosixPath
    point: Path


def cpu_group(root: Path = Path("/"), pid: int | None = None) -> CpuGroup:
    """Read the group of a process, by default of this one; a machine without control groups gives version 0."""
    groups = text(root / "proc" / ("self" if pid is None else str(pid)) / "cgroup").splitlines()
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(","):
            return _version_1(_directory(root, path, "cgroup", "cpu"))
    for line in groups:
        if line.startswith("0::"):
            return _version_2(_directory(root, line[3:], "cgroup2", ""))
    return CpuGroup(version=0)


def seat(controller: str, root: Path = Path("/")) -> Seat | None:
    """Find the group of this process that a controller such as `memory` governs; None where it is not mounted."""
    lines = [line.split(":", 2) for line in text(root / "proc/self/cgroup").splitlines()]
    for _, controllers, path in lines:
        if controller in controllers.split(","):
            place = _directory(root, path, "cgroup", controller)
            return Seat(1, *place) if place else None
    for hierarchy, _, path in lines:
        if hierarchy == "0":
            place = _directory(root, path, "cgroup2", "")
            return Seat(2, *place) if place else None
    return None


def parse_throttling(content: str) -> Throttling:
    """Read a `cpu.stat` of version 1 (ns) or 2 (µs); zeros where it does not tell."""
    pairs = (line.split() for line in content.splitlines())
    values = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
    return Throttling(
        values.get("nr_throttled", 0), values.get("throttled_time", values.get("throttled_usec", 0) * 1_000)
    )


def throttling_files(group: Path | None) -> list[Path]:
    """Return the `cpu.stat` of a group and of all its ancestors that are visible: each may have a quota."""
    levels = (group, *group.parents) if group is not None else ()
    return [file for level in levels if (file := level / _STATISTICS).is_file()]


def _version_1(place: tuple[Path, Path] | None) -> CpuGroup:
    if place is None:
        return CpuGroup(version=1)
    directory, top = place
    quotas = [_cores(number(g / "cpu.cfs_quota_us"), number(g / "cpu.cfs_period_us")) for g in _up(directory, top)]
    return CpuGroup(
        version=1,
        directory=directory,
        quota=_smallest(quotas),
        throttling=parse_throttling(text(directory / _STATISTICS)),
        realtime_budget_us=number(directory / "cpu.rt_runtime_us"),
    )


def _version_2(place: tuple[Path, Path] | None) -> CpuGroup:
    if place is None:
        return CpuGroup(version=2)
    directory, top = place
    return CpuGroup(
        version=2,
        directory=directory,
        quota=_smallest([_cores_of_max(text(group / "cpu.max")) for group in _up(directory, top)]),
        throttling=parse_throttling(text(directory / _STATISTICS)),
    )


def _cores(quota_us: int | None, period_us: int | None) -> float | None:
    return quota_us / period_us if quota_us is not None and quota_us > 0 and period_us else None


def _cores_of_max(content: str) -> float | None:
    words = content.split()
    if len(words) != 2 or words[0] == "max":
        return None
    return _cores(int(words[0]), int(words[1]))


def _smallest(quotas: list[float | None]) -> float | None:
    return min((quota for quota in quotas if quota is not None), default=None)


def _up(directory: Path, top: Path) -> Iterator[Path]:
    """Yield the group and its ancestors up to the mount point: a limit binds all below it."""
    yield directory
    while directory != top:
        directory = directory.parent
        yield directory


def _directory(root: Path, path: str, kind: str, controller: str) -> tuple[Path, Path] | None:
    """Return the group's directory and the mount point above it; absent when the hierarchy is not mounted.

    Inside a container the mount may begin below the hierarchy's root, or, without a name space for
    groups, the path may be one that only the host sees; then the mount point itself is our group.
    """
    mount = _mount(root, kind, controller)
    if mount is None:
        return None
    inside = PurePosixPath(path)
    if inside.is_relative_to(mount.root):
        directory = mount.point / inside.relative_to(mount.root)
        if directory.is_dir():
            return directory, mount.point
    return mount.point, mount.point


def _mount(root: Path, kind: str, controller: str) -> _Mount | None:
    for line in text(root / "proc/self/mountinfo").splitlines():
        fields, _, after = line.partition(" - ")
        words, tail = fields.split(), after.split()
        if len(words) < 5 or len(tail) < 3 or tail[0] != kind:
            continue
        if not controller or controller in tail[2].split(","):
            return _Mount(PurePosixPath(words[3]), root / words[4].lstrip("/"))
    return None

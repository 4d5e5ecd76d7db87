"""Recordings of another kernel are not given the names of this one."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tailtune._native import Profile, read_perf_data

pytestmark = [pytest.mark.real, pytest.mark.skipif(not shutil.which("perf"), reason="perf is not installed")]


def recorded(folder: Path, *options: str) -> bytes:
    reading = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=4000", "status=none"]
    command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-g", *options, "-o", "perf.data", *reading]
    subprocess.run(command, check=True, cwd=folder)
    return (folder / "perf.data").read_bytes()


def read(folder: Path, data: bytes) -> Profile:
    (folder / "other.data").write_bytes(data)
    return read_perf_data(str(folder / "other.data"), str(folder / "cache"))


def kernel_names(profile: Profile) -> set[str]:
    return {frame[0] for frame in profile.frames() if frame[5]}


def test_the_kernel_of_another_build_gives_no_names(tmp_path: Path) -> None:
    data = recorded(tmp_path)
    assert "[kernel]" not in kernel_names(read(tmp_path, data))
    list_them = ["perf", "buildid-list", "-i", "perf.data"]
    listed = subprocess.run(list_them, check=True, cwd=tmp_path, capture_output=True, text=True)
    own = next(line.split()[0] for line in listed.stdout.splitlines() if "[kernel.kallsyms]" in line)
    assert data.count(bytes.fromhex(own)) >= 1
    profile = read(tmp_path, data.replace(bytes.fromhex(own), bytes(range(20))))
    assert kernel_names(profile) == {"[kernel]"}
    assert any(f"{bytes(range(20)).hex()} was recorded, {own} runs here" in warning for warning in profile.warnings)


def test_without_build_ids_the_release_decides(tmp_path: Path) -> None:
    data = recorded(tmp_path, "-B")
    assert "[kernel]" not in kernel_names(read(tmp_path, data))
    release = platform.release()
    other = "0" + release[1:]
    profile = read(tmp_path, data.replace(release.encode() + b"\0", other.encode() + b"\0"))
    assert kernel_names(profile) == {"[kernel]"}
    assert any(f"release {other} was recorded, {release} runs here" in warning for warning in profile.warnings)

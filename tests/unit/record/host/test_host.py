"""The fingerprint of the real machine, and how its CPUs are shared out."""

import os
from pathlib import Path

import pytest

from tailtune.model import codec
from tailtune.model.environment import Environment
from tailtune.record.host.local import LocalHost, split_cpus
from tailtune.record.host.toolchains import ask, toolchains


def alone(cpu: int) -> set[int]:
    return {cpu}


def pairs(cpu: int) -> set[int]:
    return {cpu - cpu % 2, cpu - cpu % 2 + 1}


def test_fingerprint_of_this_machine(tmp_path):
    found = LocalHost().environment(tmp_path)
    assert found.allowed_cpus == sorted(os.sched_getaffinity(0))
    assert found.kernel == os.uname().release
    assert found.memory_bytes > 0
    assert found.cpu_model
    assert codec.from_json(codec.to_json(found), Environment) == found


def test_fingerprint_of_a_machine_that_tells_nothing(tmp_path):
    found = LocalHost(tmp_path).environment(tmp_path)
    assert (found.cgroup_version, found.cpu_quota, found.governor, found.clock_source) == (0, None, None, None)
    assert found.cpu_model


@pytest.mark.parametrize(
    ("allowed", "siblings", "engine", "service"),
    [
        ([0, 1], alone, [1], [0]),
        ([2, 5, 7], alone, [7], [2, 5]),
        ([0, 1, 2, 3], pairs, [3], [0, 1]),
        ([0, 1], pairs, [1], [0]),
        ([0, 2, 3], pairs, [3], [0, 2]),
    ],
)
def test_engine_and_service_are_kept_apart(allowed, siblings, engine, service):
    layout = split_cpus(allowed, siblings)
    assert (layout.engine, layout.service) == (engine, service)
    assert "service on" in layout.note


def test_one_cpu_is_shared_with_a_warning():
    layout = split_cpus([4], alone)
    assert layout.engine == layout.service == [4]
    assert "warning" in layout.note


def test_a_core_shared_with_the_service_is_said():
    assert "warning: the engine shares a core" in split_cpus([0, 1], pairs).note
    assert "CPU 2 idle" in split_cpus([0, 1, 2, 3], pairs).note
    assert "warning" not in split_cpus([0, 1, 2, 3], pairs).note


def test_layout_of_this_machine_uses_only_what_is_allowed():
    layout = LocalHost().layout()
    assert set(layout.engine + layout.service) <= os.sched_getaffinity(0)


def tool(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_toolchains_are_asked_and_may_be_absent(tmp_path, monkeypatch):
    tool(tmp_path, "go", 'echo "go version go1.99.1 linux/amd64"')
    tool(tmp_path, "rustc", 'echo "rustc 1.77.0-nightly (abc 2024-01-01)"')
    tool(tmp_path, "cargo", "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert toolchains(tmp_path) == {"go": "1.99.1", "rustc": "1.77.0-nightly"}


def test_asking_may_not_download_and_gives_up(tmp_path, monkeypatch):
    tool(tmp_path, "go", 'echo "$GOPROXY $GOTOOLCHAIN"')
    tool(tmp_path, "sleeper", "exec /bin/sleep 30")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(["go"], tmp_path).split() == ["off", "local"]
    assert ask(["sleeper"], tmp_path, timeout_s=0.1) == ""
    assert ask(["absent"], tmp_path) == ""

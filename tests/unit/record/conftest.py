import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailtune.model.project import Language, ReadyCheck, Service
from tailtune.model.units import Duration
from tailtune.record.ports import Launch
from tailtune.record.processes import ownership, proc, ready
from tailtune.record.processes.process import Process, Supervisor

TINY = Path(__file__).parents[2] / "support" / "tiny_service.py"
PYTHON = [sys.executable, "-I", "-S", str(TINY)]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor of its own; nothing of it may be alive after the test."""
    one = Supervisor()
    yield one
    one.close()
    assert ownership.members([], one.token) == []


@pytest.fixture
def start_tiny(supervisor: Supervisor, tmp_path: Path) -> Callable[..., tuple[Process, int]]:
    def start(*habits: str, port: int | None = None, cpus: list[int] | None = None) -> tuple[Process, int]:
        port = port or ready.choose_port(0)
        launch = Launch(
            argv=[*PYTHON, "--port", str(port), *habits],
            env=dict(os.environ),
            workdir=tmp_path,
            port=port,
            cpus=cpus or [],
            stdout=tmp_path / "stdout",
            stderr=tmp_path / "stderr",
        )
        return supervisor.start(launch), port

    return start


@pytest.fixture
def tiny() -> Callable[..., Service]:
    """A service description of the tiny service with habits."""

    def describe(*habits: str, timeout_seconds: float = 10, status: int = 200) -> Service:
        return Service(
            language=Language.COMMAND,
            binary=sys.executable,
            args=[*PYTHON[1:], "--port", "{port}", *habits],
            ready=ReadyCheck(timeout=Duration.from_seconds(timeout_seconds), status=status),
        )

    return describe


def alive(pid: int) -> bool:
    found = proc.stat(pid)
    return found is not None and found.state not in "ZX"

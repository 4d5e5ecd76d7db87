"""Which process is meant by a number or a name."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailtune.errors import UsageError
from tailtune.record.profiling.find import process_named, process_of


@pytest.fixture
def program(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A program whose name no other process bears, to be started by tests."""
    shutil.copy(shutil.which("sleep") or "/bin/sleep", tmp_path / _name())
    # By a short path: where a line has no room for all of a command, its arguments must not be what is left out.
    started = [subprocess.Popen([f"./{_name()}", "60"], cwd=tmp_path)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def _name() -> str:
    return f"sleeper-of-{os.getpid()}"


def test_a_number_means_the_process(program: list[subprocess.Popen[bytes]]) -> None:
    found = process_of(program[0].pid)
    assert (found.pid, found.name) == (program[0].pid, _name())
    assert found.command.endswith("60")
    assert found.is_alive


def test_a_process_that_ended_is_not_alive_even_before_it_is_waited_for(program: list[subprocess.Popen[bytes]]) -> None:
    found = process_of(program[0].pid)
    program[0].kill()
    os.waitid(os.P_PID, found.pid, os.WEXITED | os.WNOWAIT)
    assert not found.is_alive
    with pytest.raises(UsageError, match=f"process {found.pid} does not exist"):
        process_of(found.pid)


@pytest.mark.parametrize("part", [slice(None), slice(4, None)])
def test_a_name_or_a_part_of_it_means_the_process(program: list[subprocess.Popen[bytes]], part: slice) -> None:
    found = process_named(_name()[part])
    assert found is not None
    assert found.pid == program[0].pid


def test_several_processes_of_a_name_are_listed(program: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    program.append(subprocess.Popen(program[0].args, cwd=tmp_path))
    with pytest.raises(UsageError, match="2 processes are called") as caught:
        process_named(_name())
    assert all(f"{process.pid}  ./{_name()} 60" in caught.value.message for process in program)
    assert "tailtune profile" in caught.value.hint


def test_an_exact_name_wins_over_parts(program: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    longer = shutil.copy(tmp_path / _name(), tmp_path / f"{_name()}-longer")
    program.append(subprocess.Popen([longer, "60"]))
    found = process_named(_name())
    assert found is not None
    assert found.pid == program[0].pid


def test_no_process_is_none() -> None:
    assert process_named(f"no-such-process-{os.getpid()}") is None

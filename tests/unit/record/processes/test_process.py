import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tailtune.errors import ServiceDiedError, SetupError
from tailtune.model.project import ReadyCheck
from tailtune.record.processes import ownership, proc, ready
from tailtune.record.processes.process import Process, Supervisor, how_ended, tail

Start = Callable[..., tuple[Process, int]]
SLEEP = "import time; time.sleep(600)"


def wait_ready(process: Process, port: int, supervisor: Supervisor) -> None:
    ready.wait_ready(process, ReadyCheck(), port, supervisor)


def test_a_service_leads_its_own_session_on_its_cpus(start_tiny: Start, supervisor: Supervisor) -> None:
    cpu = min(os.sched_getaffinity(0))
    process, port = start_tiny(cpus=[cpu])
    wait_ready(process, port, supervisor)
    assert os.getsid(process.pid) == process.pid
    assert os.sched_getaffinity(process.pid) == {cpu}
    ended = supervisor.stop(process)
    assert ended.status == -signal.SIGTERM
    assert not ended.killed


def test_a_stubborn_service_is_killed_after_its_grace(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--stubborn")
    wait_ready(process, port, supervisor)
    ended = supervisor.stop(process, grace_seconds=0.1)
    assert ended.killed
    assert ended.status == -signal.SIGKILL


@pytest.mark.parametrize("habit", ["--child", "--daemon", "--orphan"])
def test_stop_ends_the_whole_family(habit: str, start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny(habit)
    wait_ready(process, port, supervisor)
    family = ownership.members([process.leader], process.token)
    assert len(family) == 2
    supervisor.stop(process)
    assert [one for one in family if _alive(one)] == []


def test_a_death_is_told_with_the_last_words(start_tiny: Start) -> None:
    process, _ = start_tiny("--die-at-start")
    assert process.wait(10)
    with pytest.raises(ServiceDiedError, match="exit status 1 during measure") as told:
        process.check("measure")
    assert told.value.detail == "cannot open the database: no such file"


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no-such-program cannot be executed: No such file"):
        supervisor.run(["no-such-program"], workdir=tmp_path, env=dict(os.environ), scratch=tmp_path)


def test_a_command_gives_its_output_and_leaves_no_files(supervisor: Supervisor, tmp_path: Path) -> None:
    script = "echo out; echo err >&2; exit 3"
    done = supervisor.run(["sh", "-c", script], workdir=tmp_path, env=dict(os.environ), scratch=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (3, b"out\n", "err\n")
    assert list(tmp_path.iterdir()) == []


def test_the_environment_of_a_command_is_the_one_given(supervisor: Supervisor, tmp_path: Path) -> None:
    done = supervisor.run(["/usr/bin/env"], workdir=tmp_path, env={"A": "1"}, scratch=tmp_path)
    names = {line.partition(b"=")[0] for line in done.stdout.splitlines()}
    assert names == {b"A", ownership.TOKEN.encode()}


def test_ctrl_c_ends_a_command_and_its_children(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"{sys.executable} -I -S -c '{SLEEP}' & wait"
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        supervisor.run(["sh", "-c", script], workdir=tmp_path, env=dict(os.environ), scratch=tmp_path)
    assert ownership.members([], supervisor.token) == []
    assert list(tmp_path.iterdir()) == []


def test_close_ends_what_still_runs(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--daemon")
    wait_ready(process, port, supervisor)
    supervisor.close()
    supervisor.close()
    assert process.status is not None
    assert ownership.members([], supervisor.token) == []


def test_a_process_that_took_over_the_pid_is_not_hit() -> None:
    victim = subprocess.Popen([sys.executable, "-I", "-S", "-c", SLEEP], start_new_session=True)
    try:
        impostor = ownership.leader(victim.pid)._replace(start_ticks=ownership.leader(victim.pid).start_ticks - 1)
        assert not ownership.send(impostor, signal.SIGKILL)
        assert ownership.members([impostor], "") == []
        assert ownership.kill([impostor], "") == []
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(5000)))
    assert tail(log, 2) == "line 4998\nline 4999"
    assert tail(tmp_path / "absent") == ""


def test_cpu_time_follows_work() -> None:
    before = proc.cpu_ns(os.getpid())
    while time.process_time_ns() < before + 20_000_000:
        pass
    assert proc.cpu_ns(os.getpid()) >= before + 20_000_000


def _alive(one: ownership.Leader) -> bool:
    found = proc.stat(one.pid)
    return found is not None and found.start_ticks == one.start_ticks and found.state not in "ZX"


def test_how_a_process_ended() -> None:
    assert [how_ended(status) for status in (0, 3, -9, -40)] == [
        "exit status 0",
        "exit status 3",
        "SIGKILL",
        "signal 40",
    ]

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.waiting import wait_until

from tailtune.record.processes import ownership, proc, ready
from tailtune.record.processes.ownership import Leader
from tailtune.record.processes.watchdog import Charge

TINY = Path(__file__).parents[3] / "support" / "tiny_service.py"
TOOL = """
import os, sys, threading, time
from pathlib import Path
from tailtune.model.project import ReadyCheck
from tailtune.record.processes import ready
from tailtune.record.ports import Launch
from tailtune.record.processes.process import supervisor
one = supervisor()
folder, kind, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print(one.token, flush=True)
if kind == "build":
    threading.Timer(1.0, lambda: print("runs", flush=True)).start()
    one.run(["sh", "-c", "sleep 600 & sleep 600"], workdir=folder, env=dict(os.environ), scratch=folder)
launch = Launch(argv=[sys.executable, "-I", "-S", *sys.argv[4:]], env=dict(os.environ), workdir=folder, port=port,
                cpus=[], stdout=folder / "out", stderr=folder / "err")
ready.wait_ready(one.start(launch), ReadyCheck(), port, one)
print("runs", flush=True)
if kind == "service":
    time.sleep(600)
"""


def test_orders_are_followed_to_the_end_of_the_pipe(tmp_path: Path) -> None:
    first, second = tmp_path / "first with a blank", tmp_path / "second"
    for folder in (first, second):
        (folder / "inner").mkdir(parents=True)
    charge = Charge()
    orders = ["token 12-ab.", "add 7 100", "add 8 101", "remove 7", f"folder {first}", f"folder {second}"]
    charge.follow(f"{order}\n" for order in [*orders, f"gone {second}"])
    assert charge.token == "12-ab."
    assert charge.sessions == {8: Leader(8, 101)}
    charge.sessions.clear()
    charge.token = ""
    charge.clear()
    assert not first.exists()
    assert second.exists()


@pytest.mark.parametrize("kind", ["service", "build", "normal end"])
def test_nothing_outlives_the_tool(kind: str, tmp_path: Path) -> None:
    port = ready.choose_port(0)
    service = [str(TINY), "--port", str(port), "--child", "--daemon", "--orphan", "--stubborn"]
    command = [sys.executable, "-c", TOOL, str(tmp_path), kind, str(port), *service]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        token = tool.stdout.readline().strip()
        assert tool.stdout.readline() == "runs\n"
        if kind != "normal end":
            assert len(ownership.members([], token)) >= 3
            tool.send_signal(signal.SIGKILL)
        tool.wait(20)
    assert wait_until(lambda: ownership.members([], token) == [] and not _sleepers(tmp_path), 10)


def _sleepers(folder: Path) -> list[str]:
    """Processes in the test's folder: found by where they are, not by what the tool knows of them."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and (process / "cwd").readlink() == folder:
                found.append(process.name)
        except OSError:
            continue
    return found


TRIAL = """
import sys
import time
from pathlib import Path
from tailtune.model.project import Language, Service
from tailtune.model.recording import Kind
from tailtune.model.units import Duration
from tailtune.record.phases import warm_up
from tailtune.record.trial import run_trial
from tests.support.trials import Meddler, open_bench, trial_plan
warm_up.CHUNK = Duration.from_seconds(0.3)
root, phase = Path(sys.argv[1]), sys.argv[2]
args = ["-I", "-S", *sys.argv[3:], "--port", "{port}"]
service = Service(language=Language.COMMAND, binary=sys.executable, args=args)
progress = Meddler()
progress.on(phase, lambda: print("now", flush=True))
with open_bench(root, Kind.RUN, progress) as bench:
    run_trial(trial_plan(root, service, diagnose=5), bench)
"""


@pytest.mark.parametrize("phase", ["ready", "warm-up", "diagnose"])
def test_kill_9_in_the_middle_of_a_trial_leaves_nothing_alive(phase: str, tmp_path: Path) -> None:
    habits = [str(TINY), "--child", "--daemon", "--stubborn"]
    checkout = TINY.parents[2]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-c", TRIAL, str(tmp_path), phase, *habits]
    env = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=checkout, env=env) as tool:
        assert tool.stdout is not None
        assert tool.stdout.readline() == "now\n"
        time.sleep(0.3)
        family = [ownership.leader(pid) for pid in proc.tree(tool.pid)[1:]]
        assert len(family) >= 3  # engine, watchdog, service
        tool.send_signal(signal.SIGKILL)
        tool.wait(20)
    assert wait_until(lambda: not _sleepers(tmp_path), 10)
    assert wait_until(lambda: not any(_lives(one) for one in family), 10)
    assert list(temporary.glob("tailtune-*")) == []


def _lives(one: Leader) -> bool:
    found = proc.stat(one.pid)
    return found is not None and found.start_ticks == one.start_ticks and found.state not in "ZX"

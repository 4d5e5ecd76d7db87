"""The command line against real processes: what a user sees when things go wrong, and that nothing is left alive."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

TINY = Path(__file__).resolve().parents[1] / "support" / "tiny_service.py"
MARK = "TAILTUNE_TEST_MARK"
PLAIN = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if os.geteuid() == 0 else []
"""Starts a command as root without any capability, as powerless as an ordinary user."""
CONFIG = """
[service]
language = "command"
binary = "{python}"
args = ["{tiny}", "--port", "{{port}}"{habits}]
ready = {{ path = "/", timeout = "{timeout}" }}
{more}
[workloads.default]
rate = 100
duration = "1s"
seed = 7
[[workloads.default.operations]]
name = "get"
[variants.other]
"""


SHORT = ("--slice-duration", "500ms", "--no-probe")


class Tool:
    """A project of a tiny service, and commands run in it; everything started carries a mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.through: list[str] = []
        self.mark = uuid.uuid4().hex
        self.environ = os.environ | {MARK: self.mark, "PYTHONWARNINGS": "error"}

    def project(self, *habits: str, more: str = "", timeout: str = "3s") -> "Tool":
        listed = "".join(f", {json.dumps(habit)}" for habit in habits)
        text = CONFIG.format(python=sys.executable, tiny=TINY, habits=listed, more=more, timeout=timeout)
        (self.folder / "tailtune.toml").write_text(text)
        return self

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.through, sys.executable, "-m", "tailtune", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def recordings(self) -> list[dict[str, object]]:
        listed = self.run("runs", "list", "--json")
        assert listed.returncode == 0, listed.stderr
        found: list[dict[str, object]] = json.loads(listed.stdout)["recordings"]
        return found

    def finished_recording(self) -> dict[str, object]:
        with null_server() as port:
            command = ("load", f"http://127.0.0.1:{port}/", "--rate", "50", "--duration", "500ms", "--save")
            assert self.run(*command).returncode in (0, 103)
        [found] = self.recordings()
        return found

    def alive(self) -> list[str]:
        """Processes that carry the mark, as `pid command`."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    found.append(f"{entry.name} {(entry / 'cmdline').read_text().replace(chr(0), ' ')}")
            except OSError:
                continue
        return found

    def soon_nothing_alive(self) -> bool:
        for _ in range(200):
            if not self.alive():
                return True
            time.sleep(0.05)
        return False


@contextlib.contextmanager
def null_server() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "tailtune.record.engine.null_server", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline().split()[-1])
        finally:
            server.terminate()


def follow(process: subprocess.Popen[str], phase: str) -> None:
    """Read what a run says until it is in the middle of a phase."""
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    assert any(phase in line.split() for line in said), f"{phase} was never begun"
    time.sleep(0.3)


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    tool = Tool(tmp_path)
    yield tool
    assert tool.soon_nothing_alive(), tool.alive()


def test_run_explain_report_and_remove(tool: Tool) -> None:
    ran = tool.project().run("run", "--no-diagnose", "--json")
    assert ran.returncode in (0, 103), ran.stderr  # a disturbed machine may spoil the load, and says so
    result = json.loads(ran.stdout)
    assert result["summary"]["measure"]["latency"]["requests"] > 50
    assert tool.run("explain").returncode == 0
    unknown = tool.run("explain", "--finding", "nothing")
    assert (unknown.returncode, "no finding is called 'nothing'" in unknown.stderr) == (2, True)
    report = tool.run("report", "--markdown", result["bundle_id"])
    assert result["bundle_id"] in report.stdout
    assert tool.run("runs", "remove", result["bundle_id"]).returncode == 0
    assert tool.recordings() == []


def test_without_privileges_a_run_says_what_is_lost(tool: Tool) -> None:
    tool.through = PLAIN
    ran = tool.project().run("run", "--no-diagnose")
    assert ran.returncode in (0, 103), ran.stderr
    told = " ".join(ran.stdout.split())
    assert "real-time priority is not permitted" in told
    assert "CAP_SYS_NICE" in told
    if "on_cpu:" in told:  # a machine that permits all users to sample the kernel loses nothing
        assert "perf_event_paranoid=1" in told
    else:
        assert int(Path("/proc/sys/kernel/perf_event_paranoid").read_text()) < 2
    assert tool.run("explain", "--full").returncode == 0


def test_without_privileges_an_experiment_of_identical_variants_is_an_aa(tool: Tool) -> None:
    tool.through = PLAIN
    compared = tool.project().run("compare", "base", "other", *SHORT, "--epochs", "1", "--json")
    assert compared.returncode == 0, compared.stderr
    comparison = json.loads(compared.stdout)["comparison"]
    assert comparison["is_aa"] is True
    assert comparison["epochs"] == 1
    assert any("real-time priority is not permitted" in warning for warning in comparison["warnings"])


def test_an_experiment_is_foretold_continued_and_listed(tool: Tool) -> None:
    asked = ("--because", "it says so", "--expect", "p50 < -5%", "--epochs", "1", "--slice-duration", "500ms")
    first = tool.project().run("compare", "base", "base+env.SETTING=2", *asked, "--json")
    assert first.returncode == 0, first.stderr
    assert "CPU per request: a change of 5 %" in first.stderr
    result = json.loads(first.stdout)
    assert result["comparison"]["is_aa"] is False
    assert result["comparison"]["answers"]["operations"][0]["differing"] == 0
    further = tool.run("compare", "--resume", result["bundle_id"], "--epochs", "2", "--json")
    assert further.returncode == 0, further.stderr
    comparison = json.loads(further.stdout)["comparison"]
    assert (comparison["experiment_id"], comparison["epochs"]) == (result["bundle_id"], 2)
    assert comparison["ended"] == "all 2 epochs were made"
    [listed] = json.loads(tool.run("experiments", "--json").stdout)["experiments"]
    assert listed["because"] == "it says so"
    assert listed["expectations"][0]["fulfilled"] == "undecided"
    assert "Hypothesis: it says so." in tool.run("report", "--markdown").stdout


def test_a_sweep_pairs_each_level_with_the_baseline(tool: Tool) -> None:
    swept = tool.project().run("sweep", "env.SETTING=1,2", "nice=5", *SHORT, "--epochs", "1", "--json")
    assert swept.returncode == 0, swept.stderr
    result = json.loads(swept.stdout)
    assert [one["candidate"] for one in result["levels"]] == ["env.SETTING=1", "env.SETTING=2", "nice=5"]
    assert {one["epochs"] for one in result["levels"]} == {1}
    shown = tool.run("runs", "show").stdout
    assert shown.startswith("3 levels against base, 1 epoch")
    refused = tool.run("sweep", "no-such-knob=1,2")
    assert refused.returncode == 2
    assert "no-such-knob" in refused.stderr


@pytest.mark.parametrize(
    ("habits", "timeout", "told"),
    [
        (["--die-at-start"], "3s", "cannot open the database"),
        (["--silent"], "500ms", "ready"),
        (["--status", "503"], "1s", "503"),
        (["--die-after", "2.5"], "3s", "out of luck"),
        (["--no-such-option"], "3s", "unrecognized arguments"),
    ],
    ids=["dies at start", "never ready", "wrong status", "dies in the middle", "refuses its arguments"],
)
def test_a_bad_service_is_named(tool: Tool, habits: list[str], timeout: str, told: str) -> None:
    ran = tool.project(*habits, timeout=timeout).run("run", "--duration", "5s")
    assert ran.returncode == 102, ran.stderr
    assert sum(line.startswith("error: ") for line in ran.stderr.splitlines()) == 1
    assert told in ran.stderr
    assert "hint: " in ran.stderr
    assert ran.stdout == ""


def test_a_taken_port_is_named(tool: Tool) -> None:
    with null_server() as port:
        ran = tool.project(more=f"port = {port}").run("run")
    assert ran.returncode == 102, ran.stderr
    assert str(port) in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (["run", "--variant", "fsat"], 2, "there are `base`, `worktree`, `other`"),
        (["run", "--workload", "peak"], 2, "known: `default`"),
        (["compare", "base", "nothing"], 2, "there are `base`, `worktree`, `other`"),
        (["explain", "2019"], 2, "2019"),
        (["load", "ftp://127.0.0.1/"], 2, "http://"),
        (["load", "http://127.0.0.1:1/", "--rate", "20", "--duration", "500ms"], 4, "cannot be connected to"),
        (["load", "http://name.invalid/", "--rate", "20", "--duration", "500ms"], 2, "name.invalid"),
        (["run", "--duration", "5 parsecs"], 2, "parsecs"),
    ],
)
def test_a_bad_command_is_named(tool: Tool, arguments: list[str], exit_code: int, told: str) -> None:
    ran = tool.project().run(*arguments)
    assert ran.returncode == exit_code, ran.stderr
    assert told in ran.stderr
    assert ran.stdout == ""


def test_an_unreadable_configuration_is_named_with_its_place(tool: Tool) -> None:
    (tool.folder / "tailtune.toml").write_text("[service]\nlanguage = \n")
    ran = tool.run("run")
    assert ran.returncode == 2
    assert "tailtune.toml:2:" in ran.stderr


@pytest.mark.parametrize("phase", ["build", "warm-up", "measure"])
def test_ctrl_c_keeps_what_was_recorded(tool: Tool, phase: str) -> None:
    process = tool.project().start("run", "--duration", "30s")
    follow(process, phase)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert all(entry["partial"] for entry in tool.recordings())


def test_ctrl_c_before_anything_is_begun(tool: Tool) -> None:
    process = tool.project().start("run")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    # Python ends by the signal itself when it came inside an import; a shell says 130 for both.
    assert process.returncode in (130, -signal.SIGINT), err
    assert out == ""


def test_kill_9_leaves_nothing_alive_and_every_finished_run_readable(tool: Tool) -> None:
    before = tool.project().finished_recording()
    process = tool.start("run", "--duration", "30s")
    follow(process, "measure")
    process.kill()
    process.communicate(timeout=60)
    assert tool.soon_nothing_alive(), tool.alive()
    finished = [entry for entry in tool.recordings() if not entry["partial"]]
    assert finished == [before]
    assert tool.run("runs", "show", str(before["id"])).returncode == 0


def test_a_full_disk_is_named_and_loses_nothing(tool: Tool) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    before = tool.project().finished_recording()
    runs = tool.folder / ".tailtune" / "runs"
    saved = tool.folder / "saved"
    runs.rename(saved)
    runs.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tailtune-test", str(runs)], check=False)
    if mounted.returncode:
        pytest.skip("no mount is permitted here")
    try:
        subprocess.run(["cp", "-r", *map(str, saved.iterdir()), str(runs)], check=True)
        room = os.statvfs(runs)
        (runs / ".ballast").write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - 16_384)))
        ran = tool.run("run", "--no-diagnose", "--duration", "1s")
        assert ran.returncode == 96, ran.stderr
        assert "No space left" in ran.stderr
        assert [entry["id"] for entry in tool.recordings()] == [before["id"]]
    finally:
        subprocess.run(["umount", str(runs)], check=True)

"""Go's own tools read our profiles, and we read Go's, with equal numbers."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.sampling import permitted, sampled

from tailtune._native import normalize_function

pytestmark = pytest.mark.real

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks/profile/programs/hot_calls.go"
ROUNDS = "3000"
"""About a second of CPU time, however long the program waits for it."""
TAILTUNE = Path(sys.executable).parent / "tailtune"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Go program that has hot calls."""
    folder = tmp_path_factory.mktemp("hot-calls")
    (folder / "main.go").write_bytes(SOURCE.read_bytes())
    (folder / "go.mod").write_text("module hot_calls\n\ngo 1.22\n")
    return folder


@pytest.fixture(scope="module")
def plainly_inlined(work: Path) -> list[str]:
    """What is inlined into the program `hot-calls` without a profile."""
    return build(work, "off", "hot-calls")


def said(folder: Path, *command: object) -> str:
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def build(folder: Path, profile: str, binary: str) -> list[str]:
    """Build with a profile; the calls that are inlined."""
    text = said(folder, "go", "build", f"-pgo={profile}", "-gcflags=-m=2", "-o", binary, ".")
    return re.findall(r"inlining call to (\S+)", text)


def test_go_builds_with_a_profile_of_a_live_program_and_inlines_more(work: Path, plainly_inlined: list[str]) -> None:
    permitted()
    profile = sampled([work / "hot-calls", "600s"], 1.5)
    (work / "ours.pb.gz").write_bytes(profile.to_pprof())
    rows = re.findall(r"^ +(\d+) +(\d+): ", said(work, "go", "tool", "pprof", "-raw", "ours.pb.gz"), re.MULTILINE)
    assert [sum(map(int, column)) for column in zip(*rows, strict=True)] == [sum(profile.values(i)) for i in (0, 1)]
    assert sum(profile.values(0)) > 0
    inlined = build(work, "ours.pb.gz", "hot-calls-again")
    assert "look" in inlined
    assert "look" not in plainly_inlined
    assert len(inlined) > len(plainly_inlined)


@pytest.mark.usefixtures("plainly_inlined")
def test_a_profile_that_go_wrote_has_the_numbers_of_go_tool_pprof(work: Path) -> None:
    said(work, work / "hot-calls", ROUNDS, "go.pb.gz")
    top = said(work, "go", "tool", "pprof", "-top", "-unit=ns", "-nodefraction=0", "-nodecount=100000", "go.pb.gz")
    rows = re.findall(
        r"^ *(\d+)(?:ns)? +\S+% +\S+% +(\d+)(?:ns)? +\S+% +(.+?)(?: \((?:partial-)?inline\))?$", top, re.MULTILINE
    )
    # Tables name closures without their numbers; the runtime's own are sampled now and then.
    theirs = {normalize_function(name): (int(flat), int(cumulative)) for flat, cumulative, name in rows}
    done = subprocess.run(
        [TAILTUNE, "profile", work / "go.pb.gz", "--value", "cpu", "--top", "0", "--json", "--quiet"],
        capture_output=True,
        check=True,
    )
    table = json.loads(done.stdout)["tables"][0]
    assert {row["name"]: (row["own"], row["cumulative"]) for row in table["rows"]} == theirs
    assert f"of {table['total']:.0f}ns total" in top
    assert "main.look" in theirs

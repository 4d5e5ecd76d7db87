"""A second start on simulated caches: what is refused, and what a trial keeps when it does not work."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle, read_manifest
from tailtune.bundle.workspace import Workspace
from tailtune.errors import RunInterruptedError, SetupError
from tailtune.model.project import Service
from tailtune.model.recording import Kind, Manifest, Phase
from tailtune.model.units import Duration
from tailtune.record.formats.cachegrind import EVENTS
from tailtune.record.phases import simulating, warm_up
from tailtune.record.phases.simulating import find_valgrind
from tailtune.record.ports import Quota
from tailtune.record.trial import run_trial

Tiny = Callable[..., Service]
HEAD = f"desc: LL cache: 1024 B, 64 B, 2-way associative\ncmd: x\nevents: {' '.join(EVENTS)}\nfl=a.c\nfn=f\n"
WRITES = f"""#!{sys.executable} -IS
import os, sys
if sys.argv[1:] == ["--version"]:
    print("valgrind-0.0.0")
    sys.exit(0)
program = next(at for at, word in enumerate(sys.argv) if at and not word.startswith("--"))
options = dict(word.partition("=")[::2] for word in sys.argv[1:program])
name = options["--cachegrind-out-file"].replace("%%", "%")
counted = {{"4": 10, "12": 50}}[name.split(".")[-2]]
with open(name, "w") as file:
    file.write({HEAD!r} + f"7 {{counted}} 0 0 {{counted}} 1\\nsummary: {{counted}} 0 0 {{counted}} 1\\n")
assert os.environ["PATH"]
os.execv(sys.argv[program], sys.argv[program:])
"""
"""Stands in for valgrind: says its version, leaves counts at once and becomes the program, as fast as ever."""

PASSES = """#!/bin/sh
[ $1 = --version ] && echo v && exit
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
"""
"""Becomes the program and leaves nothing."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.3))
    monkeypatch.setattr(simulating, "_FIRST", Quota(requests=4, each=0, seconds=20))
    monkeypatch.setattr(simulating, "_ALL", Quota(requests=12, each=0, seconds=20))
    yield
    assert started() == []


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program called valgrind first on PATH."""

    def put(text: str) -> None:
        path = tmp_path / "bin" / "valgrind"
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")

    return put


def carry_out(root: Path, service: Service, progress: Meddler | None = None) -> Manifest:
    plan = msgspec.structs.replace(trial_plan(root, service, diagnose=0), simulate_caches=True)
    with open_bench(root, Kind.RUN, progress or Meddler()) as bench:
        return run_trial(plan, bench)


def simulation_warnings(manifest: Manifest) -> list[str]:
    return [text for text in manifest.warnings if text.startswith("caches were not simulated: ")]


def recorded(root: Path) -> Bundle:
    [path] = Workspace(root).finished()
    bundle = Bundle.open(path)
    bundle.verify()
    return bundle


def test_without_valgrind_it_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="valgrind is not on PATH") as told:
        find_valgrind()
    assert "install valgrind" in told.value.hint


def test_what_the_requests_add_to_a_start_is_recorded(tmp_path: Path, tiny: Tiny, stand_in):
    stand_in(WRITES)
    manifest = carry_out(tmp_path, tiny())
    assert manifest.caches is not None
    assert (manifest.caches.tool, manifest.caches.requests) == ("valgrind-0.0.0", 8)
    assert manifest.caches.caches == {"LL cache": "1024 B, 64 B, 2-way associative"}
    assert simulation_warnings(manifest) == []
    assert [record.phase for record in manifest.phases][-2:] == [Phase.STOP, Phase.SIMULATE]
    bundle = recorded(tmp_path)
    [row] = bundle.table("caches").to_pylist()
    assert (row["function"], row["file"], row["line"]) == ("f", "a.c", 7)
    assert (row["ir"], row["dr"], row["d1mr"]) == (40, 40, 0)
    assert not bundle.manifest.partial
    assert manifest.load is not None
    assert bundle.table("requests").num_rows == manifest.load.completed_requests


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#!/bin/sh\nexit 3\n", "--version` failed: exit status 3"),
        ("#!/bin/sh\n[ $1 = --version ] && echo v && exit\nexit 4\n", "ended at start with exit status 4"),
        (PASSES, "left no file"),
        (WRITES.replace("summary: ", "summary: 1"), "do not add up"),
    ],
)
def test_where_it_does_not_work_all_else_is_kept(tmp_path: Path, tiny: Tiny, stand_in, text, complaint):
    stand_in(text)
    manifest = carry_out(tmp_path, tiny())
    assert manifest.caches is None
    [warning] = simulation_warnings(manifest)
    assert complaint in warning
    bundle = recorded(tmp_path)
    assert not bundle.manifest.partial
    assert bundle.table("caches").num_rows == 0
    assert bundle.table("requests").num_rows > 0


def test_what_was_measured_is_safe_before_it_begins(tmp_path: Path, tiny: Tiny, stand_in):
    found: list[Manifest] = []

    def look() -> None:
        [path] = Workspace(tmp_path).unfinished()
        found.append(read_manifest(path))

    stand_in(WRITES)
    progress = Meddler()
    progress.on("simulate", look)
    carry_out(tmp_path, tiny(), progress)
    [manifest] = found
    assert manifest.partial, "as it would be found after a kill"
    assert manifest.load is not None
    assert [name for name in manifest.checksums if name.startswith("tables/requests")], "vouched for"


def test_an_interruption_meanwhile_keeps_what_was_measured(tmp_path: Path, tiny: Tiny, stand_in):
    def interrupt() -> None:
        raise KeyboardInterrupt

    stand_in(WRITES)
    progress = Meddler()
    progress.on("simulate", interrupt)
    with pytest.raises(RunInterruptedError, match="during simulate"):
        carry_out(tmp_path, tiny(), progress)
    bundle = recorded(tmp_path)
    assert bundle.manifest.partial
    assert bundle.manifest.load is not None
    assert bundle.table("requests").num_rows > 0

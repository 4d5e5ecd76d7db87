"""The specimens are complete, their builds answer alike, and the scorer counts right."""

import contextlib
import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.example_services import answer, ready, run

from tailtune import config
from tailtune.model.project import Project

FOLDER = Path(__file__).resolve().parents[2] / "specimens"
UNSEEN = [f"unseen/{path.parent.name}" for path in sorted(FOLDER.glob("unseen/*/expected.toml"))]
NAMES = [path.parent.name for path in sorted(FOLDER.glob("*/expected.toml"))]
GO = [name for name in NAMES if name.startswith("go-")]
FEWEST_REQUESTS = 1000  # a p99 needs 730
MOST_BYTES = 4096


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield
    for name in set(sys.modules) - before:
        if name in {path.stem for path in FOLDER.glob("*.py")}:
            del sys.modules[name]


def module(name: str) -> ModuleType:
    return import_module(name)


def test_there_are_specimens_of_many_causes() -> None:
    every = module("expected").every(FOLDER)
    assert [one.name for one in every] == NAMES
    assert len({one.expected.cause for one in every if one.expected.language == "go"}) == len(GO) == 15
    assert sum(not one.expected.cpu_signature for one in every if one.expected.language == "go") >= 5


@pytest.mark.parametrize("name", [*NAMES, *UNSEEN])
def test_a_specimen_is_complete(name: str) -> None:
    specimen = module("expected").read(FOLDER / name)
    expected = specimen.expected
    assert specimen.name.startswith(f"{expected.language}-")
    project = config.load(specimen.config)
    assert project.service.language == expected.language
    assert project.service.ready.path == "/healthz"
    assert {"healthy", *({expected.variant} - {"base"})} <= project.variants.keys()
    assert project.workloads["default"].rate_per_s * expected.seconds >= FEWEST_REQUESTS
    source = {"go": "main.go", "rust": "src/main.rs"}[expected.language]
    assert (specimen.folder / source).read_text("utf-8").startswith("//"), "it says at first what is planted"


def test_a_wrong_expectation_is_refused(tmp_path: Path) -> None:
    expected = module("expected")
    right = 'language = "go"\nplanted = "x"\nfinding = "^sleep"\ncpu_signature = false\nseconds = 6\n'
    for text, complaint in [
        (right, "cause"),
        (f'{right}cause = "haste"\n', "no cause is called haste"),
        (f'{right}cause = "sleep"\nhaste = 1\n', "haste"),
        (f'{right.replace("^sleep", "(")}cause = "sleep"\n', "unterminated|missing"),
        (f'{right}cause = "sleep"\n[share]\ntail = 97\ntolerance = 0.1\n', "not in"),
    ]:
        (tmp_path / "expected.toml").write_text(text)
        with pytest.raises(ValueError, match=complaint):
            expected.read(tmp_path)


def finding(identifier: str, share: float, share_of: str = "CPU time of the service") -> dict[str, Any]:
    return {"id": identifier, "title": "", "share": {"point": share}, "share_of": share_of}


def observed(*findings: dict[str, Any], named: float | None = None) -> Any:
    latency = {"quantiles": [{"q": 0.99, "estimate": {"point": 2e6}}]}
    summary = {"measure": {"validity": "VALID", "latency": latency}}
    requests = {"coverage": {"point": named}} if named is not None else None
    explained = {"bundle_id": "r", "findings": findings, "summary": summary, "requests": requests}
    return module("observing").understood(json.dumps(explained).encode())


def test_scores_are_counted() -> None:
    specimens = {one.name: one for one in module("expected").every(FOLDER)}
    score, total = module("scoring").score, module("scoring").total
    tail = "wall time of requests above p99"
    slept = observed(finding("sleep", 0.94, tail), named=0.95)
    first = score(specimens["go-sleep"], slept, observed(finding("hashing", 0.1)))
    third = score(
        specimens["go-hot-function"],
        observed(finding("allocation", 0.3), finding("waiting", 0.3), finding("hot-function:main.nearest", 0.2)),
        observed(finding("hot-function:main.work", 0.5), finding("waiting", 0.11, tail)),
    )
    missed = score(specimens["go-lock"], observed(finding("waiting", 0.9)), module("observing").Observed(error="no"))
    assert (first.rank, third.rank, missed.rank) == (1, 3, None)
    sums = total([first, third, missed])
    assert (sums.specimens, sums.first, sums.among_three, sums.failed) == (3, 1, 2, 1)
    assert (sums.shares_known, sums.shares_told, sums.shares_right) == (2, 1, 1)
    assert sums.share_error == pytest.approx(0.03)
    assert (sums.false_of_tail, sums.false_of_anything) == (1, 2)
    scored = module("written").scored([first, third, missed])
    assert "| go-lock | lock (no CPU) | waiting (90 % of CPU time of the service) | missed | not told / 97 %" in scored
    assert "- first cause: 1 of 3 (33 %)" in scored


def test_how_much_of_the_slowest_requests_is_named_is_held_against_its_goal() -> None:
    specimens = {one.name: one for one in module("expected").every(FOLDER)}
    score, total = module("scoring").score, module("scoring").total
    scores = [
        score(specimens[name], observed(named=named), observed(named=1.0))
        for name, named in [("go-sleep", 0.949), ("rust-sleep", 0.96), ("rust-blocking-call", 0.91), ("go-lock", None)]
    ]
    assert [one.named_enough for one in scores] == [False, True, True, False]
    assert total(scores).named == {0.95: (1, 3), 0.9: (1, 1)}
    scored = module("written").scored(scores)
    assert "| 91 % / 90 % |" in scored
    assert "| not told / 95 % |" in scored
    assert "- slowest 1 % with at least 95 % of their time in named parts, goroutines and threads: 1 of 3" in scored


def test_a_share_of_something_else_is_not_compared() -> None:
    specimens = {one.name: one for one in module("expected").every(FOLDER)}
    one = module("scoring").score(specimens["go-sleep"], observed(finding("sleep", 0.97)), observed())
    assert (one.rank, one.told_share) == (1, None)


def test_scores_are_kept_and_written_into_a_document(tmp_path: Path) -> None:
    specimens = module("expected").every(FOLDER)
    scores = {one.name: module("scoring").score(one, observed(), observed()) for one in specimens}
    module("score").keep(tmp_path / "scores.json", scores)
    assert module("score").kept(tmp_path / "scores.json") == scores
    document = tmp_path / "specimens.md"
    document.write_text((FOLDER.parent / "docs" / "specimens.md").read_text())
    module("written").put(document, "| first |", "specimens")
    module("written").put(document, "| second |", "specimens")
    assert document.read_text().count("| second |") == 1
    assert "| first |" not in document.read_text()
    document.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        module("written").put(document, "the table", "specimens")


def test_names_choose_by_their_beginning() -> None:
    every = module("expected").every(FOLDER)
    choose = module("score").choose
    assert choose(every, []) == every
    assert [one.name for one in choose(every, ["go-"])] == GO
    with pytest.raises(ValueError, match="no specimen is called no-such"):
        choose(every, ["no-such"])


@pytest.mark.real
@pytest.mark.parametrize("name", GO)
def test_go_twins_answer_alike(name: str, tmp_path: Path) -> None:
    project = config.load(FOLDER / name / "tailtune.toml")
    (operation,) = project.workloads["default"].operations
    said = []
    for variant, tags in [("base", ""), ("healthy", "healthy")]:
        run("go", "build", "-ldflags=-s -w", "-tags", tags, "-o", tmp_path / variant, ".", cwd=FOLDER / name)
        with serving(tmp_path / variant, project, tmp_path) as connection:
            said.append([ask(connection, operation.method, key) for key in range(40)])
    assert said[0] == said[1]
    assert len(set(said[0])) > 20


@contextlib.contextmanager
def serving(binary: Path, project: Project, folder: Path) -> Iterator[http.client.HTTPConnection]:
    """Start a build as its tailtune.toml says, in a folder of the test's; it has to end when asked to."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    arguments = [argument.replace("{port}", port) for argument in project.service.args]
    with subprocess.Popen([binary, *arguments], cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            with contextlib.closing(ready(int(port), project.service.ready.path, process)) as connection:
                yield connection
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()


def ask(connection: http.client.HTTPConnection, method: str, key: int) -> bytes:
    body = b"abcdefgh" * key + b"12345678" * (key // 2) + f"{key:08}".encode() if method == "POST" else None
    status, _, text = answer(connection, (method, f"/answer?key={key}", body))
    assert status == 200
    assert 0 < len(text) < MOST_BYTES
    return text


@pytest.mark.real
def test_a_specimen_is_scored_and_explained_again(tmp_path: Path) -> None:
    copy, kept = tmp_path / "specimens", tmp_path / "scores.json"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns(".tailtune", "target", "scratch"))
    said = run(sys.executable, copy / "score.py", "go-sleep", "--seconds", "2", "--json", kept)
    scores = list(module("score").kept(kept).values())
    assert [one.name for one in scores] == ["go-sleep"]
    assert all(not one.planted.error and not one.healthy.error for one in scores)
    assert all(one.planted.bundle_id != one.healthy.bundle_id for one in scores)
    assert said.startswith("| specimen |")
    run(sys.executable, copy / "score.py", "go-sleep", "--again", "--json", kept)
    assert list(module("score").kept(kept).values()) == scores

"""The example services: they build, pass their own gates, and slow and fast answer with the same bytes."""

import contextlib
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tailtune import config
from tailtune.model.project import Project

pytestmark = pytest.mark.real

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GO, RUST = EXAMPLES / "go-markdown", EXAMPLES / "rust-search"
VARIANTS = ("base", "fast")
READY_SECONDS = 30.0
Request = tuple[str, str, bytes | None]


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def gather(output: Path) -> Path:
    run(sys.executable, "-I", "-S", EXAMPLES / "corpus.py", "--output", output)  # the standard library alone
    return output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gather(tmp_path_factory.mktemp("texts") / "corpus")


@pytest.fixture(scope="module")
def go_binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("go")
    for variant in VARIANTS:
        tags = config.load(GO / "tailtune.toml").variants[variant].tags if variant != "base" else []
        run("go", "build", "-tags", ",".join(tags), "-o", folder / variant, ".", cwd=GO)
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture(scope="module")
def rust_binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rust")
    for variant in VARIANTS:
        features = config.load(RUST / "tailtune.toml").variants[variant].features if variant != "base" else []
        cargo("build", features)
        shutil.copy2(RUST / "target/debug/rust-search", folder / variant)
    return {variant: folder / variant for variant in VARIANTS}


def cargo(command: str, features: list[str], *arguments: str) -> None:
    settings = ["--locked", "--features", ",".join(features), "--target-dir", str(RUST / "target")]
    run("cargo", command, *settings, *arguments, cwd=RUST)


@contextlib.contextmanager
def serving(binary: Path, project: Project, documents: Path) -> Iterator[http.client.HTTPConnection]:
    """Start a service as its tailtune.toml says, but on the given documents."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {"../.corpus/documents": str(documents)}
    arguments = [given.get(argument, argument.replace("{port}", str(port))) for argument in project.service.args]
    assert str(documents) in arguments
    with subprocess.Popen([binary, *arguments], stderr=subprocess.DEVNULL) as process:
        try:
            yield ready(port, project.service.ready.path, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert code == 0, "the service ends by itself when asked to"


def ready(port: int, path: str, process: subprocess.Popen[bytes]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service died at start"
        try:
            assert answer(connection, ("GET", path, None))[0] == 200
        except ConnectionRefusedError:
            connection.close()
            time.sleep(0.05)
        else:
            return connection
    raise AssertionError(f"not ready within {READY_SECONDS} s")


def answer(connection: http.client.HTTPConnection, request: Request) -> tuple[int, str | None, bytes]:
    method, path, body = request
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read()


def answers(binary: Path, folder: Path, corpus: Path, requests: list[Request]) -> list[tuple[int, str | None, bytes]]:
    with serving(binary, config.load(folder / "tailtune.toml"), corpus / "documents") as connection:
        try:
            return [answer(connection, request) for request in requests]
        finally:
            connection.close()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_corpus_holds_a_megabyte_of_text_and_is_the_same_each_time(corpus: Path, tmp_path: Path) -> None:
    documents = sorted((corpus / "documents").glob("*.md"))
    assert sum(path.stat().st_size for path in documents) >= 1_000_000
    names = {path.stem for path in documents}
    assert set(lines(corpus / "names.txt")) <= names
    words = set(lines(corpus / "terms.txt"))
    for query, prefix in zip(lines(corpus / "queries.txt"), lines(corpus / "prefixes.txt"), strict=True):
        assert set(query.split()) <= words
        assert query.startswith(prefix)
    again = gather(tmp_path / "again")
    files = sorted(path.relative_to(corpus) for path in corpus.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((corpus / name).read_bytes() == (again / name).read_bytes() for name in files)


def test_corpus_says_what_is_missing(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path), "CARGO_HOME": str(tmp_path)}
    command = [sys.executable, str(EXAMPLES / "corpus.py"), "--output", str(tmp_path / "corpus")]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "hint: install Go" in done.stderr
    assert not (tmp_path / "corpus").exists()


def test_go_variants_answer_alike(go_binaries: dict[str, Path], corpus: Path) -> None:
    draw = random.Random(5)
    documents = sorted((corpus / "documents").glob("*.md"))
    requests: list[Request] = [("GET", "/search?q=%2B%2B", None), ("GET", "/render?doc=none", None)]
    requests += [("GET", f"/search?q={quote(query)}", None) for query in draw.sample(lines(corpus / "queries.txt"), 40)]
    requests += [("GET", f"/render?doc={name}", None) for name in draw.sample(lines(corpus / "names.txt"), 20)]
    requests += [("POST", "/render", path.read_bytes()) for path in draw.sample(documents, 10)]
    base, fast = (answers(go_binaries[variant], GO, corpus, requests) for variant in VARIANTS)
    assert base == fast
    assert [status for status, _, _ in base] == [200, 404] + [200] * 70
    assert b"<mark>" in base[2][2].replace(rb"\u003c", b"<").replace(rb"\u003e", b">")


def test_rust_variants_answer_alike(rust_binaries: dict[str, Path], corpus: Path) -> None:
    draw = random.Random(5)
    requests: list[Request] = [("GET", "/suggest?q=", None), ("GET", "/suggest", None)]
    for name in ("prefixes.txt", "queries.txt"):
        drawn = draw.sample(lines(corpus / name), 30)
        requests += [("GET", f"/suggest?q={quote(typed)}&n={draw.randint(1, 20)}", None) for typed in drawn]
    base, fast = (answers(rust_binaries[variant], RUST, corpus, requests) for variant in VARIANTS)
    assert base == fast
    assert [status for status, _, _ in base] == [200, 400] + [200] * 60
    assert b'"score":' in base[2][2]


def test_go_example_passes_its_gates() -> None:
    assert run("gofmt", "-l", ".", cwd=GO) == ""
    for tags in ("", "fast"):
        run("go", "vet", "-tags", tags, "./...", cwd=GO)
        run("go", "test", "-tags", tags, "./...", cwd=GO, env=os.environ | {"GOFLAGS": "-mod=readonly"})


def test_rust_example_passes_its_gates() -> None:
    run("cargo", "fmt", "--check", cwd=RUST)
    for features in ([], ["fast"]):
        cargo("clippy", features, "--all-targets", "--", "-D", "warnings")
        cargo("test", features)

"""The example services: they build, pass their own gates, and slow and fast answer with the same bytes."""

import os
import random
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support.example_services import (
    EXAMPLES,
    GO,
    RUST,
    VARIANTS,
    Request,
    answers,
    cargo,
    gather,
    lines,
    run,
)

pytestmark = pytest.mark.real


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


@pytest.mark.usefixtures("rust_binaries")  # which are built, and copied, where this builds too
def test_rust_example_passes_its_gates() -> None:
    run("cargo", "fmt", "--check", cwd=RUST)
    for features in ([], ["fast"]):
        cargo("clippy", features, "--all-targets", "--", "-D", "warnings")
        cargo("test", features)

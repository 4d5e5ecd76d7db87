"""The house rules that a machine can check."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 60
SERVICES = ("examples/*.go", "examples/*.rs", "specimens/*.go", "specimens/*.rs")
WORLDLY_CRATES = {"bpf", "loadgen", "sampler", "symbolize", "python"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module", autouse=True)
def _in_a_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")


def test_files_do_one_thing() -> None:
    sources = [path for path in tracked("*.py", "*.rs", "*.go") if "tests" not in path.parts]
    assert sources
    too_long = {
        str(path.relative_to(ROOT)): n for path in sources if (n := path.read_text().count("\n")) > MAX_FILE_LINES
    }
    assert too_long == {}


def test_functions_are_short() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in tracked("src/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno > MAX_FUNCTION_LINES
    ]
    assert too_long == []


def test_crates_point_away_from_the_world() -> None:
    manifests = {path.parent.name: tomllib.loads(path.read_text()) for path in tracked("crates/*/Cargo.toml")}
    needs = {
        name: {needed for section, found in manifest.items() if section.endswith("dependencies") for needed in found}
        for name, manifest in manifests.items()
    }
    assert needs.keys() > WORLDLY_CRATES
    for name in needs.keys() - WORLDLY_CRATES:
        assert not needs[name] & {*WORLDLY_CRATES, "libc"}, name
    assert not needs["loadgen"] & WORLDLY_CRATES
    assert needs["sampler"] & WORLDLY_CRATES == {"bpf", "symbolize"}
    assert not (needs["symbolize"] | needs["bpf"]) & WORLDLY_CRATES
    assert [name for name in needs if "pyo3" in needs[name]] == ["python"]


def test_pure_crates_open_nothing() -> None:
    world = re.compile(r"\bstd::(env|fs|net|os|process|thread|time)\b|\bunsafe\s*\{")
    sources = [path for path in tracked("crates/*/src/*.rs") if path.relative_to(ROOT).parts[1] not in WORLDLY_CRATES]
    assert sources
    assert [str(path.relative_to(ROOT)) for path in sources if world.search(path.read_text())] == []


def test_tests_of_crates_are_run() -> None:
    """Where `tests/all.rs` is the only program of tests, a file that it does not name would be passed over."""
    programs = tracked("crates/*/tests/all.rs")
    assert programs
    for program in programs:
        named = set(re.findall(r"^mod (\w+);$", program.read_text(), re.MULTILINE))
        folder = program.parent
        there = {path.stem for path in folder.glob("*.rs")} | {path.parent.name for path in folder.glob("*/mod.rs")}
        assert named == there - {"all"}, program


def test_refused_words_are_not_used() -> None:
    refused = re.compile(r"\b(campaigns?|stud(y|ies)|attacks?|response[ _]times?|iterations?|bombard)\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("src/*.py", "crates/*.rs", "docs/*.md", "README.md", *SERVICES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if refused.search(line)
    ]
    assert found == []


def test_no_promise_is_left_open() -> None:
    left_open = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|unimplemented!|todo!|NotImplementedError")
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in tracked("src/*.py", "crates/*.rs", "examples/*.py", *SERVICES, "*.toml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if left_open.search(line)
    ]
    assert found == []


def test_links_in_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
    broken = [
        f"{path.relative_to(ROOT)} → {target}"
        for path in tracked("*.md")
        for target in link.findall(path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_package_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked("src/*/__init__.py")
        if len(ast.get_docstring(ast.parse(path.read_text())) or "") < 20
    ]
    assert silent == []

"""What several tests against real things start from."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.example_services import GO, RUST, VARIANTS, cargo, gather, run
from tests.support.turns import once, worker

from tailtune import config
from tailtune.record.engine.load import EngineProcess


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """An engine on one CPU, resident for the tests of one file; those of other workers are on other CPUs."""
    cpus = sorted(os.sched_getaffinity(0))
    with EngineProcess([cpus[worker() % len(cpus)]]) as started:
        yield started


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    return once(shared / "texts", lambda folder: gather(folder / "corpus")) / "corpus"


@pytest.fixture(scope="session")
def go_binaries(shared: Path) -> dict[str, Path]:
    def build(folder: Path) -> None:
        for variant in VARIANTS:
            tags = config.load(GO / "tailtune.toml").variants[variant].tags if variant != "base" else []
            run("go", "build", "-tags", ",".join(tags), "-o", folder / variant, ".", cwd=GO)

    folder = once(shared / "go", build)
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture(scope="session")
def rust_binaries(shared: Path) -> dict[str, Path]:
    def build(folder: Path) -> None:
        for variant in VARIANTS:
            features = config.load(RUST / "tailtune.toml").variants[variant].features if variant != "base" else []
            cargo("build", features)
            shutil.copy2(RUST / "target/debug/rust-search", folder / variant)

    folder = once(shared / "rust", build)
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture
def cache_of_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Names go to a cache of the test's own; what Go has compiled stays where it is."""
    compiled = subprocess.run(["go", "env", "GOCACHE"], check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setenv("GOCACHE", compiled)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

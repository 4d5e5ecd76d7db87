"""What several tests against real things start from."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.example_services import GO, RUST, VARIANTS, cargo, gather, run

from tailtune import config
from tailtune.record.engine.load import EngineProcess


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """An engine on the first CPU, resident for the tests of one file."""
    with EngineProcess([min(os.sched_getaffinity(0))]) as started:
        yield started


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gather(tmp_path_factory.mktemp("texts") / "corpus")


@pytest.fixture(scope="session")
def go_binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("go")
    for variant in VARIANTS:
        tags = config.load(GO / "tailtune.toml").variants[variant].tags if variant != "base" else []
        run("go", "build", "-tags", ",".join(tags), "-o", folder / variant, ".", cwd=GO)
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture(scope="session")
def rust_binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rust")
    for variant in VARIANTS:
        features = config.load(RUST / "tailtune.toml").variants[variant].features if variant != "base" else []
        cargo("build", features)
        shutil.copy2(RUST / "target/debug/rust-search", folder / variant)
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture
def cache_of_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Names go to a cache of the test's own; what Go has compiled stays where it is."""
    compiled = subprocess.run(["go", "env", "GOCACHE"], check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setenv("GOCACHE", compiled)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

"""Variants of a Rust service: commits, patches, flags, layouts and profiles, with the real compiler."""

import os
from pathlib import Path

import msgspec
import pytest
from tests.support.built_services import RUST, RUST_SERVICE, addresses, git, rust_repository, said
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.errors import BuildError
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Kind
from tailtune.record.builds import pgo
from tailtune.record.registry import target
from tailtune.record.trial import run_trial

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("cache_of_names")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return rust_repository(tmp_path / "project")


def build(root: Path, name: str = "one", **settings: object) -> Artifact:
    variant = msgspec.convert(settings, Variant)
    return target("rust").build(RUST_SERVICE, variant, name, root, root / ".tailtune" / "builds")


def test_a_commit_is_built_once_and_is_never_taken_for_the_working_tree(root: Path, tmp_path: Path) -> None:
    (root / "src" / "main.rs").write_text(RUST.replace('"one"', '"two"'))  # older than the build of the commit
    first = build(root, git_ref="HEAD")
    edited = build(root)
    assert (said(first.path)[:3], said(edited.path)[:3]) == ("one", "two")
    patch = tmp_path / "change.diff"
    patch.write_text(git(root, "diff"))
    git(root, "checkout", ".")
    plain = build(root)
    assert plain.content_sha256 == first.content_sha256 != edited.content_sha256
    assert build(root, git_ref="main").reused
    patched = build(root, patch=str(patch), git_ref="HEAD")
    assert patched.content_sha256 == edited.content_sha256
    assert build(root, patch=str(patch)).content_sha256 == edited.content_sha256
    assert git(root, "status", "--porcelain") == ""


def test_layouts_differ_by_seed(root: Path) -> None:
    drawn = [build(root, layout_seed=seed) for seed in (1, 2, 1)]
    places = [addresses(one.path, ("small", "churn")) for one in drawn]
    assert places[0].keys() == places[1].keys()
    assert places[0] != places[1]
    assert drawn[0].sha256 == drawn[2].sha256
    assert "--shuffle-sections" in drawn[0].build_command[-1]


def test_settings_reach_the_compiler_beside_the_users_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSTFLAGS", "--cfg marked")
    base = build(root)
    changed = build(root, cargo_profile={"panic": "abort", "opt-level": "1"}, target_cpu="x86-64-v3")
    assert said(base.path) == "one false true"
    assert said(changed.path) == "one true true"
    assert base.content_sha256 != changed.content_sha256
    with pytest.raises(BuildError, match="does not build") as told:
        build(root, rustflags=["-Cno-such-option=1"])
    assert "no-such-option" in told.value.detail


def test_a_commit_has_its_own_settings_and_the_projects_dependencies(root: Path) -> None:
    (root / ".cargo").mkdir()
    (root / ".cargo" / "config.toml").write_text('[build]\nrustflags = ["--cfg", "marked"]\n')
    lock = root / "Cargo.lock"  # which this repository ignores
    lock.write_text('version = 4\n\n[[package]]\nname = "small"\nversion = "0.1.0"\n')
    first = build(root, git_ref="HEAD")
    assert (said(first.path), said(build(root).path)) == ("one false false", "one false true")
    assert build(root, git_ref="HEAD").reused
    lock.write_text(lock.read_text().replace("version = 4", "version = 3"))
    assert not build(root, git_ref="HEAD").reused


def fitting_profdata(root: Path) -> bool:
    try:
        pgo.profdata(pgo.rustc(root, os.environ, root), os.environ, root)
    except BuildError:
        return False
    return True


def test_a_profile_is_counted_by_a_service_that_knows_no_signals(root: Path, tmp_path: Path) -> None:
    plan = trial_plan(root, RUST_SERVICE, diagnose=0, variant=Variant(pgo="train"))
    if not fitting_profdata(root):
        with open_bench(root, Kind.RUN, Meddler()) as bench, pytest.raises(BuildError, match="needs llvm-profdata"):
            run_trial(plan, bench)
        pytest.skip("there is no llvm-profdata that fits rustc: rustup component add llvm-tools")
    artifacts = []
    for _ in range(2):
        meddler = Meddler()
        with open_bench(root, Kind.RUN, meddler) as bench:
            artifacts.append(run_trial(plan, bench).artifacts[0])
        assert meddler.phases.count("build") == 3 - len(artifacts)
        assert started() == []
    assert artifacts[0].sha256 == artifacts[1].sha256
    assert artifacts[0].content_sha256 != build(root).content_sha256
    flags = " ".join(artifacts[0].build_command)
    profile = flags.partition("-Cprofile-use=")[2].partition('"')[0]
    (counted,) = addresses(build(root).path, ("churn",))
    assert counted.encode() in Path(profile).read_bytes()  # the same hash as in a build that does not count
    assert git(root, "status", "--porcelain") == ""
    other = rust_repository(tmp_path / "other")
    (other / "Cargo.toml").write_text((other / "Cargo.toml").read_text().replace('"small"', '"foreign"'))
    with pytest.raises(BuildError, match="it has no function of foreign"):
        build(other, pgo=profile)

"""Variants of a Go service: commits, patches, flags, layouts and profiles, with the real compiler."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from tests.support.built_services import GO_SERVICE, addresses, git, go_repository, said
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.errors import BuildError
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Kind
from tailtune.record.registry import target
from tailtune.record.trial import run_trial

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("cache_of_names")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return go_repository(tmp_path / "project")


def build(root: Path, name: str = "one", **settings: object) -> Artifact:
    variant = msgspec.convert(settings, Variant)
    return target("go").build(GO_SERVICE, variant, name, root, root / ".tailtune" / "builds")


def test_a_commit_is_built_once_and_equals_the_working_tree(root: Path) -> None:
    first = build(root, git_ref="HEAD")
    again = build(root, "again", git_ref="main")
    dirty = build(root)
    assert (first.reused, again.reused, dirty.reused) == (False, True, False)
    assert again.path == first.path
    assert dirty.content_sha256 == first.content_sha256 != ""
    assert not build(root, git_ref="HEAD", build_flags=["-gcflags=-l"]).reused
    assert not build(root, git_ref="HEAD", build_env={"CGO_CFLAGS": "-O1"}).reused
    Path(first.path).write_bytes(b"damaged")
    mended = build(root, git_ref="HEAD")
    assert (mended.reused, mended.sha256) == (False, first.sha256)
    (root / "word.go").write_text('package main\n\nconst word = "two"\n')
    edited = build(root)
    assert said(edited.path) == "two none"
    assert edited.content_sha256 != first.content_sha256
    git(root, "commit", "-am", "second")
    assert said(build(root, git_ref="HEAD").path) == "two none"
    assert build(root, git_ref="HEAD~1").reused


def test_a_patch_is_built_without_touching_the_repository(root: Path, tmp_path: Path) -> None:
    (root / "word.go").write_text('package main\n\nconst word = "two"\n')
    patch = tmp_path / "change.diff"
    patch.write_text(git(root, "diff"))
    git(root, "checkout", "word.go")
    before = git(root, "status", "--porcelain")
    assert said(build(root, patch=str(patch)).path) == "two none"
    assert said(build(root, patch=str(patch), git_ref="HEAD").path) == "two none"
    assert build(root, patch=str(patch), git_ref="HEAD").reused
    assert git(root, "status", "--porcelain") == before
    assert said(build(root).path) == "one none"
    (root / "word.go").write_text('package main\n\nconst word = "three"\n')
    with pytest.raises(BuildError, match=r"its hunk at line 1 of word\.go does not fit"):
        build(root, patch=str(patch))


def test_a_commit_that_does_not_build_shows_the_compiler(root: Path) -> None:
    (root / "word.go").write_text("package main\n\nconst word = 1 +\n")
    git(root, "commit", "-am", "broken")
    with pytest.raises(BuildError, match="variant one does not build") as told:
        build(root, git_ref="HEAD")
    assert "word.go:4:1: syntax error" in told.value.detail


def test_layouts_differ_by_seed_and_keep_the_users_flags(root: Path) -> None:
    flags = ["-ldflags=-X main.version=mine"]
    drawn = [build(root, layout_seed=seed, build_flags=flags) for seed in (1, 2, 1)]
    places = [addresses(one.path, ("main.",)) for one in drawn]
    assert places[0].keys() == places[1].keys()
    assert places[0] != places[1]
    assert drawn[0].sha256 == drawn[2].sha256
    assert {said(one.path) for one in drawn} == {"one mine"}


def test_settings_reach_the_compiler(root: Path) -> None:
    (root / "main.go").write_text("package main\n\nfunc main() { println(word) }\n")  # for it is all compiled anew
    told = subprocess.check_output(["go", "version", "-m", build(root, goamd64="v3").path], text=True)
    assert "GOAMD64=v3" in told
    (root / "default.pgo").write_bytes(b"")
    assert "-pgo" not in subprocess.check_output(["go", "version", "-m", build(root, pgo="off").path], text=True)


def test_an_executable_in_place_of_a_build(root: Path) -> None:
    program = root / "old-server"
    with pytest.raises(BuildError, match="there is no executable"):
        build(root, binary="old-server")
    program.write_text("#!/bin/sh\n")
    with pytest.raises(BuildError, match="may not be executed") as told:
        build(root, binary="old-server")
    assert told.value.hint.startswith("chmod +x")
    program.chmod(0o755)
    assert build(root, binary="old-server").path == str(program)


def test_a_profile_is_recorded_once_and_only_for_this_program(root: Path, tmp_path: Path) -> None:
    plan = trial_plan(root, GO_SERVICE, diagnose=0, variant=Variant(pgo="train"))
    artifacts = []
    by_knob = msgspec.structs.replace(plan, variant=Variant(knobs={"pgo": "train"}))
    for one in (plan, by_knob):
        meddler = Meddler()
        with open_bench(root, Kind.RUN, meddler) as bench:
            manifest = run_trial(one, bench)
        artifacts.append((manifest.artifacts[0], meddler.phases.count("build")))
        assert manifest.variants["base"] == one.variant
        assert started() == []
    (first, first_phases), (second, second_phases) = artifacts
    assert (first_phases, second_phases) == (2, 1)
    assert first.sha256 == second.sha256
    profile = next(word for word in first.build_command if word.startswith("-pgo=")).removeprefix("-pgo=")
    listed = subprocess.check_output(["go", "tool", "pprof", "-top", profile], text=True, stderr=subprocess.DEVNULL)
    assert "main.churn" in listed
    other = go_repository(tmp_path / "other")
    (other / "main.go").write_text("package main\n\nfunc main() { println(word) }\n")
    with pytest.raises(BuildError, match="is a profile of another program: this one has none of its functions"):
        build(other, pgo=_only_own_functions(profile, tmp_path))


def _only_own_functions(profile: str, folder: Path) -> str:
    from tailtune._native import Profile

    path = folder / "own.pprof"
    path.write_bytes(Profile.from_pprof(Path(profile).read_bytes()).filter(focus="main.churn").to_pprof())
    return str(path)

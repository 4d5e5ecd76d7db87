"""Every target that is found keeps the promises of `ports.Target` that need no compiler."""

import os
import subprocess
from pathlib import Path

import pytest

from tailtune.errors import BuildError, UsageError
from tailtune.model.project import Language, Service, Variant
from tailtune.record import registry
from tailtune.record.builds.source import source_tree
from tailtune.record.ports import Target

FOREIGN = {
    "go": [Variant(features=["fast"]), Variant(rustflags=["-g"]), Variant(target_cpu="native")],
    "rust": [Variant(tags=["fast"]), Variant(goamd64="v3")],
    "command": [Variant(git_ref="main"), Variant(patch="a.diff"), Variant(pgo="train"), Variant(layout_seed=1)],
}


@pytest.fixture(params=sorted(registry.targets()))
def target(request: pytest.FixtureRequest) -> Target:
    return registry.target(request.param)


def test_every_language_has_a_target() -> None:
    assert set(registry.targets()) == {language.value for language in Language}


def test_foreign_settings_are_refused_by_name(target: Target, tmp_path: Path) -> None:
    service = Service(language=Language(target.language), binary="true")
    for variant in FOREIGN[target.language]:
        with pytest.raises(BuildError, match="variant odd sets `"):
            target.build(service, variant, "odd", tmp_path, tmp_path / "cache")


def test_the_environment_is_text_and_repeatable(target: Target) -> None:
    service, variant = Service(language=Language(target.language)), Variant()
    found = target.environment(service, variant)
    assert found == target.environment(service, variant)
    assert all(isinstance(text, str) for pair in found.items() for text in pair)


def test_go_traces_join_the_users_own_godebug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GODEBUG", "madvdontneed=1,http2client=0")
    service = Service(language=Language.GO, env={"GODEBUG": "gctrace=0"})
    found = registry.target("go").environment(service, Variant(env={"GODEBUG": "http2client=1"}))
    settings = found["GODEBUG"].split(",")
    assert sorted(settings) == ["gctrace=0", "http2client=1", "madvdontneed=1", "schedtrace=1000"]


def test_a_command_is_used_where_it_is(tmp_path: Path) -> None:
    program = tmp_path / "sub" / "serve.sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    service = Service(language=Language.COMMAND, workdir="sub", binary="./serve.sh")
    command = registry.target("command")
    with pytest.raises(BuildError, match="no executable file"):
        command.build(service, Variant(), "base", tmp_path, tmp_path / "cache")
    program.chmod(0o755)
    artifact = command.build(service, Variant(), "base", tmp_path, tmp_path / "cache")
    assert Path(artifact.path).samefile(program)
    assert artifact.size_bytes == len("#!/bin/sh\n")
    with pytest.raises(BuildError, match="not on PATH"):
        command.build(Service(language=Language.COMMAND, binary="no-such-tool"), Variant(), "base", tmp_path, tmp_path)


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UsageError, match="'cobol'"):
        registry.target("cobol")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / "services" / "api").mkdir(parents=True)
    git(top, "init")
    for text in ("old", "new"):
        (top / "services" / "api" / "file").write_text(text)
        git(top, "add", ".")
        git(top, "commit", "-m", text)
    git(top, "tag", "first", "HEAD~1")
    return top


def test_a_reference_of_a_subfolder_is_checked_out_and_removed(repository: Path, tmp_path: Path) -> None:
    root, cache = repository / "services" / "api", tmp_path / "cache"
    cache.mkdir()
    (repository / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh\ntouch hooked\n")
    (repository / ".git" / "hooks" / "post-checkout").chmod(0o755)
    before = _snapshot(repository)
    with source_tree(root, "first", cache) as tree:
        path = tree.folder
        assert (path / "file").read_text() == "old"
        assert not list(path.parents[1].glob("hooked"))
        assert not path.is_relative_to(repository)
    assert not path.exists()
    assert _snapshot(repository) == before
    with source_tree(root, "", cache) as tree:
        assert tree.folder == root


def test_a_worktree_left_by_a_killed_tool_is_replaced(repository: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    with source_tree(repository, "first", cache) as tree:
        path = tree.folder
    git(repository, "worktree", "add", "--detach", str(path), "first")
    with source_tree(repository, "first", cache) as tree:
        assert (tree.folder / "services" / "api" / "file").read_text() == "old"
    assert not path.exists()


def test_an_unknown_reference_is_named(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'nowhere' is no commit"), source_tree(repository, "nowhere", tmp_path):
        pass


def _snapshot(folder: Path) -> dict[str, int]:
    return {
        str(Path(top) / name): (Path(top) / name).stat().st_size for top, _, names in os.walk(folder) for name in names
    }

"""A word of the command line names a variant."""

import subprocess
from pathlib import Path

import pytest

from tailtune.errors import UsageError
from tailtune.lab.variants import find
from tailtune.model.project import Language, Project, Service, Variant

GO = Project(
    service=Service(language=Language.GO, args=["-addr", ":{port}"]),
    workloads={},
    variants={"fast": Variant(tags=["fast"], env={"A": "1"}), "odd+x=1": Variant(tags=["odd"])},
)
RUST = Project(service=Service(language=Language.RUST, args=["{port}"]), workloads={})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    for arguments in (["init"], ["commit", "--allow-empty", "-m", "first"], ["branch", "feature/a+b"]):
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)
    (folder / "change.diff").write_text("")
    (folder / "server").write_text("#!/bin/sh\n")
    (folder / "server").chmod(0o755)
    (folder / "plain").write_text("")
    monkeypatch.chdir(folder)
    return folder


def commit(root: Path) -> str:
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=root, text=True).strip()


def test_sources(root: Path, tmp_path: Path) -> None:
    head = Variant(git_ref=commit(root))
    expected = {
        "fast": GO.variants["fast"],
        "odd+x=1": GO.variants["odd+x=1"],
        "base": Variant(),
        "worktree": Variant(),
        ".": Variant(),
        "main": head,
        "HEAD": head,
        commit(root)[:10]: head,
        "feature/a+b": head,
        "change.diff": Variant(patch="change.diff"),
        "./server": Variant(binary="server"),
        str(root / "server"): Variant(binary="server"),
    }
    assert {word: find(GO, word, root) for word in expected} == {word: (word, one) for word, one in expected.items()}
    outside = tmp_path / "other"
    outside.write_text("")
    outside.chmod(0o755)
    assert find(GO, "../other", root)[1] == Variant(binary=str(outside))


def test_settings(root: Path) -> None:
    def settings(word: str, project: Project = GO) -> Variant:
        return find(project, word, root)[1]

    assert settings("fast+gogc=400") == Variant(tags=["fast"], env={"A": "1"}, knobs={"gogc": "400"})
    assert settings("main+gogc=400,env.A=x=y") == Variant(git_ref=commit(root), knobs={"gogc": "400"}, env={"A": "x=y"})
    assert settings("fast,tags=b,c+env.B=2") == Variant(tags=["fast", "b", "c"], env={"A": "1", "B": "2"})
    assert settings("gogc=50") == Variant(knobs={"gogc": "50"})
    assert settings("base+arg=-v+arg=-w") == Variant(args=["-addr", ":{port}", "-v", "-w"])
    assert settings("base+pgo=train+layout-seed=7+goamd64=v3") == Variant(pgo="train", layout_seed=7, goamd64="v3")
    assert settings("main+patch=change.diff") == Variant(git_ref=commit(root), patch="change.diff")
    assert settings("base+pgo=profiles/cpu.pprof") == Variant(pgo="profiles/cpu.pprof")
    word = "base+target-cpu=native+cargo-profile.lto=fat+default-features=no+rustflags=-Cinline-threshold=300"
    assert settings(word, RUST) == Variant(
        target_cpu="native",
        cargo_profile={"lto": "fat"},
        default_features=False,
        rustflags=["-Cinline-threshold=300"],
    )


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("fats", "no variant (there are `base`, `worktree`, `fast`"),
        ("absent.patch", "there is no patch file"),
        ("./plain", "neither a patch nor executable"),
        ("base+gogcc=400", "there is no setting `gogcc`"),
        ("base+gogc=much", "gogc=much is impossible"),
        ("base+layout-seed=x", "not a whole number"),
        ("base+layout-seed=0", "1 to 4294967295"),
        ("base+default-features=maybe", "neither true nor false"),
        ("base+goamd64=v9", '"v4"'),
        ("base+target-cpu=native", 'only with language "rust"'),
        ("server+tags=x", "means nothing beside `binary`"),
        ("nothing=here", "there is no setting `nothing`"),
        ("", "nothing is called ``"),
    ],
)
def test_what_is_nothing_is_told(root: Path, word: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(GO, word, root)
    assert told in caught.value.message
    assert caught.value.hint


def test_a_project_without_git_has_variants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert find(GO, "fast", tmp_path)[0] == "fast"
    with pytest.raises(UsageError, match="nothing is called `main`"):
        find(GO, "main", tmp_path)

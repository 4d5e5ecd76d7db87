"""Trees of our own: at a commit, or the working tree's content, with a patch."""

import subprocess
from pathlib import Path

import pytest

from tailtune.errors import BuildError
from tailtune.record.builds.source import commit_of, source_tree

PATCH = "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{}\n+patched\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    (tmp_path / "cache").mkdir()
    top = tmp_path / "project"
    top.mkdir()
    git(top, "init")
    (top / ".gitignore").write_text("ignored\n.tailtune\n")
    (top / "file").write_text("committed\n")
    (top / "gone").write_text("deleted later\n")
    git(top, "add", ".")
    git(top, "commit", "-m", "first")
    return top


def status(root: Path) -> tuple[str, str, bytes]:
    return git(root, "status", "--porcelain"), git(root, "worktree", "list"), (root / ".git" / "index").read_bytes()


def test_a_patch_is_applied_to_a_commit_and_the_repository_stays(root: Path, tmp_path: Path) -> None:
    (root / "file").write_text("edited\n")
    patch = tmp_path / "change.diff"
    patch.write_text(PATCH.format("committed"))
    git(root, "status")  # refreshes the index
    before = status(root)
    with source_tree(root, "HEAD", tmp_path / "cache", str(patch)) as tree:
        assert (tree.folder / "file").read_text() == "patched\n"
        assert tree.own
        patched = tree.identity
    with source_tree(root, "main", tmp_path / "cache") as tree:
        assert (tree.folder / "file").read_text() == "committed\n"
        assert tree.identity == git(root, "rev-parse", "HEAD").strip()
    assert patched not in ("", tree.identity)
    assert status(root) == before
    assert (root / "file").read_text() == "edited\n"


def test_a_patch_alone_is_applied_to_what_the_working_tree_holds(root: Path, tmp_path: Path) -> None:
    (root / "file").write_text("edited\n")
    (root / "new").mkdir()
    (root / "new" / "one").write_text("not added\n")
    (root / "link").symlink_to("file")
    (root / "gone").unlink()
    (root / "ignored").write_text("x")
    (root / ".tailtune").mkdir()
    (root / "change.diff").write_text(PATCH.format("edited"))
    git(root, "status")
    before = status(root)
    with source_tree(root, "", tmp_path / "cache", "change.diff") as tree:
        names = {str(path.relative_to(tree.folder)) for path in tree.folder.rglob("*") if not path.is_dir()}
        assert names == {".gitignore", "file", "new/one", "link", "change.diff"}
        assert (tree.folder / "link").read_text() == "patched\n"
        assert (tree.own, tree.identity) == (True, "")
    assert not tree.folder.exists()
    assert status(root) == before
    assert (root / "file").read_text() == "edited\n"


def test_a_folder_without_git_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root, cache = tmp_path / "project", tmp_path / "cache"
    (root / ".tailtune" / "runs").mkdir(parents=True)
    cache.mkdir()
    (root / "file").write_text("plain\n")
    (root / "change.diff").write_text(PATCH.format("plain"))
    with source_tree(root, "", cache, "change.diff") as tree:
        assert (tree.folder / "file").read_text() == "patched\n"
        assert not (tree.folder / ".tailtune").exists()
    with (
        pytest.raises(BuildError, match=r"there is no patch file .*absent\.diff"),
        source_tree(root, "", cache, "absent.diff"),
    ):
        pass


def test_words_that_are_commits(root: Path, tmp_path: Path) -> None:
    commit = git(root, "rev-parse", "HEAD").strip()
    assert [commit_of(root, word, tmp_path) for word in ("main", "HEAD", commit[:8])] == [commit] * 3
    assert commit_of(root, "nowhere", tmp_path) is None
    assert commit_of(root, "--all", tmp_path) is None

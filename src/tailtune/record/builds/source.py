"""Where a variant is built from: the working tree, or a tree of its own that is removed afterwards.

Trees stand outside the project: cargo and go look for their settings in all folders above, and would find those
of the working tree.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tailtune.bundle.storage import sha256, writing
from tailtune.errors import BuildError, SetupError, UsageError
from tailtune.record.builds import patches
from tailtune.record.processes.process import supervisor

_DIGITS: Final = 12
_NOT_COPIED: Final = (".git", ".tailtune")


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """The files that a variant is built from."""

    folder: Path
    """Stands for the folder of `tailtune.toml`."""
    own: bool
    """It was made for this build, so all its files are newer than any other build."""
    identity: str
    """Equal for equal content; empty: not known, for the working tree may change at any time."""


@contextlib.contextmanager
def source_tree(root: Path, git_ref: str, cache: Path, patch: str = "") -> Iterator[Tree]:
    """Give what stands for `root` at `git_ref` with a patch: `root` itself where both are empty.

    A tree is always made at the same path for the same commit, so that compilers find their caches again; a lock
    keeps a second tool, and a second build of this project, from using the trees meanwhile. `root` may be a
    subfolder of its repository. `patch` is the path of a file, relative to `root`.

    Raises:
        UsageError: if `root` is in no git repository, or the reference is unknown.
        BuildError: if the patch is missing or does not apply.
        RecordingError: if the disk refuses.
    """
    if not git_ref and not patch:
        yield Tree(folder=root, own=False, identity="")
        return
    changes = _patch(root, patch)
    trees = _place(cache)
    with writing(trees):
        trees.mkdir(parents=True, exist_ok=True)
    with _locked(trees / ".lock"):
        made = _commit_tree(root, git_ref, cache, trees) if git_ref else _copied_tree(root, cache, trees)
        with made as (top, prefix, identity):
            if changes is not None:
                patches.apply(changes, top, prefix, cache)
                identity = f"{identity}+{sha256(changes)}" if identity else ""
            yield Tree(folder=top / prefix, own=True, identity=identity)


def _patch(root: Path, patch: str) -> Path | None:
    if not patch:
        return None
    path = (root / patch).resolve()
    if not path.is_file():
        raise BuildError(f"there is no patch file {path}", hint="`patch` is relative to tailtune.toml")
    return path


def _place(cache: Path) -> Path:
    """Return the folder of this project's trees: in the user's cache, or beside the builds where that cannot be."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(str(cache.resolve()).encode()).hexdigest()[:_DIGITS]
    wanted = home / "tailtune" / "trees" / digest
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        return cache / "worktrees"
    return wanted if os.access(wanted, os.W_OK) else cache / "worktrees"


@contextlib.contextmanager
def _commit_tree(root: Path, git_ref: str, cache: Path, trees: Path) -> Iterator[tuple[Path, str, str]]:
    """Check a commit out; give its top folder, the place of `root` in it, and the commit."""
    commit = _commit(root, git_ref, cache)
    prefix = _git(root, cache, "rev-parse", "--show-prefix").strip()
    tree = trees / commit[:_DIGITS]
    _remove(root, tree, cache)  # one left behind by a tool that was killed
    _git(root, cache, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", str(tree), commit)
    try:
        yield tree, prefix, commit
    finally:
        _remove(root, tree, cache)


@contextlib.contextmanager
def _copied_tree(root: Path, cache: Path, trees: Path) -> Iterator[tuple[Path, str, str]]:
    """Copy the working tree with its uncommitted and new files, without those that git ignores."""
    tree = trees / "working-tree"
    shutil.rmtree(tree, ignore_errors=True)
    try:
        top = Path(_git(root, cache, "rev-parse", "--show-toplevel").rstrip("\n"))
        prefix = _git(root, cache, "rev-parse", "--show-prefix").strip()
        listed = _git(top, cache, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = sorted(set(filter(None, listed.split("\0"))))
    except UsageError:  # no repository
        top, prefix, names = root, "", sorted(path.name for path in root.iterdir())
    try:
        with writing(tree):
            tree.mkdir()
            for name in names:
                _copy(top / name, tree / name)
            (tree / prefix).mkdir(parents=True, exist_ok=True)
        yield tree, prefix, ""
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, link or folder; what was deleted is left out. Times are those of the copy."""
    if source.name in _NOT_COPIED or not (source.exists() or source.is_symlink()):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        ignore = shutil.ignore_patterns(*_NOT_COPIED)
        shutil.copytree(source, target, symlinks=True, ignore=ignore, copy_function=shutil.copy, dirs_exist_ok=True)
    else:
        shutil.copy(source, target, follow_symlinks=False)


def _commit(root: Path, git_ref: str, cache: Path) -> str:
    try:
        return _git(root, cache, "rev-parse", "--verify", "--end-of-options", f"{git_ref}^{{commit}}").strip()
    except UsageError as error:
        raise UsageError(
            f"{git_ref!r} is no commit, branch or tag of the repository at {root}",
            hint="`git fetch` it first, or check its spelling",
            detail=error.detail,
        ) from error


def commit_of(root: Path, word: str, scratch: Path) -> str | None:
    """Return the full name of the commit that a word stands for; None if it stands for none, or there is no git."""
    try:
        return _commit(root, word, scratch)
    except (UsageError, SetupError):
        return None


def _remove(root: Path, tree: Path, cache: Path) -> None:
    if tree.exists():
        done = _run(root, cache, "worktree", "remove", "--force", "--force", str(tree))
        if done:  # git does not know it: left by another repository at this path
            shutil.rmtree(tree, ignore_errors=True)
            _git(root, cache, "worktree", "prune")
    else:
        _git(root, cache, "worktree", "prune")


def _git(root: Path, cache: Path, *arguments: str) -> str:
    done = supervisor().run(["git", *arguments], workdir=root, env=dict(os.environ), scratch=cache)
    if done.status != 0:
        raise UsageError(f"`git {' '.join(arguments)}` failed in {root}", detail=done.stderr)
    return done.stdout.decode(errors="surrogateescape")


def _run(root: Path, cache: Path, *arguments: str) -> int:
    return supervisor().run(["git", *arguments], workdir=root, env=dict(os.environ), scratch=cache).status


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

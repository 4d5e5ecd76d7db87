"""Where a variant is built from: the working tree, or a git worktree of its own that is removed afterwards."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tailtune.errors import UsageError
from tailtune.record.processes.process import supervisor


@contextlib.contextmanager
def source_tree(root: Path, git_ref: str, cache: Path) -> Iterator[Path]:
    """Give the folder that stands for `root` at `git_ref`: `root` itself when it is empty.

    A worktree is made under `cache`, always at the same path for the same commit, so that compilers
    find their caches again; a lock keeps a second tool from using it meanwhile. `root` may be a
    subfolder of its repository.

    Raises:
        UsageError: if `root` is in no git repository or the reference is unknown.
    """
    if not git_ref:
        yield root
        return
    commit = _commit(root, git_ref, cache)
    prefix = _git(root, cache, "rev-parse", "--show-prefix").strip()
    trees = cache / "worktrees"
    trees.mkdir(parents=True, exist_ok=True)
    tree = trees / commit[:12]
    with _locked(trees / f"{commit[:12]}.lock"):
        _remove(root, tree, cache)  # one left behind by a tool that was killed
        _git(root, cache, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree / prefix
        finally:
            _remove(root, tree, cache)


def _commit(root: Path, git_ref: str, cache: Path) -> str:
    try:
        return _git(root, cache, "rev-parse", "--verify", "--end-of-options", f"{git_ref}^{{commit}}").strip()
    except UsageError as error:
        raise UsageError(
            f"{git_ref!r} is no commit, branch or tag of the repository at {root}",
            hint="`git fetch` it first, or check its spelling",
            detail=error.detail,
        ) from error


def _remove(root: Path, tree: Path, cache: Path) -> None:
    if tree.exists():
        _git(root, cache, "worktree", "remove", "--force", "--force", str(tree))
    else:
        _git(root, cache, "worktree", "prune")


def _git(root: Path, cache: Path, *arguments: str) -> str:
    done = supervisor().run(["git", *arguments], workdir=root, env=dict(os.environ), scratch=cache)
    if done.status != 0:
        raise UsageError(f"`git {' '.join(arguments)}` failed in {root}", detail=done.stderr)
    return done.stdout.decode()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

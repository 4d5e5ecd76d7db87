"""Patch files applied to a tree of ours, and which hunk does not fit."""

import os
import re
from pathlib import Path
from typing import Final

from tailtune.errors import BuildError
from tailtune.record.processes.process import Completed, supervisor

_FAILED: Final = re.compile(r"^error: patch failed: (?P<file>.+):(?P<line>\d+)$", re.MULTILINE)
_SHOWN_LINES: Final = 20


def apply(patch: Path, top: Path, prefix: str, cache: Path) -> None:
    """Apply a patch to the files of a tree; its paths begin at the repository's top, or at `prefix` in it.

    Raises:
        BuildError: naming the first hunk that does not apply; nothing is changed then.
    """
    first = _git_apply(patch, top, cache)
    if first.status == 0:
        return
    if prefix and _git_apply(patch, top, cache, f"--directory={prefix.rstrip('/')}").status == 0:
        return
    raise _refused(patch, first.stderr)


def _git_apply(patch: Path, top: Path, cache: Path, *options: str) -> Completed:
    # Without the ceiling, a repository that happens to be above a copied tree would make git skip all files silently.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(top.parent), "LC_ALL": "C"}
    command = ["git", "apply", "--whitespace=nowarn", *options, str(patch)]
    return supervisor().run(command, workdir=top, env=env, scratch=cache)


def _refused(patch: Path, told: str) -> BuildError:
    found = _FAILED.search(told)
    if found is None:
        reason = told.strip().splitlines() or ["git does not say why"]
        return BuildError(
            f"the patch {patch} does not apply: {reason[0].removeprefix('error: ')}",
            hint="write it with `git diff`, from the repository's top or the folder of tailtune.toml",
            detail=told,
        )
    file, line = found["file"], int(found["line"])
    return BuildError(
        f"the patch {patch} does not apply: its hunk at line {line} of {file} does not fit what is there",
        hint="write it anew against the commit that it is to be applied to (`git_ref`, or the working tree)",
        detail=hunk(patch.read_text(encoding="utf-8", errors="replace"), file, line) or told,
    )


def hunk(patch: str, file: str, line: int) -> str:
    """Return the text of the hunk of a file whose old lines begin at `line`; empty if there is none."""
    inside, found = False, list[str]()
    for text in patch.splitlines():
        if text.startswith(("--- ", "diff --git ")):
            inside, ended = file in text or (inside and text == "--- /dev/null"), bool(found)
        elif text.startswith("+++ "):
            inside, ended = inside or file in text, bool(found)
        else:
            ended = bool(found) and text.startswith("@@ ")
        if ended:
            break
        if found or (inside and re.match(rf"@@ -{line}[, ]", text)):
            found.append(text)
    return "\n".join(found[:_SHOWN_LINES])

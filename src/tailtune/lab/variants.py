"""A word of the command line → a variant: a name, a commit, a patch, an executable, and settings added to one."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tailtune import config as configuration
from tailtune.config.problem import listed, nearest
from tailtune.errors import UsageError
from tailtune.model.project import Project, Variant
from tailtune.record import registry
from tailtune.record.builds.source import commit_of
from tailtune.record.processes.process import supervisor

WORKTREE: Final = ("worktree", ".")
"""Words for the working tree as it is, with what is not committed."""
_PATCHES: Final = (".patch", ".diff")
_SETTING: Final = re.compile(r"[,+](?=[A-Za-z][A-Za-z0-9_.-]*=)")
_LISTS: Final = ("tags", "features", "build_flags", "rustflags")
_TABLES: Final = ("env", "build_env", "cargo_profile")
_PATHS: Final = ("patch", "binary", "pgo")
_TEXTS: Final = ("git_ref", "target_cpu", "goamd64")
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}


def find(project: Project, word: str, root: Path) -> tuple[str, Variant]:
    """Return the variant that a word names, and the name it has in results: the word.

    A word is a variant of tailtune.toml; `base`; `worktree` or `.`; a commit, branch or tag; a file that ends in
    .patch or .diff; the path of an executable; and any of these with settings behind it, such as `main+gogc=400` or
    `base,env.FOO=1,tags=x`. Paths are relative to the current directory.

    Args:
        project: what tailtune.toml describes.
        word: as typed.
        root: folder of tailtune.toml.

    Raises:
        UsageError: if nothing has this name, or a setting is unknown or impossible; the message says what was tried.
    """
    first, *settings = [word] if word in project.variants else _SETTING.split(word)
    if "=" in first and not settings and not _is_known(project, first, root):
        first, settings = "", [first]  # settings alone
    variant = Variant() if settings and not first else _source(project, first, root)
    for setting in settings:
        key, _, value = setting.partition("=")
        variant = _with(project, variant, key, value, word, root)
    if first not in project.variants or settings:
        configuration.check_variant(word, variant, project.service)
    return word, variant


def _is_known(project: Project, word: str, root: Path) -> bool:
    try:
        _source(project, word, root)
    except UsageError:
        return False
    return True


def _source(project: Project, word: str, root: Path) -> Variant:
    if word in project.variants or word == configuration.BASE:
        return configuration.variant(project, word)
    if word in WORKTREE:
        return Variant()
    if word.endswith(_PATCHES):
        if not Path(word).is_file():
            raise UsageError(f"there is no patch file {Path(word).absolute()}", hint="paths are relative to here")
        return Variant(patch=_path(word, root))
    commit = None if word.startswith(("/", "./", "../")) else _commit(word, root)
    if commit is not None:
        return Variant(git_ref=commit)
    if Path(word).is_file():
        if not os.access(word, os.X_OK):
            raise UsageError(
                f"{word} is a file, but neither a patch nor executable",
                hint=f"chmod +x {word}, or name a patch .patch or .diff",
            )
        return Variant(binary=_path(word, root))
    known = [configuration.BASE, WORKTREE[0], *project.variants]
    raise UsageError(
        f"nothing is called `{word}`: no variant (there are {listed(known)}), no commit, branch or tag of the"
        f" repository at {root}, no patch file, no executable",
        hint=nearest(word, known) or "`git branch --all` and `git tag` list what a variant can be built from",
    )


def _commit(word: str, root: Path) -> str | None:
    """Return the commit's full name, so that the record says which one a branch was then."""
    with supervisor().folder("tailtune-", Path(tempfile.gettempdir())) as folder:
        return commit_of(root, word, folder)


def _path(word: str, root: Path) -> str:
    """Return a path as tailtune.toml would hold it."""
    path = Path(word).resolve()
    return str(path.relative_to(root.resolve()) if path.is_relative_to(root.resolve()) else path)


def _with(project: Project, variant: Variant, key: str, value: str, word: str, root: Path) -> Variant:
    """Return the variant with one more setting."""
    change = _change(project, variant, key, value, root)
    if change is None:
        raise UsageError(
            f"`{word}`: there is no setting `{key}`; settings are {listed(_names())}",
            hint=nearest(key, _names()) or "a setting is NAME=VALUE; `tailtune knobs` explains the knobs",
        )
    return msgspec.structs.replace(variant, **change)


def _names() -> list[str]:
    fields = (*_LISTS, *_PATHS, *_TEXTS, "default_features", "layout_seed")
    plain = {*registry.knobs(), "arg", *(name.replace("_", "-") for name in fields)}
    return [*sorted(plain), *(f"{table.replace('_', '-')}.NAME" for table in _TABLES)]


def _change(project: Project, variant: Variant, key: str, value: str, root: Path) -> dict[str, Any] | None:
    """Return the fields of the variant that a setting changes; None if there is no such setting."""
    table, dot, name = key.partition(".")
    if dot and name and (field := table.replace("-", "_")) in _TABLES:
        return {field: {**getattr(variant, field), name: value}}
    if key == "arg":
        args = project.service.args if variant.args is None else variant.args
        return {"args": [*args, value]}
    field = key.replace("-", "_")
    if field in _LISTS:
        return {field: [*getattr(variant, field), *value.split(",")]}
    if reader := _READERS.get(field):
        return {field: reader(key, value, root)}
    if key not in registry.knobs():
        return None
    registry.knob(key).check(value)
    return {"knobs": {**variant.knobs, key: value}}


def _text(_key: str, value: str, _root: Path) -> str:
    return value


def _file(_key: str, value: str, root: Path) -> str:
    return value if value in ("", "train", "off") else _path(value, root)


def _number(key: str, value: str, _root: Path) -> int:
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"`{key}={value}`: not a whole number", hint=f"{key}=7")
    return int(value)


def _truth(key: str, value: str, _root: Path) -> bool:
    if value not in _TRUTH:
        raise UsageError(f"`{key}={value}`: neither true nor false", hint=f"{key}=false")
    return _TRUTH[value]


_READERS: Final[Mapping[str, Callable[[str, str, Path], Any]]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_PATHS, _file),
    "layout_seed": _number,
    "default_features": _truth,
}

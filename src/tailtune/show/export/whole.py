"""Files of `--output`: written whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tailtune.errors import SetupError


def check_writable(path: Path) -> None:
    """Find out before the work whether the file can be written after it.

    Raises:
        SetupError: if it cannot.
    """
    try:
        if _is_special(path):
            return
        part = _part(path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise refused(path, error) from error


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all; an older one of its name is replaced.

    Raises:
        SetupError: if the disk refuses.
    """
    target = path if _is_special(path) else _part(path)
    try:
        with target.open("wb") as stream:
            write(stream)
            stream.flush()
            if target != path:
                os.fsync(stream.fileno())
        if target != path:
            target.replace(path)
    except BaseException as error:
        if target != path:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise refused(path, error) from error
        raise


def refused(path: Path, error: BaseException) -> SetupError:
    """Return the error of a file that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return SetupError(f"--output {path} cannot be written: {reason}", hint="does its folder exist, and is there room?")


def _is_special(path: Path) -> bool:
    """Whether it is something like /dev/null, a pipe or a terminal, that cannot be replaced."""
    return path.exists() and not path.is_file()


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")

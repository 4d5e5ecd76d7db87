"""Profiles out of files, by their content and not by their names."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailtune.errors import SetupError, UsageError

if TYPE_CHECKING:
    from tailtune._native import Profile

STDIN: Final = "-"
_ELF: Final = b"\x7fELF"
_MOST_BYTES: Final = 1 << 30
"""Of a file that has to be held whole."""


def open_profile(name: str) -> "Profile":
    """Read the profile in a file, or `-`: in stdin.

    Raises:
        UsageError: if there is no such file.
        SetupError: if it cannot be read, or is too large.
        NativeError: if it holds no profile.
    """
    from tailtune._native import Profile

    return Profile.from_pprof(_content(name))


def is_profile_file(path: Path) -> bool:
    """Whether there is such a file, and it is no program: a process may be meant that bears the name of its binary."""
    try:
        if not path.exists() or path.is_dir():
            return False
        if not path.is_file():
            return True
        with path.open("rb") as stream:
            return stream.read(len(_ELF)) != _ELF
    except OSError:
        return True


def _content(name: str) -> bytes:
    path = Path(name)
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise SetupError(f"{name} is larger than {_MOST_BYTES >> 30} GiB")
    return data

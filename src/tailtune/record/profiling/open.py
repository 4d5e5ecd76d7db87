"""Profiles out of files, by their content and not by their names."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final, NamedTuple

import msgspec

from tailtune.errors import NativeError, SetupError, UsageError
from tailtune.model.go_trace import GoTrace
from tailtune.record.ports import Progress

if TYPE_CHECKING:
    from tailtune._native import Profile

STDIN: Final = "-"
_ELF: Final = b"\x7fELF"
_GO_TRACE: Final = "go-trace"
_HEAD_BYTES: Final = 65_536
"""Enough to tell the format."""
_MOST_BYTES: Final = 1 << 30
"""Of a file that has to be held whole."""
_MOST_KEPT_BYTES: Final = 16 << 30
"""Of a pipe, on the disk."""
_PIECE_BYTES: Final = 1 << 20
_READABLE: Final = (
    "pprof, perf.data, the text of perf script, collapsed stacks, a dump of jemalloc, or an execution trace of Go"
)


class ProfileFile(NamedTuple):
    """What a file holds."""

    profile: "Profile"
    cpu_samples: "Profile | None" = None
    """Of an execution trace, if the CPU was sampled meanwhile."""
    trace: GoTrace | None = None


def open_profile(name: str, progress: Progress) -> ProfileFile:
    """Read the profile in a file, or `-`: in stdin.

    Raises:
        UsageError: if there is no such file, or it holds no profile that can be read.
        SetupError: if it cannot be read, or is too large.
        NativeError: if the profile is damaged from its beginning.
    """
    try:
        with _seekable(name) as path, naming(name):
            return _read(path, name, progress)
    except FileNotFoundError as error:
        raise UsageError(f"{name} does not exist") from error
    except OSError as error:
        raise SetupError(f"{name} cannot be read: {error.strerror}") from error


def read_profile(data: bytes, progress: Progress) -> ProfileFile:
    """Read what a service has sent: pprof, or an execution trace of Go.

    Raises:
        NativeError: if it is neither, or damaged from its beginning.
    """
    from tailtune import _native

    if _native.profile_format(data[:_HEAD_BYTES]) != _GO_TRACE:
        return ProfileFile(_native.Profile.from_pprof(data))
    with tempfile.NamedTemporaryFile(prefix="tailtune-") as kept:
        kept.write(data)
        kept.flush()
        return _go_trace(Path(kept.name), progress)


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Name the file or URL in errors about its content.

    Raises:
        NativeError: as raised within.
    """
    try:
        yield
    except NativeError as error:
        message = error.message if source in error.message else f"{source}: {error.message}"
        raise NativeError(message, hint=error.hint, detail=error.detail) from error


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


def _read(path: Path, name: str, progress: Progress) -> ProfileFile:
    from tailtune import _native

    with path.open("rb") as stream:
        form = _native.profile_format(stream.read(_HEAD_BYTES))
    if form == _GO_TRACE:
        return _go_trace(path, progress)
    return ProfileFile(_profile(path, name, form, progress))


def _go_trace(path: Path, progress: Progress) -> ProfileFile:
    from tailtune import _native

    profile, samples, told = _native.read_go_trace(path, progress=lambda share: progress.advance(share, 1.0))
    return ProfileFile(profile, samples, msgspec.json.decode(told, type=GoTrace))


def _profile(path: Path, name: str, form: str, progress: Progress) -> "Profile":
    from tailtune import _native

    match form:
        case "pprof":
            return _native.Profile.from_pprof(_whole(path, name))
        case "perf.data":
            return _native.read_perf_data(path, progress=lambda share: progress.advance(share, 1.0))
        case "perf-script":
            return _native.read_perf_script(path)
        case "collapsed":
            return _native.read_collapsed(path)
        case "heap_v2":
            return _native.read_heap_v2(_whole(path, name))
    told = f"is of the format {form}, which is not read" if form else "holds no profile"
    raise UsageError(f"{name} {told}", hint=f"give {_READABLE}")


@contextmanager
def _seekable(name: str) -> Iterator[Path]:
    """Give a path that can be read more than once; a pipe is kept in a file meanwhile."""
    path = Path(name)
    if name != STDIN and (path.is_file() or not path.exists()):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="tailtune-") as kept:
        if name == STDIN:
            _keep(sys.stdin.buffer, kept, name)
        else:
            with path.open("rb") as stream:
                _keep(stream, kept, name)
        kept.flush()
        yield Path(kept.name)


def _keep(stream: BinaryIO, kept: IO[bytes], name: str) -> None:
    """Copy what holds a profile; a device or a program may yield something else without end."""
    from tailtune import _native

    piece = stream.read(_HEAD_BYTES)
    if not _native.profile_format(piece):
        raise UsageError(f"{name} holds no profile", hint=f"give {_READABLE}")
    copied = 0
    while piece:
        copied += len(piece)
        if copied > _MOST_KEPT_BYTES:
            raise SetupError(f"{name} yields more than {_MOST_KEPT_BYTES >> 30} GiB", hint="give a file")
        kept.write(piece)
        piece = stream.read(_PIECE_BYTES)


def _whole(path: Path, name: str) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise SetupError(f"{name} is larger than {_MOST_BYTES >> 30} GiB")
    return data

"""Writing files so that a crash at any moment leaves either the old state or the new one."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from tailtune.errors import RecordingError

MANIFEST: Final = "manifest.json"
LOCK: Final = ".lock"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a RecordingError that names the file."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RecordingError(
            f"{path} cannot be written: {reason}",
            hint="finished recordings are untouched; free space with `tailtune runs remove` and try again",
        ) from error


def write_durably(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk and give it its name."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Flush a file written by somebody else to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Flush a directory, so that names created or changed in it survive a power cut."""
    sync_file(path)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def relative_files(directory: Path) -> list[str]:
    """Return the names, relative to the bundle and with `/`, of all its files but the manifest; sorted."""
    found = (path for path in directory.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(name for name in (path.relative_to(directory).as_posix() for path in found) if name != MANIFEST)


def size_of(directory: Path) -> int:
    """Return the bytes of all files of a recording."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def inside(directory: Path, name: str) -> Path:
    """Return the path of a bundle's file.

    Raises:
        ValueError: if the name leads out of the bundle or is hidden.
    """
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or any(part.startswith(".") for part in parts):
        raise ValueError(f"{name!r} is not a name inside a recording")
    return directory.joinpath(*parts)

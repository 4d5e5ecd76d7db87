"""Where recordings go: room, permission, and how many files may be open."""

import os
import resource
import shutil
from pathlib import Path

import msgspec


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    place: Path
    """Folder that exists and would hold the recordings."""
    free_bytes: int
    writable: bool
    open_files: int
    """RLIMIT_NOFILE now; -1: no limit."""
    open_files_most: int
    """What it may be raised to without privileges; -1: no limit."""


def look_at_storage(directory: Path) -> Storage:
    """Look at the disk below `directory`, or below the nearest folder above it that exists; writes nothing."""
    place = next(folder for folder in (directory, *directory.parents) if folder.is_dir())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Storage(
        place=place,
        free_bytes=shutil.disk_usage(place).free,
        writable=os.access(place, os.W_OK | os.X_OK),
        open_files=soft,
        open_files_most=hard,
    )

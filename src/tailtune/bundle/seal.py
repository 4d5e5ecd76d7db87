"""Turns a directory being written into a recording: tables merged, files hashed, manifest in place."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tailtune.bundle import tables
from tailtune.bundle.schema import TABLES
from tailtune.bundle.storage import (
    LOCK,
    MANIFEST,
    relative_files,
    sha256,
    sync_directory,
    sync_file,
    write_durably,
)
from tailtune.bundle.workspace import REMOVED_PREFIX
from tailtune.model.codec import to_json
from tailtune.model.recording import Manifest


def seal(directory: Path, manifest: Manifest, destination: Path) -> None:
    """Complete the recording in `directory` and rename it to `destination`.

    A crash in between is harmless: parts of tables go only after the manifest that no longer
    needs them is on disk, and the rename is the last step.
    """
    superfluous = [part for name in TABLES for part in tables.merge_parts(directory, name)]
    names = [name for name in relative_files(directory) if directory / name not in superfluous]
    for name in names:
        sync_file(directory / name)
    counts = {name: tables.count_rows(directory, name) for name in TABLES if tables.parts(directory, name)}
    final = msgspec.structs.replace(
        manifest, tables=counts, checksums={name: sha256(directory / name) for name in names}
    )
    write_manifest(directory, final)
    for part in superfluous:
        part.unlink()
    for folder in _folders(directory):
        sync_directory(folder)
    if destination.exists():  # a recording that was taken up again: all of it is in `directory`, too
        destination.rename(destination.with_name(f"{REMOVED_PREFIX}{destination.name}"))
    os.rename(directory, destination)  # noqa: PTH104 - Path.rename would hide that it must not replace
    (destination / LOCK).unlink(missing_ok=True)
    shutil.rmtree(destination.with_name(f"{REMOVED_PREFIX}{destination.name}"), ignore_errors=True)
    sync_directory(destination.parent)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Put the manifest in place, durably."""
    write_durably(directory / MANIFEST, to_json(manifest, indent=2))


def drop_unlisted(directory: Path, checksums: Mapping[str, str]) -> None:
    """Remove files that the checkpointed manifest does not vouch for; logs stay, however short."""
    for path in directory.rglob("*.tmp"):
        path.unlink()
    for name in relative_files(directory):
        if name not in checksums and not name.startswith("logs/"):
            (directory / name).unlink()


def _folders(directory: Path) -> list[Path]:
    return [*(path for path in directory.rglob("*") if path.is_dir()), directory]

"""Reads one recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import pyarrow as pa

from tailtune.bundle import tables
from tailtune.bundle.storage import MANIFEST, inside, relative_files, sha256
from tailtune.errors import RecordingError
from tailtune.model.codec import from_json
from tailtune.model.recording import FORMAT_VERSION, Manifest


class _Version(msgspec.Struct):
    format_version: int


class Bundle:
    """A finished recording. Tables and files are read when asked for."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """Use `open`."""
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the recording in the directory `path`.

        Raises:
            RecordingError: if there is none, it is damaged, or a newer tailtune wrote it.
        """
        return cls(path, read_manifest(path))

    @property
    def id(self) -> str:
        """Identifier of the recording."""
        return self.manifest.id

    def table(self, name: str) -> pa.Table:
        """Return a table of the schema; empty when it was not recorded.

        Raises:
            ValueError: if no table has this name.
            RecordingError: if its file is damaged.
        """
        return tables.read_table(self.path, name)

    def batches(self, name: str) -> Iterator[pa.Table]:
        """Yield a table of the schema piece by piece, in memory that does not grow with it.

        Raises:
            ValueError: if no table has this name.
            RecordingError: if its file is damaged.
        """
        return tables.read_batches(self.path, name)

    def file(self, name: str) -> bytes:
        """Return the content of a file, for example `profiles/on-cpu.measure.pb.gz`.

        Raises:
            RecordingError: if it is not there or cannot be read.
        """
        path = inside(self.path, name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from error

    def files(self) -> list[str]:
        """Return the names of all files but the manifest, sorted."""
        return relative_files(self.path)

    def verify(self) -> None:
        """Compare every file with its checksum.

        Raises:
            RecordingError: naming the files that are missing or were changed.
        """
        damaged = [name for name, checksum in self.manifest.checksums.items() if not self._intact(name, checksum)]
        if damaged:
            raise RecordingError(
                f"{self.path}: missing or changed since it was recorded: {', '.join(sorted(damaged))}",
                hint="restore these files, or remove the recording with `tailtune runs remove`",
            )

    def _intact(self, name: str, checksum: str) -> bool:
        path = self.path / name
        return path.is_file() and sha256(path) == checksum


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a recording.

    Raises:
        RecordingError: if it is missing, damaged, or of a newer format.
    """
    path = directory / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(
            f"{directory} is not a recording: {MANIFEST}: {error.strerror}", hint="`tailtune runs` lists what there is"
        ) from error
    try:
        version = from_json(data, _Version).format_version
        if version > FORMAT_VERSION:
            raise RecordingError(
                f"{path} has format version {version}; this tailtune reads up to {FORMAT_VERSION}",
                hint="a newer tailtune recorded it: upgrade to read it",
            )
        return from_json(data, Manifest)
    except msgspec.MsgspecError as error:
        raise RecordingError(
            f"{path} is damaged: {error}", hint="restore it, or remove the recording with `tailtune runs remove`"
        ) from error

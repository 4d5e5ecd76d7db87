"""Writes one recording; several processes may write into the same workspace at once."""

import fcntl
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec
import pyarrow as pa

from tailtune.bundle import tables
from tailtune.bundle.reader import read_manifest
from tailtune.bundle.recovery import recover
from tailtune.bundle.seal import seal, write_manifest
from tailtune.bundle.storage import LOCK, MANIFEST, inside, relative_files, sha256, sync_file, write_durably, writing
from tailtune.bundle.workspace import PARTIAL_PREFIX, Workspace
from tailtune.errors import RecordingError
from tailtune.model.recording import Kind, Manifest

_FOLDERS: Final = ("tables", "profiles", "logs")
_ATTEMPTS: Final = 1000


class BundleWriter:
    """A recording in the making: a hidden directory until `finish` gives it its name.

    As a context manager it aborts on leaving unless finished. After a failed write the caller aborts.
    """

    def __init__(self, workspace: Workspace, kind: Kind, recording_id: str, path: Path, lock: IO[bytes]) -> None:
        """Use `create`."""
        self.id = recording_id
        self.path = path
        self._workspace = workspace
        self._kind = kind
        self._lock = lock
        self._open: dict[str, tables.TableWriter] = {}
        self._parts: dict[str, int] = {}
        self._checksums: dict[str, str] = {}
        self._closed = False

    @classmethod
    def create(cls, workspace: Workspace, kind: Kind) -> Self:
        """Begin a recording of the given kind.

        Raises:
            RecordingError: if the workspace cannot be written.
        """
        workspace.ensure()
        recover(workspace)
        with writing(workspace.runs):
            recording_id, path = _reserve(workspace)
            for folder in _FOLDERS:
                (path / folder).mkdir()
            lock = (path / LOCK).open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(workspace, kind, recording_id, path, lock)

    @classmethod
    def resume(cls, workspace: Workspace, path: Path) -> tuple[Self, Manifest]:
        """Take up a finished or partial recording again; it stays as it is until the new one takes its place.

        Raises:
            RecordingError: if it is damaged, somebody else is at it, or the workspace cannot be written.
        """
        recover(workspace)
        manifest = read_manifest(path)
        if list(workspace.runs.glob(f"{PARTIAL_PREFIX}{manifest.id}-*")):
            raise RecordingError(f"recording {manifest.id} is being continued by another process")
        with writing(workspace.runs):
            copy = workspace.runs / f"{PARTIAL_PREFIX}{manifest.id}-{os.getpid()}"
            for folder in _FOLDERS:
                (copy / folder).mkdir(parents=True)
            lock = (copy / LOCK).open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            writer = cls(workspace, manifest.kind, manifest.id, copy, lock)
            try:
                writer._take_over(path, manifest)
            except BaseException:
                writer.abort()
                raise
        return writer, manifest

    def _take_over(self, path: Path, manifest: Manifest) -> None:
        """Copy the files; a whole table becomes the first part of one that grows."""
        for name in relative_files(path):
            table = Path(name).stem if name.startswith(f"{tables.FOLDER}/") else ""
            target = tables.part_path(self.path, table, 1) if table else inside(self.path, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path / name, target)
            if table:
                self._parts[table] = 1
            if name in manifest.checksums:
                self._checksums[target.relative_to(self.path).as_posix()] = manifest.checksums[name]
        self.checkpoint(manifest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def add_table(self, name: str, table: pa.Table) -> None:
        """Append rows to a table of the schema; may be called many times.

        Raises:
            ValueError: if the columns do not fit the schema.
            RecordingError: if the disk refuses.
        """
        rows = tables.conform(name, table)
        with writing(self.path / tables.FOLDER / f"{name}.parquet"):
            if name not in self._open:
                self._parts[name] = self._parts.get(name, 0) + 1
                self._open[name] = tables.TableWriter(tables.part_path(self.path, name, self._parts[name]), name)
            self._open[name].append(rows)

    def add_file(self, name: str, data: bytes) -> None:
        """Store a file, for example `profiles/go-cpu.diagnose.pb.gz`.

        Raises:
            ValueError: if the name leads out of the recording.
            RecordingError: if the disk refuses.
        """
        path = inside(self.path, name)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, data)
            self._checksums[name] = sha256(path)

    def log_path(self, name: str) -> Path:
        """Return where a started process may write its output: `logs/<name>`."""
        return inside(self.path, f"logs/{name}")

    def checkpoint(self, manifest: Manifest) -> None:
        """Make everything added so far survive a kill: it will be found as a partial recording.

        Raises:
            RecordingError: if the disk refuses.
        """
        with writing(self.path):
            self._close_tables()
            write_manifest(self.path, self._complete(manifest, partial=True))

    def finish(self, manifest: Manifest) -> Path:
        """Seal the recording and return its final directory.

        Raises:
            RecordingError: if the disk refuses; call `abort` then.
        """
        if self._closed:
            raise ValueError(f"recording {self.id} is already closed")
        destination = self._workspace.run(self.id)
        with writing(destination):
            self._close_tables()
            seal(self.path, self._complete(manifest, partial=manifest.partial), destination)
        self._closed = True
        self._lock.close()
        return destination

    def abort(self) -> None:
        """Remove the unfinished recording; nothing happens once finished. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._close_quietly()
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def leave(self) -> None:
        """Give up writing where the disk refuses: the last checkpoint stays, and is sealed at the next start.

        Without a checkpoint this aborts.
        """
        if self._closed or not (self.path / MANIFEST).exists():
            self.abort()
            return
        self._closed = True
        self._close_quietly()
        self._lock.close()

    def _close_quietly(self) -> None:
        for table in self._open.values():
            try:
                table.close()
            except (OSError, pa.ArrowException):  # a full disk refuses the footer too; the part is not vouched for
                continue

    def _close_tables(self) -> None:
        for table in self._open.values():
            table.close()
            sync_file(table.path)
            self._checksums[table.path.relative_to(self.path).as_posix()] = sha256(table.path)
        self._open.clear()

    def _complete(self, manifest: Manifest, *, partial: bool) -> Manifest:
        if manifest.kind is not self._kind:
            raise RecordingError(f"recording {self.id} was begun as {self._kind}, its manifest says {manifest.kind}")
        return msgspec.structs.replace(manifest, id=self.id, partial=partial, checksums=dict(self._checksums))


def _reserve(workspace: Workspace) -> tuple[str, Path]:
    """Make a directory whose id nobody else has.

    Two writers may draw the same id at the same time: each makes its own directory, then looks.
    Whoever sees the other gives way; possibly both do.
    """
    for _ in range(_ATTEMPTS):
        recording_id = _id_of(datetime.now(UTC))
        path = workspace.runs / f"{PARTIAL_PREFIX}{recording_id}-{os.getpid()}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        rivals = [other for other in workspace.runs.glob(f"{PARTIAL_PREFIX}{recording_id}-*") if other != path]
        if not rivals and not workspace.run(recording_id).exists():
            return recording_id, path
        path.rmdir()
    raise RecordingError(f"no free recording id under {workspace.runs}", hint="is the clock of this machine standing?")


def _id_of(moment: datetime) -> str:
    """Return an id that sorts by time to 16 µs and whose last four digits alone nearly name it."""
    fraction = moment.microsecond * 0x10000 // 1_000_000
    return f"{moment:%Y%m%d-%H%M%S}-{fraction:04x}"

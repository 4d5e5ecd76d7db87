"""The list of all recordings of a workspace.

The directories are the truth; `catalogue.sqlite` only saves reading every manifest for every list.
So it heals itself: rows without a directory go, directories without a row are read, and a
damaged or unwritable database costs nothing but time.
"""

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tailtune.bundle.reader import read_manifest
from tailtune.bundle.recovery import recover
from tailtune.bundle.storage import MANIFEST, size_of, writing
from tailtune.bundle.workspace import REMOVED_PREFIX, Workspace
from tailtune.errors import RecordingError, UsageError
from tailtune.model.recording import Entry, Kind, Manifest

_TABLE: Final = "CREATE TABLE IF NOT EXISTS recordings (id TEXT PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID"
_BUSY_SECONDS: Final = 10.0
_LATEST: Final = "latest"
_SUFFIX_LENGTH: Final = 4


class Catalogue:
    """Lists, finds and removes recordings. Cheap to construct; holds nothing open."""

    def __init__(self, workspace: Workspace) -> None:
        """Serve the recordings of a workspace."""
        self._workspace = workspace

    def list(self, kinds: Collection[Kind] = ()) -> list[Entry]:
        """Return all recordings, or those of the kinds named, oldest first; damaged ones only without kinds."""
        recover(self._workspace)
        paths = {path.name: path for path in self._workspace.finished()}
        known = self._load()
        fresh = {name: _entry(path) for name, path in paths.items() if name not in known}
        self._store([entry for entry in fresh.values() if not entry.damaged], sorted(known.keys() - paths.keys()))
        entries = [known.get(name) or fresh[name] for name in sorted(paths)]
        return [entry for entry in entries if not kinds or entry.kind in kinds]

    def resolve(self, name: str, kinds: Collection[Kind] = ()) -> Path:
        """Return the directory of one recording.

        Args:
            name: an id, an unambiguous beginning or the last four digits of one, `latest`,
                `latest~1` (the one before), or the path of a recording's directory.
            kinds: the kinds that are meant; empty: all.

        Raises:
            UsageError: if none or several recordings fit.
        """
        if ("/" in name or name.startswith(".")) and (Path(name) / MANIFEST).is_file():
            return Path(name)
        entries = self.list(kinds)
        chosen = _nth_latest(entries, name) if name.startswith(_LATEST) else _by_id(entries, name)
        return Path(chosen.path)

    def remove(self, path: Path) -> None:
        """Remove the recording in the directory `path`.

        Raises:
            UsageError: if it is not one of this workspace.
            RecordingError: if the disk refuses.
        """
        if path.resolve().parent != self._workspace.runs.resolve():
            raise UsageError(f"{path} is not in {self._workspace.runs}", hint="only recordings of this project go")
        with writing(path):
            doomed = path.with_name(f"{REMOVED_PREFIX}{path.name}")
            path.rename(doomed)
            shutil.rmtree(doomed)
        self._store([], [path.name])

    def _load(self) -> dict[str, Entry]:
        rows: Collection[tuple[str, bytes]] = ()
        with self._database() as database:
            if database is not None:
                rows = database.execute("SELECT id, entry FROM recordings").fetchall()
        entries = {}
        for identifier, data in rows:
            try:
                entry = msgspec.json.decode(data, type=Entry)
            except msgspec.MsgspecError:  # a row of another version is read anew
                continue
            path = str(self._workspace.run(identifier))
            entries[identifier] = msgspec.structs.replace(entry, path=path)  # the project may have moved
        return entries

    def _store(self, entries: Collection[Entry], gone: Collection[str]) -> None:
        if not entries and not gone:
            return
        with self._database() as database:
            if database is None:
                return
            database.executemany("DELETE FROM recordings WHERE id = ?", [(identifier,) for identifier in gone])
            database.executemany(
                "INSERT OR REPLACE INTO recordings VALUES (?, ?)",
                [(entry.id, msgspec.json.encode(entry)) for entry in entries],
            )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection | None]:
        """Open the cache in a transaction; None where that is impossible. A damaged file is thrown away."""
        connection = self._connect() if self._workspace.runs.is_dir() else None
        if connection is None:
            yield None
            return
        with closing(connection):
            try:
                with connection:
                    yield connection
            except sqlite3.OperationalError:  # locked for long or read-only: next time
                return
            except sqlite3.DatabaseError:
                self._discard()

    def _connect(self) -> sqlite3.Connection | None:
        for _ in range(2):
            connection = None
            try:
                connection = sqlite3.connect(self._workspace.catalogue, timeout=_BUSY_SECONDS)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(_TABLE)
                connection.execute("SELECT id, entry FROM recordings LIMIT 1")
                return connection
            except sqlite3.OperationalError:
                _close(connection)
                return None
            except sqlite3.DatabaseError:
                _close(connection)
                self._discard()
        return None

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._workspace.catalogue.with_name(f"{self._workspace.catalogue.name}{suffix}").unlink(missing_ok=True)


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def _entry(path: Path) -> Entry:
    try:
        manifest = read_manifest(path)
    except RecordingError as error:
        return Entry(id=path.name, path=str(path), damaged=error.message)
    return _entry_of(path, manifest)


def _entry_of(path: Path, manifest: Manifest) -> Entry:
    return Entry(
        id=path.name,
        path=str(path),
        kind=manifest.kind,
        created_utc=manifest.created_utc,
        variants=list(manifest.variants),
        workload=manifest.workload_name,
        requests=manifest.load.sent_requests if manifest.load else None,
        validity=manifest.load.validity if manifest.load else None,
        partial=manifest.partial,
        failure=manifest.failure,
        size_bytes=size_of(path),
    )


def _nth_latest(entries: list[Entry], name: str) -> Entry:
    _, _, back = name.partition("~")
    if name.partition("~")[0] != _LATEST or not (back or "0").isdigit():
        raise UsageError(f"{name!r} names no recording", hint="write `latest`, or `latest~1` for the one before")
    index = int(back or "0")
    if index >= len(entries):
        raise UsageError(
            f"{name!r}: there are {len(entries)} such recordings",
            hint="`tailtune run` makes one; `tailtune runs` lists them",
        )
    return entries[-1 - index]


def _by_id(entries: list[Entry], name: str) -> Entry:
    exact = [entry for entry in entries if entry.id == name]
    fitting = exact or [
        entry
        for entry in entries
        if entry.id.startswith(name) or (len(name) == _SUFFIX_LENGTH and entry.id.endswith(f"-{name}"))
    ]
    if len(fitting) != 1:
        found = "no recording" if not fitting else f"{len(fitting)} recordings"
        listed = ", ".join(entry.id for entry in (fitting or entries)[-5:])
        raise UsageError(
            f"{name!r} fits {found}", hint=f"the latest: {listed}" if listed else "`tailtune run` makes one"
        )
    return fitting[0]

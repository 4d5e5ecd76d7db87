"""What writers that were killed left behind: kept as partial recordings if checkpointed, removed otherwise."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from tailtune.bundle.reader import read_manifest
from tailtune.bundle.seal import drop_unlisted, seal
from tailtune.bundle.storage import LOCK, MANIFEST
from tailtune.bundle.workspace import PARTIAL_PREFIX, Workspace
from tailtune.errors import RecordingError
from tailtune.model.recording import Manifest

_FAILURE: Final = "the recording process ended before the recording was finished"


def recover(workspace: Workspace) -> None:
    """Treat the leftovers of dead writers: checkpointed ones become readable as partial recordings.

    Several processes may do so at once. What cannot be treated now (a full disk, somebody
    else's files) stays for the next time.
    """
    for directory in workspace.removed():
        shutil.rmtree(directory, ignore_errors=True)
    for directory in workspace.unfinished():
        with contextlib.suppress(OSError, RecordingError):
            _recover_one(workspace, directory)


def _recover_one(workspace: Workspace, directory: Path) -> None:
    recording_id, pid = _parse(directory.name)
    if _alive(pid):
        return
    with (directory / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # a writer in another container, or another process recovering
            return
        if not directory.exists():  # recovered by another process while we waited for nothing
            return
        if not (directory / MANIFEST).exists():
            shutil.rmtree(directory, ignore_errors=True)
            return
        manifest = read_manifest(directory)
        drop_unlisted(directory, manifest.checksums)
        seal(directory, _marked(manifest), workspace.run(recording_id))


def _marked(manifest: Manifest) -> Manifest:
    if not manifest.partial:  # killed between the last manifest and the rename: everything is there
        return manifest
    return msgspec.structs.replace(manifest, failure=manifest.failure or _FAILURE)


def _parse(name: str) -> tuple[str, int]:
    recording_id, _, pid = name.removeprefix(PARTIAL_PREFIX).rpartition("-")
    return recording_id, int(pid) if pid.isdigit() else 0


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

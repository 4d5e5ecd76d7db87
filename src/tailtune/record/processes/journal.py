"""What the tool changed outside its own processes: written down before it changes, so that it is undone for certain.

One file for each tool process, `$XDG_STATE_HOME/tailtune/settings/TOKEN.journal`, of lines of JSON: what would
undo a change, written and synced before the change is made, and `{"done": N}` after it was undone. The tool and its
watchdog hold a shared lock on it. A journal that nobody holds was left by a tool whose watchdog was killed as well;
`repair` does what it says. All undoing can be done twice, and by two at once.

Used by the watchdog, therefore free of anything that is slow to import.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import IO, Final, NamedTuple

from tailtune.record.processes import ownership

_SUFFIX: Final = ".journal"
_PASSES: Final = 100
_PASS_SECONDS: Final = 0.02
GROUP: Final = "group"
WRITE: Final = "write"
FOLDER: Final = "folder"
PREFIX: Final = "tailtune-"
"""What the names of our control groups and folders begin with."""
CONTROL: Final = "cgroup.subtree_control"
"""The only file of settings that is written: which controllers a group hands out."""


class Undo(NamedTuple):
    """How one change is undone."""

    kind: str
    """GROUP: end what is in a control group and remove it. WRITE: write `text` into CONTROL, unless another
    tailtune still has groups beside it. FOLDER: delete a folder of ours."""
    path: str
    text: str = ""


def folder() -> Path | None:
    """Return where journals are kept; it may not exist. None for a user without a home."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):  # noqa: PTH117 - a relative one is to be ignored, XDG Base Directory Specification
        home = os.path.expanduser("~/.local/state")  # noqa: PTH111 - does not raise where there is no home
    return Path(home) / "tailtune" / "settings" if os.path.isabs(home) else None  # noqa: PTH117


class Journal:
    """The journal of this tool process."""

    def __init__(self, token: str) -> None:
        """Create its file and hold it.

        Raises:
            OSError: if it cannot be written: then nothing may be changed.
        """
        place = folder()
        if place is None:
            raise OSError(errno.ENOENT, "this user has no home", "the journal of settings")
        self.path = place / f"{token.rstrip('.')}{_SUFFIX}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = self.path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self._write({"token": token})
        _sync_folder(self.path.parent)
        self._open: dict[int, Undo] = {}
        self._count = 0

    def add(self, undo: Undo) -> int:
        """Write down what will undo a change, durably; return its number."""
        number = self._count
        self._count += 1
        self._write({"undo": [number, *undo]})
        self._open[number] = undo
        return number

    def undo(self, number: int) -> str:
        """Undo a change; return why it could not be, which leaves it to the next start; empty: done."""
        reason = carry_out(self._open[number])
        if not reason:
            del self._open[number]
            self._write({"done": number})
        return reason

    def close(self) -> None:
        """Let go of it; it stays where something is left to do. Safe to call twice."""
        if self._file.closed:
            return
        if not self._open:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


class Left:
    """A journal as another process finds it."""

    def __init__(self, path: Path) -> None:
        """Open it, without holding it yet.

        Raises:
            OSError: if it has gone.
        """
        self._path = path
        self._file = path.open("rb")

    def hold(self) -> None:
        """Share it with the tool, as its watchdog does."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def is_foreign(self) -> bool:
        """Whether another user wrote it: what it says is not ours to do, least of all as root."""
        return os.fstat(self._file.fileno()).st_uid != os.geteuid()

    def is_held(self) -> bool:
        """Whether its tool or the tool's watchdog lives; where not, it is ours from now on."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False

    def settle(self) -> tuple[list[Undo], list[str]]:
        """Undo what is left, last change first; return what was undone, and why the rest could not be."""
        token, changes = _parse(self._file.read())
        done, reasons = list[Undo](), list[str]()
        if changes and token:
            ownership.kill([], token)
        for undo in reversed(changes):
            reason = carry_out(undo)
            if reason:
                reasons.append(reason)
            else:
                done.append(undo)
        if not reasons:
            self._path.unlink(missing_ok=True)
        return done, reasons

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def repair() -> list[str]:
    """Undo what dead tools left behind; return a sentence for each that left something."""
    said = []
    place = folder()
    for path in _journals(place) if place else []:
        with contextlib.suppress(OSError), contextlib.closing(Left(path)) as left:
            if left.is_foreign() or left.is_held():
                continue
            done, reasons = left.settle()
            if done:
                said.append(f"an earlier tailtune was killed; undone now: {', '.join(_told(one) for one in done)}")
            said += [f"an earlier tailtune was killed, and what it changed cannot be undone: {one}" for one in reasons]
    return said


def _journals(place: Path) -> list[Path]:
    """Return the journals of a folder; none where it is another user's."""
    try:
        return sorted(place.glob(f"*{_SUFFIX}"))
    except OSError:
        return []


def carry_out(undo: Undo) -> str:
    """Undo a change; return why it cannot be undone, empty if it is.

    What is not ours is left alone, whatever stands in a journal.
    """
    if not _is_ours(undo):
        return f"{undo.path} is nothing that tailtune changes"
    try:
        if undo.kind == GROUP:
            _remove_group(Path(undo.path))
        elif undo.kind == WRITE:
            _write_back(Path(undo.path), undo.text)
        elif undo.kind == FOLDER:
            shutil.rmtree(undo.path, ignore_errors=True)
    except OSError as error:
        return f"{undo.path}: {error.strerror}"
    return ""


def _is_ours(undo: Undo) -> bool:
    name = Path(undo.path).name
    if undo.kind == WRITE:
        return name == CONTROL and undo.text.startswith("-")
    return undo.kind in (GROUP, FOLDER) and name.startswith(PREFIX)


def _remove_group(path: Path) -> None:
    """End all processes of a group and remove it; the kernel takes some milliseconds to forget the dead."""
    for number in range(_PASSES):
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.ENOTEMPTY) or number + 1 == _PASSES:
                raise
        else:
            return
        _end_members(path)
        time.sleep(_PASS_SECONDS)


def _end_members(path: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (path / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)


def _write_back(path: Path, text: str) -> None:
    if any(path.parent.glob(f"{PREFIX}*")):
        raise OSError(errno.EBUSY, "another tailtune still uses it")
    with contextlib.suppress(FileNotFoundError):
        path.write_text(text)


def _parse(content: bytes) -> tuple[str, list[Undo]]:
    """Return the token and what is not undone yet; a line cut off by the end was followed by no change."""
    token, open_changes = "", dict[int, Undo]()
    for line in content.splitlines():
        try:
            match json.loads(line):
                case {"token": str(found)}:
                    token = found
                case {"undo": [int(number), str(kind), str(path), str(text)]}:
                    open_changes[number] = Undo(kind, path, text)
                case {"done": int(number)}:
                    open_changes.pop(number, None)
        except ValueError:
            continue
    return token, list(open_changes.values())


def _told(undo: Undo) -> str:
    what = {GROUP: "control group", WRITE: "setting", FOLDER: "folder"}.get(undo.kind, undo.kind)
    return f"{what} {undo.path}"


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Builds of commits, kept: a second build of the same commit with the same settings takes the first one's binary.

`kept/<key>.json` describes an artifact; the key is a hash over commit, patch, settings, toolchain and the part of
the environment that matters. Binaries are hashed before they are used again, so a damaged one is built anew.
Old ones are removed by last use; whoever uses one holds a lock on its folder until the tool ends.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from tailtune.bundle.storage import sha256, write_durably, writing
from tailtune.model import codec
from tailtune.model.recording import Artifact

MOST: Final = 64
"""Binaries that are kept."""
MOST_BYTES: Final = 8 << 30
"""Their size in all."""
_FOLDER: Final = "kept"
_LOCK: Final = ".in-use"
_HASH_DIGITS: Final = 16
_in_use: Final[list[IO[bytes]]] = []
"""Open as long as this process lives."""


def key(*parts: str | Sequence[str]) -> str:
    """Return the name of what is determined by these texts and lists of texts."""
    told = msgspec.json.encode([part if isinstance(part, str) else list(part) for part in parts])
    return hashlib.sha256(told).hexdigest()[: 2 * _HASH_DIGITS]


def files_in(words: Iterable[str]) -> list[str]:
    """Return hashes of the files that arguments name by an absolute path: their content matters, not their name."""
    named = (Path(word[word.index("/") :]) for word in words if "/" in word)
    return [sha256(path) for path in named if path.is_absolute() and path.is_file()]


def build(cache: Path, name: str, made_of: str, make: Callable[[], Artifact]) -> Artifact:
    """Return the artifact kept under the key `made_of`, or make it and keep it; an empty key: make it.

    Raises:
        RecordingError: if the disk refuses.
    """
    if not made_of:
        return make()
    entry = cache / _FOLDER / f"{made_of}.json"
    found = _usable(entry)
    if found is not None:
        return msgspec.structs.replace(found, variant=name, build_seconds=0.0, reused=True)
    artifact = make()
    with writing(entry):
        entry.parent.mkdir(exist_ok=True)
        write_durably(entry, codec.to_json(artifact, indent=2))
    return artifact


def place(binary: Path, cache: Path) -> Path:
    """Move a built binary to its folder, named by its hash; return where it is. Old ones give way.

    Raises:
        RecordingError: if the disk refuses.
    """
    with writing(cache):
        folder = cache / sha256(binary)[:_HASH_DIGITS]
        folder.mkdir(exist_ok=True)
        use(folder)
        moved = binary.replace(folder / binary.name)
    prune(cache)
    return moved


def use(folder: Path) -> None:
    """Keep a binary's folder from being removed while this process lives, and note that it was used."""
    stream = (folder / _LOCK).open("ab")
    fcntl.flock(stream, fcntl.LOCK_SH)
    _in_use.append(stream)
    os.utime(folder)


def prune(cache: Path, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
    """Remove the binaries used longest ago until the rest is within bounds; those in use stay."""
    total = 0
    for number, (_, size, folder) in enumerate(sorted(_folders(cache), reverse=True)):
        total += size
        if number >= most or total > most_bytes:
            _remove_unused(folder)
    for entry in (cache / _FOLDER).glob("*.json"):
        artifact = _read(entry)
        if artifact is None or not Path(artifact.path).exists():
            entry.unlink(missing_ok=True)


def _folders(cache: Path) -> Iterator[tuple[int, int, Path]]:
    """Yield time of last use, bytes and path of each binary's folder; another tool may remove some meanwhile."""
    for path in cache.iterdir():
        if len(path.name) == _HASH_DIGITS and path.is_dir():
            with contextlib.suppress(OSError):
                yield path.stat().st_mtime_ns, sum(one.stat().st_size for one in path.iterdir()), path


def _remove_unused(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / _LOCK).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)


def _usable(entry: Path) -> Artifact | None:
    artifact = _read(entry)
    if artifact is None:
        return None
    path = Path(artifact.path)
    try:
        use(path.parent)
        if sha256(path) == artifact.sha256 and os.access(path, os.X_OK):
            return artifact
        path.unlink()
    except OSError:
        pass
    entry.unlink(missing_ok=True)
    return None


def _read(entry: Path) -> Artifact | None:
    try:
        return codec.from_json(entry.read_bytes(), Artifact)
    except (OSError, msgspec.DecodeError, ValueError):
        return None

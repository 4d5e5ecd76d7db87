"""Descriptors of gRPC messages: from .proto files with all they import, or from a descriptor set."""

import re
from pathlib import Path, PurePosixPath
from typing import Final

from tailtune import _native
from tailtune.errors import ConfigError, NativeError
from tailtune.model.workload import Protocol, Workload

MAX_FILES: Final = 2_000
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
_IMPORT: Final = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"\n]+)"\s*;', re.MULTILINE)


def read_descriptors(workload: Workload, root: Path) -> bytes | None:
    """Return the descriptor set of a gRPC workload, or nothing for other protocols.

    A file that a .proto file imports is looked for in the directory of the workload's `proto`, then in the
    directories above it, up to `root`. The types that come with protobuf need no file.

    Raises:
        ConfigError: For files that are missing, too large or not text, and for a .proto file that is wrong or
            imports what is not there.
    """
    if workload.protocol is not Protocol.GRPC:
        return None
    if workload.descriptors:
        return _read(root / workload.descriptors, "the descriptors")
    if not workload.proto:
        raise ConfigError(
            "a gRPC workload needs its messages",
            hint="Give `proto`, a .proto file, or `descriptors`, a descriptor set.",
        )
    try:
        return _native.compile_protos(_with_imports(workload.proto, root), [workload.proto])
    except NativeError as error:
        raise ConfigError(error.message, hint="Correct the .proto file, or use a descriptor set.") from None


def _with_imports(proto: str, root: Path) -> dict[str, str]:
    """Return the texts of a file and of all that it imports, by the names that imports use."""
    places = [root / parent for parent in PurePosixPath(proto).parents]
    files = {proto: _text(root / proto)}
    waiting = [proto]
    while waiting:
        for name in _IMPORT.findall(files[waiting.pop()]):
            found = next((place / name for place in places if (place / name).is_file()), None)
            if name in files or found is None:
                continue  # what comes with protobuf has no file; the compiler names what is missing
            if len(files) == MAX_FILES:
                raise ConfigError(f"{proto} imports more than {MAX_FILES} files", hint="Use a descriptor set.")
            files[name] = _text(found)
            waiting.append(name)
    return files


def _text(path: Path) -> str:
    try:
        return _read(path, "messages of gRPC").decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: {error}", hint="Name a .proto file.") from None


def _read(path: Path, purpose: str) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{path} has more than 16 MiB", hint="Name a .proto file or a descriptor set.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}, which should hold {purpose}: {error.strerror}",
            hint="File names are relative to the file that holds the workload.",
        ) from None

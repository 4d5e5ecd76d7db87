"""Built binaries in the cache: each under the hash of its content, so no later build replaces it."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tailtune import _native
from tailtune.bundle.storage import sha256
from tailtune.errors import BuildError, NativeError, RecordingError
from tailtune.model.project import Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.processes.process import Completed, supervisor

_HASH_DIGITS: Final = 16
_SHOWN_LINES: Final = 40


def scratch(cache: Path) -> contextlib.AbstractContextManager[Path]:
    """Give a new directory in the cache that is removed afterwards.

    Raises:
        RecordingError: if the disk refuses.
    """
    return supervisor().folder(".build-", cache)


def compile_with(
    argv: Sequence[str], name: str, workdir: Path, env: Mapping[str, str], folder: Path, shown: Sequence[str]
) -> Completed:
    """Run a compiler to its end; `shown` is the command as the user may repeat it.

    Raises:
        BuildError: if it refuses; the detail is the end of its output.
    """
    if not workdir.is_dir():
        raise BuildError(f"variant {name}: the folder {workdir} does not exist", hint="check `workdir`")
    done = supervisor().run(argv, workdir=workdir, env=env, scratch=folder)
    if done.status != 0:
        raise BuildError(
            f"variant {name} does not build: `{' '.join(shown)}` failed in {workdir} (exit status {done.status})",
            hint="run that command by hand in that folder",
            detail="\n".join(done.stderr.splitlines()[-_SHOWN_LINES:]),
        )
    return done


def environment(*layers: Mapping[str, str]) -> dict[str, str]:
    """Merge environments onto the tool's own; later ones win."""
    merged = dict(os.environ)
    for layer in layers:
        merged.update(layer)
    return merged


def store(binary: Path, name: str, cache: Path, command: list[str], seconds: float) -> Artifact:
    """Move a built binary to its place in the cache and describe it.

    Raises:
        RecordingError: if the disk refuses.
    """
    try:
        folder = cache / sha256(binary)[:_HASH_DIGITS]
        folder.mkdir(exist_ok=True)
        binary = binary.replace(folder / binary.name)
    except OSError as error:
        raise RecordingError(f"{cache} cannot be written: {error.strerror}") from error
    return describe(binary, name, command, seconds)


def describe(binary: Path, name: str, command: list[str], seconds: float) -> Artifact:
    """Describe a binary where it is."""
    return Artifact(
        variant=name,
        path=str(binary),
        sha256=sha256(binary),
        build_id=_build_id(binary),
        build_command=command,
        build_seconds=seconds,
        size_bytes=binary.stat().st_size,
    )


def refuse(variant: Variant, name: str, service: Service, *fields: str) -> None:
    """Refuse settings of the variant that mean nothing for the service's language.

    Raises:
        BuildError: naming the first field that is set.
    """
    for field in fields:
        if getattr(variant, field) != getattr(Variant(), field):
            raise BuildError(
                f"variant {name} sets `{field}`, which means nothing for a {service.language} service",
                hint=f"remove `{field}` from the variant",
            )


def _build_id(binary: Path) -> str:
    try:
        return _native.build_id(str(binary))
    except NativeError:  # a script, or a format that is not ours to read
        return ""

"""Built binaries in the cache: each under the hash of its content, so no later build replaces it."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tailtune import _native
from tailtune.bundle.storage import sha256
from tailtune.errors import BuildError, NativeError
from tailtune.model.project import Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import kept
from tailtune.record.processes.process import Completed, supervisor

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
    check_folder(workdir, name)
    done = supervisor().run(argv, workdir=workdir, env=env, scratch=folder)
    if done.status != 0:
        raise BuildError(
            f"variant {name} does not build: `{' '.join(shown)}` failed in {workdir} (exit status {done.status})",
            hint="run that command by hand in that folder, or in a checkout of that commit",
            detail="\n".join(done.stderr.splitlines()[-_SHOWN_LINES:]),
        )
    return done


def check_folder(workdir: Path, name: str) -> None:
    """Refuse to build in a folder that is not there.

    Raises:
        BuildError: naming it.
    """
    if not workdir.is_dir():
        raise BuildError(f"variant {name}: the folder {workdir} does not exist", hint="check `workdir`")


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
    return describe(kept.place(binary, cache), name, command, seconds)


def describe(binary: Path, name: str, command: list[str], seconds: float) -> Artifact:
    """Describe a binary where it is."""
    return Artifact(
        variant=name,
        path=str(binary),
        sha256=sha256(binary),
        build_id=_of_program(_native.build_id, binary),
        build_command=command,
        build_seconds=seconds,
        size_bytes=binary.stat().st_size,
        content_sha256=_of_program(_native.content_sha256, binary),
    )


def prebuilt(variant: Variant, name: str, root: Path) -> Artifact:
    """Describe the executable that a variant names, relative to tailtune.toml, in place of a build.

    Raises:
        BuildError: if there is none, or it may not be executed.
    """
    path = (root / variant.binary).resolve()
    if not path.is_file():
        raise BuildError(f"variant {name}: there is no executable {path}", hint="`binary` is relative to tailtune.toml")
    if not os.access(path, os.X_OK):
        raise BuildError(f"variant {name}: {path} may not be executed", hint=f"chmod +x {path}")
    return describe(path, name, [], 0.0)


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


def _of_program(read: Callable[[str], str], binary: Path) -> str:
    try:
        return read(str(binary))
    except NativeError:  # a script, or a format that is not ours to read
        return ""

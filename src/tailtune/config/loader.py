"""Finding and reading `tailtune.toml`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tailtune.config.checks import impossible
from tailtune.config.problem import Problem, config_error
from tailtune.config.structure import mismatches
from tailtune.config.workloads import workload as workload_problems
from tailtune.errors import ConfigError
from tailtune.model import codec
from tailtune.model.project import Project
from tailtune.model.workload import Workload

FILE_NAME: Final = "tailtune.toml"
_AT_END: Final = "(at end of document)"


def find(start: Path) -> Path:
    """Return the `tailtune.toml` in `start` or in the nearest directory above it.

    Raises:
        ConfigError: if there is none up to the root.
    """
    here = start.resolve()
    for directory in (here, *here.parents):
        if (directory / FILE_NAME).is_file():
            return directory / FILE_NAME
    raise ConfigError(f"no {FILE_NAME} in {here} or above", hint="write one with `tailtune init`")


def load(path: Path) -> Project:
    """Read and check a configuration file.

    Raises:
        ConfigError: if the file is missing, is not UTF-8 or not TOML, or holds an unknown key, a
            wrong type or an impossible value. The message names the file, the first such key and
            what is accepted there; the detail lists the others.
    """
    project = parse(_text(path), path)
    workdir = path.parent / project.service.workdir
    if not workdir.is_dir():
        missing = Problem(
            key="service.workdir",
            found=f"there is no directory {workdir}",
            accepted="an existing directory, relative to the configuration file",
        )
        raise config_error(path, [missing])
    return project


def parse(text: str, path: Path) -> Project:
    """Check the text of a configuration file; `path` only names it in errors and need not exist.

    Raises:
        ConfigError: as `load` does.
    """
    raw = _toml(text, path)
    if wrong := list(mismatches(Project, raw)):
        raise config_error(path, wrong)
    project = codec.convert(raw, Project)
    if wrong := list(impossible(project, raw)):
        raise config_error(path, wrong)
    return project


def load_workload(path: Path) -> Workload:
    """Read and check a workload that stands alone in a file: what `[workloads.NAME]` holds, at the top level.

    Raises:
        ConfigError: as `load` does.
    """
    return parse_workload(_text(path, hint="give the path of a workload file"), path)


def parse_workload(text: str, path: Path) -> Workload:
    """Check the text of a workload file; `path` only names it in errors and need not exist.

    Raises:
        ConfigError: as `load` does.
    """
    raw = _toml(text, path)
    if wrong := list(mismatches(Workload, raw)):
        if {"service", "workloads"} & raw.keys():
            raise ConfigError(
                f"{path}: this is a whole {FILE_NAME}, not a workload alone",
                hint="put what stands in its [workloads.NAME] at the top of a file of its own",
            )
        raise config_error(path, wrong)
    workload = codec.convert(raw, Workload)
    if wrong := list(workload_problems("", workload)):
        raise config_error(path, wrong)
    return workload


def _text(path: Path, hint: str = "write one with `tailtune init`") -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", hint=hint) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise ConfigError(
            f"{path}:{line}:{column}: not UTF-8 text (byte 0x{error.object[error.start]:02x})",
            hint="save the file in UTF-8",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", hint="give the path of a readable file"
        ) from error


def _toml(text: str, path: Path) -> Mapping[str, Any]:
    try:
        raw: dict[str, Any] = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        line, column, what = _position(str(error), text)
        raise ConfigError(
            f"{path}:{line}:{column}: not TOML: {what}",
            hint=f"line {line} reads: {(text.splitlines() or [''])[line - 1].strip()}",
        ) from None
    return raw


def _position(message: str, text: str) -> tuple[int, int, str]:
    """Split the parser's message into line, column (both from 1) and what is wrong."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        return int(found.group(1)), int(found.group(2)), message[: found.start()]
    lines = text.splitlines() or [""]
    return len(lines), len(lines[-1]) + 1, message.removesuffix(_AT_END).strip()

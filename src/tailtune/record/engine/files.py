"""Files that a workload names: values one a line, bodies found by a glob."""

from pathlib import Path
from typing import Final

from tailtune.model.units import format_bytes
from tailtune.model.workload import Operation
from tailtune.record.engine.templates import refusal

MAX_BYTES: Final = 256 * 1024 * 1024
"""Of the bodies of one operation together, and of one file of values."""


def lines_of(operation: Operation, name: str, path: Path) -> list[str]:
    """Return the values of a placeholder: the lines of a text file that are not blank.

    Raises:
        ConfigError: if the file cannot be read, is not UTF-8, or is larger than MAX_BYTES.
    """
    _small_enough(operation, [path], f"{path} has")
    text = _read(operation, path, f"the values of {{{name}}}")
    try:
        lines = text.decode().splitlines()
    except UnicodeDecodeError as error:
        raise refusal(
            operation, f"{path} is not UTF-8 text: {error}", "Save it as UTF-8, with one value a line."
        ) from None
    return [line for line in lines if line.strip()]


def bodies_of(operation: Operation, pattern: str, root: Path) -> list[bytes]:
    """Return the contents of all files that a glob finds below `root`, in the order of their names.

    Raises:
        ConfigError: if the glob is none, finds nothing, or finds more than MAX_BYTES.
    """
    relative = bool(pattern) and not Path(pattern).is_absolute()
    try:
        paths = sorted(path for path in root.glob(pattern) if path.is_file()) if relative else None
    except ValueError:  # pathlib refuses `**` beside other text
        paths = None
    if paths is None:
        raise refusal(operation, f"body_files {pattern!r} is not a relative glob", "Write bodies/*.json.")
    if not paths:
        raise refusal(operation, f"no file matches body_files {pattern!r} under {root}", "Correct the glob.")
    _small_enough(operation, paths, f"the {len(paths)} files of body_files {pattern!r} have")
    return [_read(operation, path, "a body") for path in paths]


def _small_enough(operation: Operation, paths: list[Path], what: str) -> None:
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > MAX_BYTES:
        problem = f"{what} {format_bytes(size)}, more than {format_bytes(MAX_BYTES)}"
        raise refusal(operation, problem, "Choose fewer files.")


def _read(operation: Operation, path: Path, purpose: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refusal(
            operation,
            f"cannot read {path}, which should hold {purpose}: {error.strerror}",
            "File names are relative to the file that holds the workload.",
        ) from None

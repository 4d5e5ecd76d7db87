"""The small Rust programs of `programs/`: built once a run, started, and ended with the block."""

import contextlib
import functools
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SOURCES: Final = Path(__file__).parent / "programs"
_BUILT: Final = tempfile.TemporaryDirectory(prefix="tailtune-programs-")


@functools.cache
def built(name: str) -> Path:
    """Build a program with optimisation, line tables and frame pointers.

    Raises:
        RuntimeError: if it does not compile.
    """
    binary = Path(_BUILT.name) / name
    options = ["-O", "-g", "-C", "force-frame-pointers=yes", "-o", str(binary)]
    command = ["rustc", *options, str(_SOURCES / f"{name}.rs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}.rs does not compile: {done.stderr}")
    return binary


def expectation(name: str, key: str) -> list[str]:
    """What a program's first lines say of itself, for example `blocked in`."""
    found = re.search(rf"^//! {key}: (.*)$", (_SOURCES / f"{name}.rs").read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"{name}.rs does not say: {key}")
    return found[1].split()


@contextlib.contextmanager
def running(name: str, *arguments: object, cpu: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a program, on one CPU if given, until the block ends; its output is a pipe."""
    pin = [] if cpu is None else ["taskset", "-c", str(cpu)]
    command = [*pin, str(built(name)), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()

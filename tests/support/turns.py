"""What tests in several processes share (pytest -n): a folder, and what the first of them builds for all."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def worker() -> int:
    """The number of this process among those that run the tests; 0 where it is the only one."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep all other processes that ask for this file waiting while the block lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough where a child has inherited the file


def once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return the folder, filled by the first who asks for it; if that fails, the next tries."""
    filled = folder.with_name(f"{folder.name}.filled")
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not filled.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            filled.touch()
    return folder

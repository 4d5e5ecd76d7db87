"""Disturbs the machine on purpose: `python -m tailtune.record.processes.hog --kind KIND [--cpu N]`.

Kinds: `cpu` computes; `memory` copies buffers larger than any cache; `cache` reads at random over as much as the last
cache holds; `io` writes and syncs a file in `--folder`. With `--real-time`, where that is permitted, it runs before all
that is ordinary, three quarters of the time, so that the rest of the machine stays alive. Dies with its parent, and by
itself after `--seconds`.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tailtune import _native

LONGEST_SECONDS: Final = 60.0
KINDS: Final = ("cpu", "memory", "cache", "io")
_ROUND: Final = range(2_000)
_BUSY_SECONDS: Final = 0.045
_PAUSE_SECONDS: Final = 0.015
_MEMORY_BYTES: Final = 128 << 20
_CACHE_BYTES: Final = 32 << 20
"""Taken for the last cache's size where the machine does not tell."""
_LINE_BYTES: Final = 64
_BLOCK_BYTES: Final = 1 << 20
_BLOCKS: Final = 64
"""Of the file that is written over and over."""


@contextlib.contextmanager
def hogs(cpu: int, count: int, *, real_time: bool = False, seconds: float = LONGEST_SECONDS) -> Iterator[None]:
    """Keep a CPU busy with `count` processes as long as the block lasts, and at most for so many seconds.

    With `real_time`, before others, if permitted.
    """
    command = [sys.executable, "-m", "tailtune.record.processes.hog", f"--cpu={cpu}", f"--seconds={seconds}"]
    command += ["--real-time"] if real_time else []
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE)) for _ in range(count)]
        try:
            for one in started:
                assert one.stdout is not None
                one.stdout.readline()  # it is about to begin
            yield
        finally:
            for one in started:
                one.kill()


def main() -> None:
    """Disturb until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default="cpu")
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--seconds", type=float, default=LONGEST_SECONDS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--real-time", action="store_true")
    options = parser.parse_args()
    _native.die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the tool, which ends this
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    pause = 0.0
    if options.real_time:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            pause = _PAUSE_SECONDS
    disturb = _round(options.kind, options.folder)
    sys.stdout.write("busy\n")
    sys.stdout.flush()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        disturb()
        if pause:
            time.sleep(pause)


def _round(kind: str, folder: Path | None) -> Callable[[], object]:
    """Return some 50 ms or less of a kind's work."""
    match kind:
        case "memory":
            return _copying()
        case "cache":
            return _reading()
        case "io":
            return _writing(folder)
        case _:
            return _compute


def _compute() -> None:
    end = time.monotonic() + _BUSY_SECONDS
    while time.monotonic() < end:
        for _ in _ROUND:
            pass


def _copying() -> Callable[[], object]:
    import numpy as np

    source = np.ones(_MEMORY_BYTES // 2, dtype=np.uint8)
    target = np.zeros_like(source)
    return lambda: np.copyto(target, source)


def _reading() -> Callable[[], object]:
    import numpy as np

    lines = _last_cache_bytes() // _LINE_BYTES
    words = np.ones((lines, _LINE_BYTES // 8), dtype=np.uint64)
    order = np.random.default_rng(1).permutation(lines)

    def read() -> None:
        words[order, 0].sum()

    return read


def _writing(folder: Path | None) -> Callable[[], object]:
    if folder is None:
        sys.exit("--kind io needs --folder")
    block, count = os.urandom(_BLOCK_BYTES), 0
    file = (folder / f"noise-{os.getpid()}").open("wb", buffering=0)

    def write() -> None:
        nonlocal count
        os.pwrite(file.fileno(), block, (count % _BLOCKS) * _BLOCK_BYTES)
        os.fsync(file.fileno())
        count += 1

    return write


def _last_cache_bytes() -> int:
    """Return the size of the last cache of CPU 0, from sysfs: `32768K`."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        with contextlib.suppress(OSError, ValueError):
            sizes.append(int(path.read_text().strip().removesuffix("K")) << 10)
    return max(sizes, default=_CACHE_BYTES)


if __name__ == "__main__":
    main()

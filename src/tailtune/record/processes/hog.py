"""Keeps one CPU busy: `python -m tailtune.record.processes.hog --cpu N`, to see what a busy machine does to a load.

With `--real-time`, where that is permitted, it runs before all that is ordinary, three quarters of the time, so that
the rest of the machine stays alive. Dies with its parent, and by itself after a minute.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from tailtune import _native

LONGEST_SECONDS: Final = 60.0
_ROUND: Final = range(2_000)
_BUSY_SECONDS: Final = 0.045
_PAUSE_SECONDS: Final = 0.015


@contextlib.contextmanager
def hogs(cpu: int, count: int, *, real_time: bool = False) -> Iterator[None]:
    """Keep a CPU busy with `count` processes as long as the block lasts; `real_time`: before others, if permitted."""
    command = [sys.executable, "-m", "tailtune.record.processes.hog", f"--cpu={cpu}"]
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
    """Compute until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", type=int, required=True)
    parser.add_argument("--real-time", action="store_true")
    options = parser.parse_args()
    _native.die_with_parent(os.getppid())
    os.sched_setaffinity(0, {options.cpu})
    pause = 0.0
    if options.real_time:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            pause = _PAUSE_SECONDS
    sys.stdout.write("busy\n")
    sys.stdout.flush()
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        _compute()
        if pause:
            time.sleep(pause)


def _compute() -> None:
    end = time.monotonic() + _BUSY_SECONDS
    while time.monotonic() < end:
        for _ in _ROUND:
            pass


if __name__ == "__main__":
    main()

"""A program run for its profile alone."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tailtune._native import Profile, Sampler

_HZ: Final = 999
_SETTLE_SECONDS: Final = 0.2


def sampled(command: Sequence[str | Path], seconds: float) -> Profile:
    """Run a program, sample it on the CPU, and end it.

    Raises:
        RuntimeError: if it could not be sampled.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(_SETTLE_SECONDS)
            sampler = Sampler(process.pid, _HZ)
            sampler.start()
            time.sleep(seconds)
            found = sampler.stop().on_cpu
        finally:
            process.kill()
    if found is None:
        raise RuntimeError(f"{Path(command[0]).name} could not be sampled")
    return found

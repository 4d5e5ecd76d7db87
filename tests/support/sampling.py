"""What tests need to know of perf events here, and profiles of programs that run for them."""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tailtune._native import Profile, Sampler, perf_capability


def permitted() -> None:
    """Skip the test where no perf event may be opened."""
    if not any(mode["permitted"] for mode in json.loads(perf_capability())["modes"]):
        pytest.skip("this machine permits no perf events at all")


def sampled(command: Sequence[str | Path], seconds: float, *, dwarf: bool = False) -> Profile:
    """Run a program, sample it on the CPU, and end it."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            sampler = Sampler(process.pid, 999, dwarf=dwarf)
            sampler.start()
            time.sleep(seconds)
            profile = sampler.stop().on_cpu
        finally:
            process.kill()
    assert profile is not None
    return profile

"""What tests need to know of perf events here, and profiles of programs that run for them."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.waiting import wait_until

from tailtune._native import Profile, Sampler, perf_capability
from tailtune.model.units import NS_PER_S
from tailtune.record.processes import proc

STARTED_NS = 20_000_000
"""CPU time after which a program is at what it does all the time."""
LONGEST_SECONDS = 60.0


def permitted() -> None:
    """Skip the test where no perf event may be opened."""
    if not any(mode["permitted"] for mode in json.loads(perf_capability())["modes"]):
        pytest.skip("this machine permits no perf events at all")


def kernel_permitted() -> None:
    """Skip the test where the kernel's own functions may not be sampled, or have no names."""
    told = json.loads(perf_capability())
    modes = [mode["mode"] for mode in told["modes"] if mode["permitted"]]
    if not told["kernel_names"] or not any("kernel" in mode for mode in modes):
        pytest.skip("samples of the kernel's functions may not be taken here")


def sampled(command: Sequence[str | Path], seconds: float, *, dwarf: bool = False) -> Profile:
    """Run a busy program, sample it for so many seconds of CPU time, however long it waits for them, and end it."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            assert wait_until(lambda: proc.cpu_ns(process.pid) > STARTED_NS, LONGEST_SECONDS)
            sampler = Sampler(process.pid, 999, dwarf=dwarf)
            sampler.start()
            enough = proc.cpu_ns(process.pid) + int(seconds * NS_PER_S)
            assert wait_until(lambda: proc.cpu_ns(process.pid) > enough, LONGEST_SECONDS)
            profile = sampler.stop().on_cpu
        finally:
            process.kill()
    assert profile is not None
    return profile

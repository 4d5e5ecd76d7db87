"""Who had the CPU that a thread waited for: another program on the same one."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from tests.support.waiting import wait_until

from tailtune._native import Sampler
from tailtune.record.formats.stacks import wait_ends
from tailtune.record.processes import proc

pytestmark = pytest.mark.real

_ENDLESS = (
    "import os; os.sched_setaffinity(0, {{{cpu}}}); open('/proc/self/comm', 'w').write('{name}')\nwhile True: pass"
)
_CPU_NS = 200_000_000


@pytest.fixture
def two_on_one_cpu() -> Iterator[tuple[int, int]]:
    cpu = max(os.sched_getaffinity(0))
    with ExitStack() as stack:
        pids = []
        for name in ("one", "another"):
            command = [sys.executable, "-c", _ENDLESS.format(cpu=cpu, name=name)]
            process = stack.enter_context(subprocess.Popen(command))
            stack.callback(process.kill)
            pids.append(process.pid)
        yield pids[0], pids[1]


def test_the_program_that_had_the_cpu_is_recorded(two_on_one_cpu: tuple[int, int]) -> None:
    one, another = two_on_one_cpu
    sampler = Sampler(one, 99, off_cpu=True)
    if "sched_switch" not in sampler.mode:
        pytest.skip(f"who had a CPU cannot be seen here: {sampler.mode}")
    assert wait_until(lambda: min(proc.cpu_ns(pid) for pid in (one, another)) > _CPU_NS // 4, 60)
    sampler.start()
    enough = proc.cpu_ns(one) + _CPU_NS
    assert wait_until(lambda: proc.cpu_ns(one) > enough, 60)
    table = wait_ends(sampler.stop(), "diagnose")
    assert set(table["window"].to_pylist()) == {"diagnose"}
    behind = Counter(zip(table["behind_pid"].to_pylist(), table["behind"].to_pylist(), strict=True))
    # Others of this machine may want that CPU as well.
    assert behind[another, "another"] > 0
    assert np.isin(table["tid"].to_numpy(), [one]).all()

"""A service of another user, sampled by one who may open no event."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs a user to step down from"
)

SERVICE = """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
end = time.monotonic() + 60
while time.monotonic() < end:
    pass
"""
SAMPLED = """
import json, sys, time
from tailtune._native import Sampler
sampler = Sampler(int(sys.argv[1]), 99, off_cpu=True, dwarf=True)
sampler.start()
time.sleep(1)
sampling = sampler.stop()
threads = [thread[3:7] + thread[8:] for thread in sampling.threads()]
on_cpu, off_cpu = sampling.on_cpu.to_collapsed(1), sampling.off_cpu.to_collapsed(1)
print(json.dumps([sampling.mode, sampler.lost_note, threads, on_cpu, off_cpu]))
"""
NOBODY = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]


@pytest.fixture
def service() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SERVICE])
    yield process.pid
    process.kill()
    process.wait()


def test_states_are_seen_where_no_event_may_be_opened(service: int) -> None:
    command = [*NOBODY, sys.executable, "-c", SAMPLED, str(service)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "Permission denied" in done.stderr or "No module" in done.stderr:
        pytest.skip("this checkout is not readable for others")
    assert done.returncode == 0, done.stderr
    mode, lost, threads, on_cpu, off_cpu = json.loads(done.stdout)
    assert mode.startswith("/proc")
    assert "another user" in lost
    assert len(threads) == 2
    for wall, on_cpu_ns, runnable, blocked, residue in threads:
        assert on_cpu_ns + runnable + blocked + residue == wall
    assert "R (on a CPU" in on_cpu
    assert "S (sleeping)" in off_cpu

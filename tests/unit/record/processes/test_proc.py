import os
import subprocess
import sys
import threading
import time

import pytest
from tests.support.waiting import wait_until

from tailtune.record.processes import ownership, proc
from tailtune.record.processes.usage import Usage, UsageReader

STAT = (
    "4242 (my (odd) name) S 17 4242 4240 0 -1 4194304 1200 34 5 6 150 25 7 8 20 0 9 0 987654 12345678 2048 "
    "18446744073709551615 1 1 0 0 0 0 0 16781312 17642 0 0 0 17 1 0 0 0 0 0"
)
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def test_stat_with_a_name_of_parentheses() -> None:
    stat = proc.parse_stat(STAT)
    assert (stat.pid, stat.name, stat.state, stat.parent, stat.session) == (4242, "my (odd) name", "S", 17, 4240)
    assert (stat.minor_faults, stat.major_faults) == (1200, 5)
    assert (stat.children_minor_faults, stat.children_major_faults) == (34, 6)
    assert (stat.user_ns, stat.system_ns) == (150 * TICK_NS, 25 * TICK_NS)
    assert (stat.children_user_ns, stat.children_system_ns) == (7 * TICK_NS, 8 * TICK_NS)
    assert (stat.threads, stat.start_ticks) == (9, 987654)


def test_a_cut_off_stat_is_refused() -> None:
    with pytest.raises(ValueError, match="not a process's stat"):
        proc.parse_stat("4242 (name) S 17 4242")


def test_status_gives_numbers_and_bytes() -> None:
    text = "Name:\tservice\nVmHWM:\t    2048 kB\nThreads:\t7\nnonvoluntary_ctxt_switches:\t31\n"
    assert proc.parse_status(text) == {"VmHWM": 2048 * 1024, "Threads": 7, "nonvoluntary_ctxt_switches": 31}


def test_schedstat() -> None:
    assert proc.parse_schedstat("5 6 7\n") == (5, 6, 7)


def test_a_vanished_process_reads_as_nothing() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert proc.stat(gone.pid) is None
    assert proc.tasks(gone.pid) == []
    assert proc.tree(gone.pid) == [gone.pid]


def test_usage_counts_children_and_never_falls() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    parent = subprocess.Popen([sys.executable, "-I", "-S", "-c", script], start_new_session=True)
    try:
        reader = UsageReader(parent.pid)
        assert wait_until(lambda: reader.read().cpu_ns > 200_000_000, 20)
        first = reader.read()
        assert len(proc.tree(parent.pid)) == 2
        assert first.rss_bytes > 0
        assert first.peak_rss_bytes >= first.rss_bytes
    finally:
        ownership.kill([ownership.leader(parent.pid)], "")
        parent.wait()
    assert reader.gone
    last = reader.read()
    assert last._replace(t_ns=0) == first._replace(t_ns=0)
    assert set(Usage._fields) > {"cpu_user_ns", "run_delay_ns"}


def test_counters_of_threads_that_ended_are_kept() -> None:
    reader = UsageReader(os.getpid())
    stop = threading.Event()

    def switch() -> None:
        while not stop.wait(0.001):
            pass

    thread = threading.Thread(target=switch)
    thread.start()
    task = thread.native_id
    assert task is not None
    time.sleep(0.1)
    during = reader.read()
    switches = reader.threads()[task].voluntary_switches
    stop.set()
    thread.join()
    assert task not in proc.tasks(os.getpid())
    assert reader.threads()[task].voluntary_switches >= switches > 0
    assert reader.read().voluntary_switches >= during.voluntary_switches

"""The whole doctor on the real machine: complete, readable as JSON, and without a trace."""

import os
from pathlib import Path

from tailtune.lab.doctor import doctor
from tailtune.model import codec
from tailtune.model.doctor import Diagnosis

FAMILIES = ["processors", "contention", "timing", "visibility", "memory", "tools and room"]
SETTINGS = [
    "/proc/sys/kernel/perf_event_paranoid",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/sched_rt_runtime_us",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "/sys/devices/system/cpu/online",
]


def settings() -> dict[str, str]:
    return {name: Path(name).read_text() for name in SETTINGS if os.access(name, os.R_OK)}


def test_everything_is_examined_and_nothing_changed(tmp_path):
    before = settings(), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    found = doctor(tmp_path, timer_seconds=0.3, noise_seconds=0.2)
    assert (settings(), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)) == before
    assert list(tmp_path.iterdir()) == []
    assert list(dict.fromkeys(check.family for check in found.checks)) == FAMILIES
    assert all(check.value and check.effect for check in found.checks)
    assert [noise.cpu for noise in found.noise] == found.environment.allowed_cpus[:16]
    assert found.timers
    assert codec.from_json(codec.to_json(found), Diagnosis) == found

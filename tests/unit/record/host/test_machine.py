"""Settings of the machine, on trees of files that look like machines."""

from pathlib import Path

import pytest

from tailtune.record.host import machine
from tailtune.record.processes.proc import NS_PER_TICK

LAPTOP = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Fast CPU\nflags\t\t: fpu\n\nprocessor\t: 1\nmodel name\t: Slow\n",
    "proc/meminfo": "MemTotal:       16384000 kB\nMemFree: 1 kB\n",
    "proc/loadavg": "1.25 0.50 0.10 1/200 1234\n",
    "proc/stat": "cpu  100 0 50 800 20 0 5 25 9 9\ncpu0 1 1 1 1\n",
    "proc/pressure/cpu": "some avg10=12.50 avg60=0.97 avg300=0.33 total=4738333\n",
    "proc/pressure/memory": "some avg10=0.00 avg60=0.0 avg300=0.0 total=0\nfull avg10=50.00 avg60=0 avg300=0 total=0\n",
    "proc/pressure/io": "some avg10=1.00 avg60=0.0 avg300=0.0 total=0\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    "proc/sys/kernel/sched_rt_runtime_us": "950000\n",
    "proc/sys/kernel/sched_rt_period_us": "1000000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,2-3\n",
    "sys/devices/system/cpu/cpu0/cache/index0/size": "48K\n",
    "sys/devices/system/cpu/cpu0/cache/index3/size": "266240K\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "0\n",
    "sys/devices/system/cpu/smt/active": "1\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm\n",
    "sys/class/dmi/id/sys_vendor": "LENOVO\n",
}


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    for name, content in LAPTOP.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def test_a_laptop(laptop):
    assert machine.cpu_model(laptop) == "Fast CPU"
    assert machine.memory_bytes(laptop) == 16_384_000 * 1024
    assert machine.governor(laptop) == "performance,powersave"
    assert machine.turbo(laptop) is True
    assert machine.smt(laptop) is True
    assert machine.siblings(0, laptop) == {0, 2, 3}
    assert machine.last_level_cache_bytes(laptop) == 260 << 20
    assert machine.transparent_hugepages(laptop) == "madvise"
    assert machine.aslr(laptop) == 2
    assert machine.clock_source(laptop) == "tsc"
    assert machine.virtual_machine(laptop) is False
    assert machine.realtime_share(laptop) == 0.95
    assert machine.load_1m(laptop) == 1.25
    assert machine.cpu_time(laptop) == (155 * NS_PER_TICK, 820 * NS_PER_TICK, 25 * NS_PER_TICK)
    assert machine.pressure(laptop) == machine.Pressure(cpu=0.125, memory=0.0, io=0.01)


def test_cpu_time_of_some_cpus(tmp_path):
    (tmp_path / "proc").mkdir()
    lines = ["cpu  11 0 0 110 0 0 0 11", "cpu0 1 0 0 10 0 0 0 1", "cpu1 10 0 0 100 0 0 0 10", "intr 5"]
    (tmp_path / "proc" / "stat").write_text("\n".join(lines))
    assert machine.cpu_time(tmp_path, cpus=[1]) == (10 * NS_PER_TICK, 100 * NS_PER_TICK, 10 * NS_PER_TICK)
    assert machine.cpu_time(tmp_path, cpus=[0, 1]) == machine.cpu_time(tmp_path)
    assert machine.cpu_time(tmp_path, cpus=[7]) == (0, 0, 0)


def test_an_empty_machine_says_nothing(tmp_path):
    assert machine.cpu_model(tmp_path) == ""
    assert machine.memory_bytes(tmp_path) == 0
    assert machine.governor(tmp_path) is None
    assert machine.turbo(tmp_path) is None
    assert machine.smt(tmp_path) is None
    assert machine.siblings(3, tmp_path) == {3}
    assert machine.last_level_cache_bytes(tmp_path) == 0
    assert machine.transparent_hugepages(tmp_path) is None
    assert machine.aslr(tmp_path) is None
    assert machine.clock_source(tmp_path) is None
    assert machine.virtual_machine(tmp_path) is False
    assert machine.realtime_share(tmp_path) is None
    assert machine.load_1m(tmp_path) is None
    assert machine.cpu_time(tmp_path) == (0, 0, 0)
    assert machine.pressure(tmp_path) is None


def test_boost_stands_in_for_turbo(laptop):
    (laptop / "sys/devices/system/cpu/intel_pstate/no_turbo").unlink()
    boost = laptop / "sys/devices/system/cpu/cpufreq/boost"
    boost.parent.mkdir()
    boost.write_text("0\n")
    assert machine.turbo(laptop) is False


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("proc/cpuinfo", "flags : fpu hypervisor\n"),
        ("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock\n"),
        ("sys/hypervisor/type", "xen\n"),
    ],
)
def test_marks_of_a_hypervisor(laptop, name, content):
    (laptop / name).parent.mkdir(parents=True, exist_ok=True)
    (laptop / name).write_text(content)
    assert machine.virtual_machine(laptop) is True


@pytest.mark.parametrize(("flag", "virtual"), [("flags", False), ("Features", True)])
def test_the_vendor_of_the_board_counts_only_where_the_processor_has_no_flag(laptop, flag, virtual):
    (laptop / "proc/cpuinfo").write_text(f"{flag} : fp asimd\n")
    (laptop / "sys/class/dmi/id/sys_vendor").write_text("QEMU\n")
    assert machine.virtual_machine(laptop) is virtual


@pytest.mark.parametrize(("text", "cpus"), [("", set()), ("3", {3}), ("0,2-4,8", {0, 2, 3, 4, 8})])
def test_cpu_list(text, cpus):
    assert machine.cpu_list(text) == cpus

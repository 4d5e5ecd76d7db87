"""Settings of the machine that move latency, as /proc and /sys show them; absent where they do not.

All readers take the root of the file system, so that a tree of plain files can stand in for a machine.
"""

import re
from collections.abc import Collection
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tailtune.record.host.textfile import number, table, text
from tailtune.record.processes.proc import NS_PER_TICK

ROOT: Final = Path("/")
_CPUS: Final = "sys/devices/system/cpu"
_VIRTUAL_VENDORS: Final = re.compile(
    r"QEMU|KVM|VMware|VirtualBox|Xen|Microsoft Corporation|Amazon EC2|Google Compute|Parallels|OpenStack|Bochs",
    re.IGNORECASE,
)


class CpuTime(NamedTuple):
    """Time of all CPUs since boot; the parts add up to all of it."""

    busy_ns: int
    """User, nice, system and interrupts."""
    idle_ns: int
    """Waiting for a disk included."""
    steal_ns: int


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """Share of the last 10 s, in [0, 1], in which some task waited for the resource."""

    cpu: float
    memory: float
    io: float


def cpu_model(root: Path = ROOT) -> str:
    """Return the name of the processor; empty when the kernel tells none."""
    info = table(root / "proc/cpuinfo")
    return next((info[key] for key in ("model name", "Model", "Hardware", "cpu") if key in info), "")


def memory_bytes(root: Path = ROOT) -> int:
    """Return the size of main memory; 0 when unknown."""
    words = table(root / "proc/meminfo").get("MemTotal", "").split()
    return int(words[0]) * 1024 if words else 0


def governor(root: Path = ROOT) -> str | None:
    """Return the frequency governors in use, comma-separated; absent where frequencies are not ours to see."""
    found = {text(path) for path in (root / _CPUS).glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    return ",".join(sorted(found)) or None


def turbo(root: Path = ROOT) -> bool | None:
    """Return whether the processor may run above its nominal frequency; absent where it is not visible."""
    no_turbo = number(root / _CPUS / "intel_pstate/no_turbo")
    if no_turbo is not None:
        return no_turbo == 0
    boost = number(root / _CPUS / "cpufreq/boost")
    return None if boost is None else boost == 1


def smt(root: Path = ROOT) -> bool | None:
    """Return whether two CPUs share a core; absent where it is not visible."""
    active = number(root / _CPUS / "smt/active")
    return None if active is None else active == 1


def last_level_cache_bytes(root: Path = ROOT) -> int:
    """Return the size of the largest cache of the first CPU; 0 where it is not visible."""
    found = (text(path) for path in (root / _CPUS / "cpu0/cache").glob("index*/size"))
    return max((int(size[:-1]) << 10 for size in found if size.endswith("K") and size[:-1].isdecimal()), default=0)


def siblings(cpu: int, root: Path = ROOT) -> set[int]:
    """Return the CPUs that share a core with `cpu`, itself among them."""
    return cpu_list(text(root / _CPUS / f"cpu{cpu}/topology/thread_siblings_list")) | {cpu}


def cpu_list(listed: str) -> set[int]:
    """Read a list such as `0,2-4`."""
    found: set[int] = set()
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def transparent_hugepages(root: Path = ROOT) -> str | None:
    """Return `always`, `madvise` or `never`: the choice that stands in brackets."""
    chosen = re.search(r"\[(\w+)\]", text(root / "sys/kernel/mm/transparent_hugepage/enabled"))
    return chosen.group(1) if chosen else None


def aslr(root: Path = ROOT) -> int | None:
    """Return how much of the address space is randomized: 0 nothing, 1 without heap, 2 all."""
    return number(root / "proc/sys/kernel/randomize_va_space")


def clock_source(root: Path = ROOT) -> str | None:
    """Return the clock that the kernel reads the time from."""
    return text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource") or None


def clock_sources(root: Path = ROOT) -> list[str]:
    """Return the clocks that the kernel could use."""
    return text(root / "sys/devices/system/clocksource/clocksource0/available_clocksource").split()


def virtual_machine(root: Path = ROOT) -> bool:
    """Return whether a hypervisor is below us, by the marks that hypervisors leave."""
    if text(root / "sys/hypervisor/type") or "kvm-clock" in clock_sources(root):
        return True
    info = table(root / "proc/cpuinfo")
    if "flags" in info:
        return "hypervisor" in info["flags"].split()
    # Only x86 has the flag. The board's vendor is a weaker mark: some also sell bare metal.
    board = " ".join(text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name"))
    return (root / "proc/device-tree/hypervisor").exists() or _VIRTUAL_VENDORS.search(board) is not None


def cpu_time(root: Path = ROOT, cpus: Collection[int] = ()) -> CpuTime:
    """Return the CPU time since boot of some CPUs, or of all; zeros where it is not told."""
    words = [line.split() for line in text(root / "proc/stat").splitlines() if line.startswith("cpu")]
    names = {f"cpu{cpu}" for cpu in cpus} or {"cpu"}
    times = [[int(word) * NS_PER_TICK for word in line[1:9]] for line in words if line[0] in names]
    columns = (sum(column) for column in zip_longest(*times, [0] * 8, fillvalue=0))
    user, nice, system, idle, io_wait, hard, soft, steal = columns
    return CpuTime(busy_ns=user + nice + system + hard + soft, idle_ns=idle + io_wait, steal_ns=steal)


def pressure(root: Path = ROOT) -> Pressure | None:
    """Return how contended CPU, memory and I/O are; absent where the kernel does not count it."""
    shares = [_some_avg10(text(root / "proc/pressure" / name)) for name in ("cpu", "memory", "io")]
    cpu, memory, io = shares
    if cpu is None or memory is None or io is None:
        return None
    return Pressure(cpu=cpu, memory=memory, io=io)


def _some_avg10(content: str) -> float | None:
    found = re.search(r"^some avg10=([\d.]+)", content, re.MULTILINE)
    return float(found.group(1)) / 100 if found else None


def load_1m(root: Path = ROOT) -> float | None:
    """Return the load average over one minute."""
    words = text(root / "proc/loadavg").split()
    return float(words[0]) if words else None


def realtime_share(root: Path = ROOT) -> float | None:
    """Return the share of time that real-time tasks may take, 1 without a limit; absent when not told."""
    runtime = number(root / "proc/sys/kernel/sched_rt_runtime_us")
    period = number(root / "proc/sys/kernel/sched_rt_period_us")
    if runtime is None or not period:
        return None
    return 1.0 if runtime < 0 else runtime / period

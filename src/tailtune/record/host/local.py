"""The machine as it is: its fingerprint, and which CPUs the load engine and the service get."""

import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from tailtune._native import VERSION
from tailtune.model.environment import Environment
from tailtune.model.recording import CpuLayout
from tailtune.record.host import machine
from tailtune.record.host.cgroup import cpu_group
from tailtune.record.host.toolchains import toolchains


class LocalHost:
    """The machine that this process runs on."""

    def __init__(self, root: Path = machine.ROOT) -> None:
        """Read /proc and /sys below `root`."""
        self._root = root

    def environment(self, root: Path) -> Environment:
        """Return the fingerprint; toolchains are asked in `root`, the project's directory."""
        group = cpu_group(self._root)
        return Environment(
            hostname=platform.node(),
            os=_os_name(),
            kernel=platform.release(),
            cpu_model=machine.cpu_model(self._root) or platform.machine(),
            logical_cpus=os.cpu_count() or 1,
            allowed_cpus=self.allowed_cpus(),
            memory_bytes=machine.memory_bytes(self._root),
            cgroup_version=group.version,
            cpu_quota=group.quota,
            governor=machine.governor(self._root),
            turbo=machine.turbo(self._root),
            smt=machine.smt(self._root),
            transparent_hugepages=machine.transparent_hugepages(self._root),
            aslr=machine.aslr(self._root),
            virtual_machine=machine.virtual_machine(self._root),
            clock_source=machine.clock_source(self._root),
            python=platform.python_version(),
            tailtune=VERSION,
            toolchains=toolchains(root),
        )

    def layout(self) -> CpuLayout:
        """Return which CPUs the engine and the service get: separate ones as soon as there are two."""
        return split_cpus(self.allowed_cpus(), lambda cpu: machine.siblings(cpu, self._root))

    def allowed_cpus(self) -> list[int]:
        """Return the CPUs that this process may run on."""
        return sorted(os.sched_getaffinity(0))


def split_cpus(allowed: Sequence[int], siblings: Callable[[int], set[int]]) -> CpuLayout:
    """Give the engine the last CPU and the service the others, keeping them off one core where enough remain.

    Args:
        allowed: CPUs that may be used, ascending, at least one.
        siblings: CPU → the CPUs that share a core with it.
    """
    engine, rest = allowed[-1], list(allowed[:-1])
    if not rest:
        return CpuLayout(
            engine=[engine],
            service=[engine],
            note=f"warning: only CPU {engine} may be used, so load engine and service share it: "
            "each delays the other, and latencies are too high",
        )
    apart = [cpu for cpu in rest if cpu not in siblings(engine)]
    service = apart if len(apart) >= 2 or len(apart) == len(rest) else rest
    note = f"load engine on CPU {engine}, service on {_cpus(service)}; not chosen by which is quieter"
    if len(service) < len(rest):
        note += f"; {_cpus([cpu for cpu in rest if cpu not in service])} idle: it shares a core with the engine"
    elif len(apart) < len(rest):
        note += "; warning: the engine shares a core with the service, which slows both"
    return CpuLayout(engine=[engine], service=service, note=note)


def _cpus(cpus: Sequence[int]) -> str:
    return f"CPU {', '.join(map(str, cpus))}" if len(cpus) <= 8 else f"{len(cpus)} CPUs from {cpus[0]} to {cpus[-1]}"


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()

"""CPU affinity: which CPUs the service may run on."""

import contextlib
import os

import msgspec

from tailtune.model.knobs import cpus_of
from tailtune.model.project import Service
from tailtune.record.knob import Plain, not_allowed, status
from tailtune.record.ports import Launch
from tailtune.record.processes import proc


class Affinity(Plain):
    """Pins all threads of the service together; threads inherit it, so it is set before the program starts."""

    name = "affinity"
    help = "CPUs that the service may run on, in place of those the tool chose"
    levels = "numbers and ranges with commas, such as `0` or `0,2-3`"
    examples = ("0", "0-1")
    takes = "CPUs that the tool itself may use"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        try:
            cpus_of(level)
        except ValueError:
            raise self.impossible(level) from None

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return not_allowed(cpus_of(level))

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, cpus=sorted(cpus_of(level)))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the CPUs that the kernel allows the process; the knob `pinning` gives each thread one of them."""
        found = status(pid, "Cpus_allowed_list")
        if found is None:
            return None
        seen, wanted = cpus_of(found), cpus_of(level)
        return self.told(
            found, level, same=seen == wanted or (len(seen) == 1 and seen < wanted and _pinned(pid, wanted))
        )


def _pinned(pid: int, cpus: set[int]) -> bool:
    """Whether each thread has one of these CPUs."""
    for task in proc.tasks(pid):
        with contextlib.suppress(OSError):
            allowed = os.sched_getaffinity(task)
            if len(allowed) != 1 or not allowed <= cpus:
                return False
    return True


KNOB = Affinity()

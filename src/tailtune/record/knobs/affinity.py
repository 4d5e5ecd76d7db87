"""CPU affinity: which CPUs the service may run on."""

import os
import re

import msgspec

from tailtune.errors import UsageError
from tailtune.record.ports import Launch


class Affinity:
    """Pins all threads of the service; threads inherit it, so it is set before the program starts."""

    name = "affinity"
    help = "CPUs of the service: numbers and ranges with commas, such as 0 or 0,2-3"

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", level):
            raise UsageError(f"affinity={level} is impossible", hint=self.help)
        wanted = sorted({cpu for part in level.split(",") for cpu in _range(part)})
        allowed = os.sched_getaffinity(0)
        if not wanted or not allowed.issuperset(wanted):
            raise UsageError(f"affinity={level} is impossible here", hint=f"CPUs allowed: {sorted(allowed)}")
        return msgspec.structs.replace(launch, cpus=wanted)


def _range(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


KNOB = Affinity()

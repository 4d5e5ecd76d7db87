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
        allowed = os.sched_getaffinity(0)
        wanted = {cpu for part in level.split(",") for cpu in allowed if cpu in _range(part)}
        edges = {edge for part in level.split(",") for edge in (_range(part).start, _range(part).stop - 1)}
        if not wanted or not edges <= wanted:
            raise UsageError(f"affinity={level} is impossible here", hint=f"CPUs allowed: {sorted(allowed)}")
        return msgspec.structs.replace(launch, cpus=sorted(wanted))


def _range(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


KNOB = Affinity()

"""CPU quota: a control group that stops the service when it has used its share of a period."""

import re
from typing import Final

import msgspec

from tailtune.model.project import Service
from tailtune.model.units import Duration
from tailtune.record.host import groups
from tailtune.record.knob import Plain
from tailtune.record.ports import CpuQuota, Launch

_PERIOD_US: Final = 100_000
_SHORTEST_US: Final = 1_000
_LONGEST_US: Final = 1_000_000
"""What the kernel takes as period, and as quota at least; scheduler/sched-bwc."""


class Quota(Plain):
    """Asks for a group with a quota; it is made for the start, by `record.host.groups`."""

    name = groups.CPU
    help = "CPU time as a container is granted it: all threads are stopped for the rest of a period when it is used up"
    levels = "CPUs, such as `1.5`; with a period, such as `1.5/20ms` (100ms by default, from 1ms to 1s)"
    examples = ("0.5", "1")
    takes = (
        "control groups that may be made. Version 1: root. Version 2: a delegated tree, as systemd gives to users;"
        " without, it is refused, and nothing stands in for it"
    )
    undo = "the group is removed with the service; after a kill -9 by the watchdog, or by the next start"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self._quota(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """Make such a group and remove it."""
        return groups.why_not({self.name: self._quota(level)}, groups.journaled)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, cpu_quota=self._quota(level))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:
        """Read the quota of the group, if the process is in it."""
        group = groups.entered(pid, launch.groups.get(self.name))
        if group is None:
            return None
        found = groups.cpu_quota(group)
        return self.told("none" if found is None else f"{found.cores:g}", level, same=found == self._quota(level))

    def _quota(self, level: str) -> CpuQuota:
        cores, slash, period = level.partition("/")
        if not re.fullmatch(r"\d+(\.\d+)?", cores):
            raise self.impossible(level)
        try:
            period_us = int(Duration.parse(period)) // 1_000 if slash else _PERIOD_US
        except ValueError:
            raise self.impossible(level) from None
        quota = CpuQuota(round(float(cores) * period_us), period_us)
        if not _SHORTEST_US <= period_us <= _LONGEST_US:
            raise self.impossible(level, "a period lasts from 1 ms to 1 s")
        if quota.quota_us < _SHORTEST_US:
            raise self.impossible(level, "less than 1 ms in a period cannot be granted")
        return quota


KNOB = Quota()

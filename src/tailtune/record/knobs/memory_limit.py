"""Memory limit: a control group that lets the service have so much memory and no more."""

import re
from typing import Final

import msgspec

from tailtune.model.project import Service
from tailtune.record.host import groups
from tailtune.record.knob import Plain
from tailtune.record.ports import Launch

_UNITS: Final = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SMALLEST: Final = 1 << 20
_PAGE: Final = 4096


class MemoryLimit(Plain):
    """Asks for a group with a limit; it is made for the start, by `record.host.groups`."""

    name = groups.MEMORY
    help = "memory as a container is granted it, with page cache: near it pages are taken back, beyond it comes the end"
    levels = "bytes, or a number with KiB, MiB, GiB or TiB, from 1MiB"
    examples = ("256MiB", "1GiB")
    takes = (
        "control groups that may be made. Version 1: root. Version 2: a delegated tree, as systemd gives to users;"
        " without, it is refused, and nothing stands in for it"
    )
    undo = "the group is removed with the service; after a kill -9 by the watchdog, or by the next start"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self._bytes(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """Make such a group and remove it."""
        return groups.why_not({self.name: self._bytes(level)}, groups.journaled)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, memory_bytes=self._bytes(level))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:
        """Read the limit of the group, if the process is in it."""
        group = groups.entered(pid, launch.groups.get(self.name))
        if group is None:
            return None
        found = groups.memory_bytes(group)
        same = found is not None and abs(found - self._bytes(level)) < _PAGE  # the kernel counts whole pages
        return self.told("none" if found is None else str(found), level, same=same)

    def _bytes(self, level: str) -> int:
        match = re.fullmatch(r"(\d{1,15})([KMGT]iB|B)?", level)
        if match is None:
            raise self.impossible(level)
        found = int(match[1]) * _UNITS[match[2] or ""]
        if found < _SMALLEST:
            raise self.impossible(level, "no program starts with less than 1 MiB")
        return found


KNOB = MemoryLimit()

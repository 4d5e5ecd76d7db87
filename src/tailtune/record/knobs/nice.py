"""Nice value: how much CPU time the service gets against others."""

import re

import msgspec

from tailtune.model.project import Service
from tailtune.record.host import permission
from tailtune.record.knob import Plain
from tailtune.record.ports import Launch
from tailtune.record.processes import proc


class Nice(Plain):
    """Sets the nice value of the process, and of its group where the kernel groups sessions by itself."""

    name = "nice"
    help = "share of CPU time against other programs: lower is more, each step a quarter or so"
    levels = "a whole number from -20 to 19"
    examples = ("5", "-5")
    takes = "below the tool's own value: root, CAP_SYS_NICE, or `ulimit -e`; without, only higher values can be set"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not re.fullmatch(r"-?\d{1,2}", level) or not -20 <= int(level) <= 19:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """Try it on a thread of our own."""
        return permission.why_not_nice(int(level))

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, nice=int(level))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read it from `/proc/PID/stat`, and that of the automatic group where there is one."""
        fields = proc.read(proc.PROC / str(pid) / "stat").rpartition(")")[2].split()
        if not fields:
            return None
        group = proc.read(proc.PROC / str(pid) / "autogroup").split()  # /autogroup-25 nice 5
        if group and group[-1] != str(int(level)):
            return f"{self.name}={fields[16]}, but {group[-1]} of its group"
        return self.told(fields[16], level, same=int(fields[16]) == int(level))


KNOB = Nice()

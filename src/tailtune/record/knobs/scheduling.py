"""Scheduling policy: before whom the service runs, and for how long at a time."""

import re
from typing import Final

import msgspec

from tailtune.model.project import Service
from tailtune.record.host import permission
from tailtune.record.knob import Plain
from tailtune.record.ports import Launch
from tailtune.record.processes import proc

_NAMES: Final = {0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline"}
"""Numbers of policies, sched(7)."""


class Scheduling(Plain):
    """Sets the policy; threads and children inherit it."""

    name = "scheduling"
    help = (
        "before whom the service runs: before all ordinary programs (fifo), as they do, or only when nobody else wants"
    )
    levels = "`other`, `batch`, `idle`, or `fifo:N` with a priority N from 1 to 99"
    examples = ("batch", "fifo:1")
    takes = (
        "fifo: root, CAP_SYS_NICE or `ulimit -r`, and a control group with real-time budget; it cannot be had together"
        " with cpu-quota where groups of version 1 have budgets of their own"
    )

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in ("other", "batch", "idle") and not re.fullmatch(r"fifo:[1-9]\d?", level):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """Try it on a thread of our own."""
        return permission.why_not_scheduling(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, scheduling=level)

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read it from `/proc/PID/stat`."""
        fields = proc.read(proc.PROC / str(pid) / "stat").rpartition(")")[2].split()
        if not fields:
            return None
        policy, priority = _NAMES.get(int(fields[38]), fields[38]), fields[37]
        return self.told(policy if priority == "0" else f"{policy}:{priority}", level)


KNOB = Scheduling()

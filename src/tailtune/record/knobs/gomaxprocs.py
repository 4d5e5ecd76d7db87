"""GOMAXPROCS: how many threads run Go code at once."""

import re
from typing import Final

from tailtune.model.project import Language, Service
from tailtune.record.knob import Variable, only
from tailtune.record.ports import Launch
from tailtune.record.processes.process import tail

_TRACED: Final = re.compile(r"^SCHED \d+ms: gomaxprocs=(\d+) ", re.MULTILINE)


class GoMaxProcs(Variable):
    """Sets GOMAXPROCS; the effect on the tail is not monotone, so sweep it."""

    name = "gomaxprocs"
    help = "how many threads run Go code at once; its effect on the tail goes up and down, so try several"
    levels = "a whole number from 1"
    examples = ("1", "2")
    takes = "a Go program"
    variable = "GOMAXPROCS"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not level.isdecimal() or int(level) < 1:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only(service, Language.GO)

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:
        """Read what the runtime's scheduler says of itself (schedtrace), or else the environment."""
        traced = _TRACED.findall(tail(launch.stderr))
        return self.told(traced[-1], level) if traced else super().seen(pid, launch, level)


KNOB = GoMaxProcs()

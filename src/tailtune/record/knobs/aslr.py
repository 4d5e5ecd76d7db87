"""Address space layout randomisation, for this process alone."""

from typing import Final

import msgspec

from tailtune.record.knob import Plain
from tailtune.record.ports import Launch
from tailtune.record.processes import proc

_LEVELS: Final = ("system", "off")
_NO_RANDOMIZE: Final = 0x0040000
"""personality(2), ADDR_NO_RANDOMIZE."""


class Aslr(Plain):
    """Switches it off by personality(2); the program inherits it."""

    name = "aslr"
    help = "whether the address space is laid out anew at each start; off makes starts alike, and hides how they differ"
    levels = "`system`: as the machine is set; `off`: always alike"
    examples = _LEVELS
    takes = "nothing, except in containers whose seccomp profile refuses personality(2)"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in _LEVELS:
            raise self.impossible(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, aslr=level != "off")

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read `/proc/PID/personality`."""
        bits = proc.read(proc.PROC / str(pid) / "personality").strip()
        return self.told(_LEVELS[1 if int(bits, 16) & _NO_RANDOMIZE else 0] if bits else None, level)


KNOB = Aslr()

"""GOGC: how much the Go heap may grow between collections."""

import msgspec

from tailtune.errors import UsageError
from tailtune.record.ports import Launch


class GoGC:
    """Sets GOGC: higher means fewer collections and more memory."""

    name = "gogc"
    help = "heap growth between collections in percent: a whole number from 1, or `off`"

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        if level != "off" and (not level.isdecimal() or int(level) < 1):
            raise UsageError(f"gogc={level} is impossible", hint=self.help)
        return msgspec.structs.replace(launch, env={**launch.env, "GOGC": level})


KNOB = GoGC()

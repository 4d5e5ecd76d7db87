"""GOMAXPROCS: how many threads run Go code at once."""

import msgspec

from tailtune.errors import UsageError
from tailtune.record.ports import Launch


class GoMaxProcs:
    """Sets GOMAXPROCS; the effect on the tail is not monotone, so sweep it."""

    name = "gomaxprocs"
    help = "threads that run Go code at once: a whole number from 1"

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        if not level.isdecimal() or int(level) < 1:
            raise UsageError(f"gomaxprocs={level} is impossible", hint=self.help)
        return msgspec.structs.replace(launch, env={**launch.env, "GOMAXPROCS": level})


KNOB = GoMaxProcs()

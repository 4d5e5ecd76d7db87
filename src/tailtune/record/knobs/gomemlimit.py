"""GOMEMLIMIT: the soft limit of a Go program's memory."""

import re

import msgspec

from tailtune.errors import UsageError
from tailtune.record.ports import Launch


class GoMemLimit:
    """Sets GOMEMLIMIT: near the limit the collector runs as often as it takes."""

    name = "gomemlimit"
    help = "soft memory limit: bytes, or a number with B, KiB, MiB, GiB or TiB, or `off`"

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        if level != "off" and not re.fullmatch(r"\d+([KMGT]i)?B|\d+", level):
            raise UsageError(f"gomemlimit={level} is impossible", hint=self.help)
        return msgspec.structs.replace(launch, env={**launch.env, "GOMEMLIMIT": level})


KNOB = GoMemLimit()

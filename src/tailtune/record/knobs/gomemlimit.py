"""GOMEMLIMIT: the soft limit of a Go program's memory."""

import re

from tailtune.model.project import Language, Service
from tailtune.record.knob import Variable, only


class GoMemLimit(Variable):
    """Sets GOMEMLIMIT: near the limit the collector runs as often as it takes."""

    name = "gomemlimit"
    help = "soft limit of a Go program's memory: near it, collections come as often as it takes"
    levels = "bytes, or a number with B, KiB, MiB, GiB or TiB, or `off`"
    examples = ("64MiB", "512MiB")
    takes = "a Go program"
    variable = "GOMEMLIMIT"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level != "off" and not re.fullmatch(r"\d+([KMGT]i)?B|\d+", level):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only(service, Language.GO)


KNOB = GoMemLimit()

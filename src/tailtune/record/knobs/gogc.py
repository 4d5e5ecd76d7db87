"""GOGC: how much the Go heap may grow between collections."""

from tailtune.model.project import Language, Service
from tailtune.record.knob import Variable, only


class GoGC(Variable):
    """Sets GOGC: higher means fewer collections and more memory."""

    name = "gogc"
    help = "how much the Go heap may grow between collections: more means fewer collections and more memory"
    levels = "percent, a whole number from 1, or `off`"
    examples = ("200", "400")
    takes = "a Go program"
    variable = "GOGC"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level != "off" and (not level.isdecimal() or int(level) < 1):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only(service, Language.GO)


KNOB = GoGC()

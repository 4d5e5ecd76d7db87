"""The level of instructions that a Go program is built for."""

import platform
from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_MACHINES: Final = ("x86_64", "amd64")


class GoAmd64(Built):
    """Sets GOAMD64."""

    name = "goamd64"
    help = "level of instructions that the Go compiler may use; the program refuses to start on older processors"
    levels = "`v1` to `v4`"
    examples = ("v1", "v3")
    takes = "a Go program, and an amd64 machine of at least that level"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in ("v1", "v2", "v3", "v4"):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        if platform.machine() not in _MACHINES:
            return f"this machine is {platform.machine()}, not amd64"
        return only_built(service, Language.GO)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, goamd64=level)


KNOB = GoAmd64()

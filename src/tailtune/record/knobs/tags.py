"""Build tags of a Go program."""

import re
from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_NONE: Final = "none"


class Tags(Built):
    """Replaces the variant's tags."""

    name = "tags"
    help = "build tags of the program: which of its files belong to it"
    levels = "names with commas between, or `none`"
    examples = (_NONE, "netgo")
    takes = "a Go program"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not re.fullmatch(r"[\w.]+(,[\w.]+)*", level):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.GO)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, tags=[] if level == _NONE else level.split(","))


KNOB = Tags()

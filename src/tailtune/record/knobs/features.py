"""Features of the Cargo package."""

import re
from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_NONE: Final = "none"


class Features(Built):
    """Replaces the variant's features."""

    name = "features"
    help = "features of the package that are switched on, besides its default ones"
    levels = "names with commas between, or `none`"
    examples = (_NONE, "fast")
    takes = "a Rust package with these features"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not re.fullmatch(r"[\w+/-]+(,[\w+/-]+)*", level):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, features=[] if level == _NONE else level.split(","))


KNOB = Features()

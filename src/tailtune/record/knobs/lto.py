"""Link-time optimisation of a Rust program."""

from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_LEVELS: Final = ("off", "false", "thin", "fat")


class Lto(Built):
    """Sets `lto` of the release profile."""

    name = "lto"
    help = "optimisation across crates when the program is linked"
    levels = "`off`: none, not even within a crate; `false`: within each crate; `thin`; or `fat`"
    examples = ("thin", "fat")
    takes = "a Rust package"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in _LEVELS:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, cargo_profile={**variant.cargo_profile, self.name: level})


KNOB = Lto()

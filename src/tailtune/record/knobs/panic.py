"""What a panic of a Rust program does."""

from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_LEVELS: Final = ("unwind", "abort")


class Panic(Built):
    """Sets `panic` of the release profile."""

    name = "panic"
    help = "what a panic does; `abort` leaves the code for unwinding out, and a panic then ends the service"
    levels = "`unwind` or `abort`"
    examples = ("unwind", "abort")
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


KNOB = Panic()

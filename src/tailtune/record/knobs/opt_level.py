"""How hard the Rust compiler optimises."""

from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built

_LEVELS: Final = ("0", "1", "2", "3", "s", "z")


class OptLevel(Built):
    """Sets `opt-level` of the release profile."""

    name = "opt-level"
    help = "how hard the compiler optimises, and for what"
    levels = "`0` to `3`, `s` or `z` (for size)"
    examples = ("2", "3")
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


KNOB = OptLevel()

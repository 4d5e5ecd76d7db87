"""Into how many pieces rustc splits a crate."""

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built


class CodegenUnits(Built):
    """Sets `codegen-units` of the release profile."""

    name = "codegen-units"
    help = "into how many pieces the compiler splits a crate; one optimises across all of it and takes longest"
    levels = "a whole number from 1 to 256"
    examples = ("1", "16")
    takes = "a Rust package"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not level.isdecimal() or not 1 <= int(level) <= 256:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, cargo_profile={**variant.cargo_profile, self.name: level})


KNOB = CodegenUnits()

"""Flags of rustc."""

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built


class RustFlags(Built):
    """Adds to the variant's flags."""

    name = "rustflags"
    help = "arguments of rustc, added to those in force"
    levels = "arguments with blanks between, such as `-Cforce-frame-pointers=no`"
    examples = ("-Cllvm-args=-inline-threshold=500", "-Crelro-level=off")
    takes = "a Rust package; arguments that begin with -Z take a nightly compiler"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not level.split() or not level.startswith("-"):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, rustflags=[*variant.rustflags, *level.split()])


KNOB = RustFlags()

"""Where the linker puts functions."""

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built


class LayoutSeed(Built):
    """Sets the variant's `layout_seed`."""

    name = "layout-seed"
    help = "order of functions in the binary, drawn by a seed: shows what placement alone does to a figure"
    levels = "a whole number from 1 to 4294967295"
    examples = ("1", "2")
    takes = "a Go or a Rust program"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not level.isdecimal() or not 1 <= int(level) < 1 << 32:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return "nothing is built: the service is a command" if service.language is Language.COMMAND else ""

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, layout_seed=int(level))


KNOB = LayoutSeed()

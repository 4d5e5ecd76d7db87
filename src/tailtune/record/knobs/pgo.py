"""Profile-guided optimisation."""

from typing import Final

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built

_OFF: Final = "off"


class Pgo(Built):
    """Sets the variant's `pgo`."""

    name = "pgo"
    help = "optimisation by a profile of the program under load"
    levels = (
        "`train`: the tool records a profile under the workload, with another seed than it judges with; the path of a"
        " profile; or, Go only, `off`: not even `default.pgo`"
    )
    examples = (_OFF, "train")
    takes = "a Go or a Rust program; Rust: `rustup component add llvm-tools`"

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        if service.language is Language.COMMAND:
            return "nothing is built: the service is a command"
        if service.language is Language.RUST and level == _OFF:
            return "a Rust program is built without a profile unless one is asked for: leave the knob out"
        return ""

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, pgo=level)


KNOB = Pgo()

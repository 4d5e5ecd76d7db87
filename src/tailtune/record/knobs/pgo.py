"""Profile-guided optimisation."""

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built


class Pgo(Built):
    """Sets the variant's `pgo`."""

    name = "pgo"
    help = "optimisation by a profile of the program under load"
    levels = (
        "`train`: the tool records a profile under the workload, with another seed than it judges with; the path of a"
        " profile; or `off`"
    )
    examples = ("off", "train")
    takes = "a Go or a Rust program; Rust: `rustup component add llvm-tools`"

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return "nothing is built: the service is a command" if service.language is Language.COMMAND else ""

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, pgo=level)


KNOB = Pgo()

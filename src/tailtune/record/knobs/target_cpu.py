"""The processor that a Rust program is built for."""

import re

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built


class TargetCpu(Built):
    """Sets rustc's target-cpu."""

    name = "target-cpu"
    help = "processor whose instructions the compiler may use; the binary may not start on older ones"
    levels = "a name as rustc knows it (`rustc --print target-cpus`), such as `native` or `x86-64-v3`"
    examples = ("native", "generic")
    takes = "a Rust package"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not re.fullmatch(r"[\w.+-]+", level):
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, target_cpu=level)


KNOB = TargetCpu()

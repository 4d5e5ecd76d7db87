"""Default features of the Cargo package."""

import msgspec

from tailtune.model.project import Language, Service, Variant
from tailtune.record.knob import Built, only_built


class DefaultFeatures(Built):
    """Keeps them or leaves them out."""

    name = "default-features"
    help = "whether the package's default features are on"
    levels = "`on` or `off`"
    examples = ("on", "off")
    takes = "a Rust package"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in self.examples:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, default_features=level == "on")


KNOB = DefaultFeatures()

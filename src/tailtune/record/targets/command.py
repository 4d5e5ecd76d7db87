"""Services that are already built: any executable."""

import os
import shutil
from pathlib import Path
from typing import Final

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts

_FOREIGN: Final = (
    "tags", "features", "default_features", "build_env", "build_flags", "git_ref", "patch", "rustflags", "target_cpu",
    "cargo_profile", "goamd64", "pgo", "layout_seed",
)  # fmt: skip


class CommandTarget:
    """A prebuilt command, used where it is."""

    language = Language.COMMAND.value

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:  # noqa: ARG002 - as the port asks
        """Find the executable: the variant's, else the service's, on PATH if it is a bare name; see `ports.Target`."""
        artifacts.refuse(variant, name, service, *_FOREIGN)
        if variant.binary:
            return artifacts.prebuilt(variant, name, root)
        local = root / service.workdir / service.binary
        found = str(local) if "/" in service.binary else shutil.which(service.binary)
        if not found or not os.access(found, os.X_OK) or not Path(found).is_file():
            raise BuildError(
                f"the command {service.binary!r} is no executable file ({found or 'not on PATH'})",
                hint="set `binary` to its path, relative to the service's folder",
            )
        return artifacts.describe(Path(found).absolute(), name, [], 0.0)

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:  # noqa: ARG002 - as the port asks
        """Add nothing."""
        return {}


TARGET = CommandTarget()

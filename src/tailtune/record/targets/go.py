"""Builds Go services with `go build`, as their author would."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts, overlay
from tailtune.record.builds.source import source_tree

_TRACES: Final = {"gctrace": "1", "schedtrace": "1000"}
"""What the runtime prints to stderr: each garbage collection, and the scheduler's state once a second."""


class GoTarget:
    """Go modules. Build ID and symbols stay as `go build` makes them."""

    language = Language.GO.value

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:
        """Run `go build` for the variant; see `ports.Target.build`.

        VCS stamping is off: it would make equal sources at two commits into different binaries.
        """
        artifacts.refuse(variant, name, service, "features", "default_features")
        tags = ["-tags", ",".join(variant.tags)] if variant.tags else []
        settings = ["-buildvcs=false", *tags, *variant.build_flags, service.package or "."]
        env = artifacts.environment(variant.build_env)
        with artifacts.scratch(cache) as folder, source_tree(root, variant.git_ref, cache) as tree:
            output = folder / "bin"
            output.mkdir()
            workdir = tree / service.workdir
            if variant.instrument is not None:
                settings = [*overlay.add(variant.instrument, name, workdir, settings, env, cache, folder), *settings]
            shown = ["go", "build", *settings]
            command = ["go", "build", "-o", f"{output}/", *settings]
            done = artifacts.compile_with(command, name, workdir, env, folder, shown)
            return artifacts.store(_only(output, service.package, name), name, cache, shown, done.seconds)

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:
        """Let the runtime trace collections and scheduling, besides what GODEBUG the user sets."""
        user = _godebug(os.environ) | _godebug(service.env) | _godebug(variant.env)
        return {"GODEBUG": ",".join(f"{key}={value}" for key, value in (_TRACES | user).items())}


def _only(output: Path, package: str, name: str) -> Path:
    found = sorted(output.iterdir())
    if len(found) != 1:
        raise BuildError(
            f"variant {name}: {package} holds {len(found)} programs: {', '.join(one.name for one in found) or 'none'}",
            hint="let `package` name one main package, such as ./cmd/api",
        )
    return found[0]


def _godebug(env: Mapping[str, str]) -> dict[str, str]:
    pairs = (item.partition("=") for item in env.get("GODEBUG", "").split(","))
    return {key: value for key, _, value in pairs if key}


TARGET = GoTarget()

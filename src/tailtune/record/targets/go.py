"""Builds Go services with `go build`, as their author would."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts, kept, layout, overlay, pgo
from tailtune.record.builds.source import Tree, source_tree

_TRACES: Final = {"gctrace": "1", "schedtrace": "1000"}
"""What the runtime prints to stderr: each garbage collection, and the scheduler's state once a second."""
_ALWAYS: Final = ("-trimpath", "-buildvcs=false")
"""Equal sources give equal binaries, wherever they lie and at whichever commit."""
_MATTERS: Final = (
    "GOVERSION", "GOFLAGS", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GODEBUG", "GOROOT",
    "GOWORK", "GOPROXY", "CGO_ENABLED", "CC", "CXX", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS",
)  # fmt: skip
"""What `go env` says of which the binary depends."""
_FOREIGN: Final = ("features", "default_features", "rustflags", "target_cpu", "cargo_profile")


class GoTarget:
    """Go modules. Build ID and symbols stay as `go build` makes them."""

    language = Language.GO.value

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:
        """Run `go build` for the variant, or take what it made of the same commit; see `ports.Target.build`."""
        artifacts.refuse(variant, name, service, *_FOREIGN)
        if variant.binary:
            return artifacts.prebuilt(variant, name, root)
        profile = _profile(variant, name, root, cache)
        with (
            artifacts.scratch(cache) as folder,
            source_tree(root, variant.git_ref, cache, variant.patch) as tree,
        ):
            build = _Build(service, variant, name, tree, cache, folder, profile)
            artifact = kept.build(cache, name, build.key(), build.run)
        note = pgo.check_go(profile, Path(artifact.path), name) if profile else ""
        return msgspec.structs.replace(artifact, notes=[note]) if note else artifact

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:
        """Let the runtime trace collections and scheduling, besides what GODEBUG the user sets."""
        user = _godebug(os.environ) | _godebug(service.env) | _godebug(variant.env)
        return {"GODEBUG": ",".join(f"{key}={value}" for key, value in (_TRACES | user).items())}


class _Build:
    """One call of `go build`, and what its result depends on."""

    def __init__(
        self,
        service: Service,
        variant: Variant,
        name: str,
        tree: Tree,
        cache: Path,
        scratch: Path,
        profile: Path | None,
    ) -> None:
        self._service = service
        self._variant = variant
        self._name = name
        self._tree = tree
        self._cache = cache
        self._scratch = scratch
        self._workdir = tree.folder / service.workdir
        amd64 = {"GOAMD64": variant.goamd64} if variant.goamd64 else {}
        self._env = artifacts.environment(variant.build_env, amd64)
        self._go_env = self._asked() if tree.identity or variant.layout_seed is not None else {}
        self._settings = self._arguments(profile)

    def key(self) -> str:
        """Return what the result is kept under; empty: it is not kept, for the working tree may change."""
        if not self._tree.identity:
            return ""
        env = [f"{key}={value}" for key, value in sorted({**self._go_env, **self._variant.build_env}.items())]
        return kept.key(
            "go", self._tree.identity, self._service.workdir, self._settings, env, kept.files_in(self._settings)
        )

    def run(self) -> Artifact:
        """Build."""
        output = self._scratch / "bin"
        output.mkdir()
        shown = ["go", "build", *self._settings]
        command = ["go", "build", "-o", f"{output}/", *self._settings]
        done = artifacts.compile_with(command, self._name, self._workdir, self._env, self._scratch, shown)
        binary = _only(output, self._service.package, self._name)
        return artifacts.store(binary, self._name, self._cache, shown, done.seconds)

    def _asked(self) -> dict[str, str]:
        command = ["go", "env", *_MATTERS]
        done = artifacts.compile_with(command, self._name, self._workdir, self._env, self._scratch, command)
        return dict(zip(_MATTERS, done.stdout.decode(errors="replace").splitlines(), strict=False))

    def _arguments(self, profile: Path | None) -> list[str]:
        """Return the arguments of `go build`; where the user's own say otherwise, theirs come later and win."""
        variant = self._variant
        tags = ["-tags", ",".join(variant.tags)] if variant.tags else []
        guided = [f"-pgo={profile}"] if profile else ["-pgo=off"] if variant.pgo == pgo.OFF else []
        flags = [*guided, *variant.build_flags]
        if variant.layout_seed is not None:
            told = self._go_env
            flags = layout.go_flags(
                variant.layout_seed, self._name, told.get("GOVERSION", ""), flags, told.get("GOFLAGS", "")
            )
        settings = [*_ALWAYS, *tags, *flags, self._service.package or "."]
        if variant.instrument is None:
            return settings
        place = (self._workdir, settings, self._env, self._cache, self._scratch)
        return [*overlay.add(variant.instrument, self._name, *place), *settings]


def _profile(variant: Variant, name: str, root: Path, cache: Path) -> Path | None:
    """Return the variant's CPU profile, at a place named by its content."""
    if variant.pgo in ("", pgo.OFF):
        return None
    return pgo.keep(pgo.profile_path(variant.pgo, name, root), cache)


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

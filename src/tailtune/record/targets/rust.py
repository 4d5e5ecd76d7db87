"""Builds Rust services with `cargo build --release`, adding what profiles need by environment alone."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts, kept, layout, pgo, profile_writer, rustflags
from tailtune.record.builds.source import Tree, source_tree

_FRAME_POINTERS: Final = "-Cforce-frame-pointers=yes"
_PROFILE: Final = {"CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only", "CARGO_PROFILE_RELEASE_STRIP": "none"}
"""Lines for the symbolizer; neither changes the code that is generated."""
_MATTERS: Final = ("CARGO", "RUST", "CC", "CXX", "CFLAGS", "CXXFLAGS", "AR", "LD", "PKG_CONFIG", "HOST_", "TARGET_")
"""How the names of variables begin on which a build depends."""


class RustTarget:
    """Cargo packages and workspaces. All variants share target directories, so dependencies build once."""

    language = Language.RUST.value

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:
        """Run `cargo build --release` for the variant, or take what it made of the same commit; see `ports.Target`."""
        artifacts.refuse(variant, name, service, "tags", "goamd64")
        if variant.binary:
            return artifacts.prebuilt(variant, name, root)
        with (
            artifacts.scratch(cache) as folder,
            source_tree(root, variant.git_ref, cache, variant.patch) as tree,
        ):
            build = _Build(service, variant, name, root, tree, cache, folder)
            return kept.build(cache, name, build.key(), build.run)

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:  # noqa: ARG002 - as the port asks
        """Add nothing."""
        return {}


class _Build:
    """One call of cargo, and what its result depends on."""

    def __init__(
        self, service: Service, variant: Variant, name: str, root: Path, tree: Tree, cache: Path, scratch: Path
    ) -> None:
        self._service = service
        self._variant = variant
        self._name = name
        self._root = root
        self._tree = tree
        self._cache = cache
        self._scratch = scratch
        self._workdir = tree.folder / service.workdir
        artifacts.check_folder(self._workdir, name)
        if tree.own:
            _share_lock(root, tree.folder, Path(service.workdir))
        profile = {f"CARGO_PROFILE_RELEASE_{_shouted(key)}": value for key, value in variant.cargo_profile.items()}
        target = {"CARGO_TARGET_DIR": str(cache / _target_dir(tree))}
        self._env = artifacts.environment(_PROFILE, target, profile, variant.build_env)
        self._compiler = pgo.rustc(self._workdir, self._env, scratch)
        self._guide: Path | None = None
        flags = [_FRAME_POINTERS, *self._processor(), *variant.rustflags, *self._guided()]
        selection = [*rustflags.add(flags, self._env, self._workdir), *_selection(service)]
        self._settings = [*selection, *_features(variant), *variant.build_flags]
        self._linked = self._link_arguments()

    def key(self) -> str:
        """Return what the result is kept under; empty: it is not kept, for the working tree may change."""
        if not self._tree.identity:
            return ""
        env = sorted(
            f"{key}={value}"
            for key, value in self._env.items()
            if key.startswith(_MATTERS) or key in self._variant.build_env
        )
        files = [path.read_text("utf-8") for path, _ in rustflags.configurations(self._env, self._workdir)]
        files += [path.read_text("utf-8") for path in _locks(self._tree.folder, Path(self._service.workdir))]
        told = [self._tree.identity, self._service.workdir, self._compiler.version]
        words = [*self._settings, *self._linked]
        return kept.key("rust", told, words, env, files, kept.files_in([*words, *self._variant.rustflags]))

    def run(self) -> Artifact:
        """Build."""
        verb = "rustc" if self._linked else "build"
        command = ["cargo", verb, "--release", *self._settings]
        told = [*command, "--message-format=json-render-diagnostics", *self._linked]
        shown = [*command, *self._linked]
        with _lock_kept(self._workdir):
            done = artifacts.compile_with(told, self._name, self._workdir, self._env, self._scratch, shown)
        binary = _choose(_binaries(done.stdout.decode()), self._service, self._name)
        if self._guide is not None:
            pgo.check_rust(self._guide, binary.name, self._name)
        copy = Path(shutil.copy2(binary, self._scratch / binary.name))  # cargo's own is replaced by the next variant
        return artifacts.store(copy, self._name, self._cache, shown, done.seconds)

    def _processor(self) -> list[str]:
        return [f"-Ctarget-cpu={self._variant.target_cpu}"] if self._variant.target_cpu else []

    def _guided(self) -> list[str]:
        """Return the flags that let the program count, or be laid out by what was counted."""
        asked = self._variant.pgo
        if not asked:
            return []
        place = (self._workdir, self._env, self._cache, self._scratch)
        if asked == pgo.GENERATE:
            # Build scripts count as well. With --target they would not, but names would have other hashes than those
            # in the build that is to use the profile.
            self._env[pgo.RAW_FILES] = str(self._scratch / "of-build-scripts-%p.profraw")
            writer = profile_writer.compiled(self._compiler, self._name, *place)
            return ["-Cprofile-generate", f"-Clink-arg={writer}"]
        path = pgo.profile_path(asked, self._name, self._root)
        if pgo.is_raw(path):
            path = pgo.merge([path], self._scratch / "merged.profdata", self._compiler, self._env)
        self._guide = pgo.keep(path, self._cache)
        return [f"-Cprofile-use={self._guide}"]

    def _link_arguments(self) -> list[str]:
        """Return arguments for the last link alone, so that dependencies are not built anew for each seed."""
        seed = self._variant.layout_seed
        if seed is None:
            return []
        host, sysroot = self._compiler.host, self._compiler.sysroot
        return ["--", *layout.rust_flags(seed, self._name, sysroot, host, self._env)]


def _shouted(key: str) -> str:
    return key.upper().replace("-", "_")


def _target_dir(tree: Tree) -> str:
    """Name the target directory: the working tree has its own.

    Cargo knows sources by their place in the workspace and by their times. In a directory shared with trees, files of
    the working tree that are older than a build of a commit would count as built.
    """
    return "cargo-trees" if tree.own else "cargo"


def _locks(root: Path, workdir: Path) -> list[Path]:
    """Return the Cargo.lock files that may hold for a folder of the project."""
    return [path for folder in (workdir, *workdir.parents) if (path := root / folder / "Cargo.lock").is_file()]


def _share_lock(root: Path, tree: Path, workdir: Path) -> None:
    """Give a tree whose commit has no Cargo.lock the project's own, so that variants do not differ by dependencies."""
    if not _locks(tree, workdir):
        for path in _locks(root, workdir):
            target = tree / path.relative_to(root)
            if target.parent.is_dir():
                shutil.copyfile(path, target)


@contextlib.contextmanager
def _lock_kept(workdir: Path) -> Iterator[None]:
    """Put Cargo.lock back as it was: cargo writes one where it is missing or behind its Cargo.toml."""
    folders = (workdir, *workdir.parents)
    before = {path: _content(path) for folder in folders if (path := folder / "Cargo.lock").parent.is_dir()}
    try:
        yield
    finally:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif _content(path) != content:
                path.write_bytes(content)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _selection(service: Service) -> list[str]:
    package = ["--package", service.package] if service.package else []
    return [*package, *(["--bin", service.binary] if service.binary else ["--bins"])]


def _features(variant: Variant) -> list[str]:
    features = ["--features", ",".join(variant.features)] if variant.features else []
    return features if variant.default_features else [*features, "--no-default-features"]


def _binaries(messages: str) -> dict[str, Path]:
    """Read the built programs by name from cargo's JSON messages (The Cargo Book, External tools)."""
    found = {}
    for line in messages.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            found[str(message["target"]["name"])] = Path(message["executable"])
    return found


def _choose(found: Mapping[str, Path], service: Service, name: str) -> Path:
    wanted = service.binary or next(iter(found), "")
    if wanted not in found or (not service.binary and len(found) > 1):
        raise BuildError(
            f"variant {name}: the package builds {len(found)} programs: {', '.join(sorted(found)) or 'none'}",
            hint="name one as `binary`, and its package as `package`",
        )
    return found[wanted]


TARGET = RustTarget()

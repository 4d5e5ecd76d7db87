"""Builds Rust services with `cargo build --release`, adding what profiles need by environment alone."""

import contextlib
import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts
from tailtune.record.builds.source import source_tree

_FRAME_POINTERS: Final = "-Cforce-frame-pointers=yes"
_PROFILE: Final = {"CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only", "CARGO_PROFILE_RELEASE_STRIP": "none"}
"""Lines for the symbolizer; neither changes the code that is generated."""


class RustTarget:
    """Cargo packages and workspaces. All variants share one target directory, so dependencies build once."""

    language = Language.RUST.value

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:
        """Run `cargo build --release` for the variant; see `ports.Target.build`."""
        artifacts.refuse(variant, name, service, "tags")
        with artifacts.scratch(cache) as folder, source_tree(root, variant.git_ref, cache) as tree:
            workdir = tree / service.workdir
            env = artifacts.environment(_PROFILE, {"CARGO_TARGET_DIR": str(cache / "cargo")}, variant.build_env)
            flags = _frame_pointers(env, workdir)
            settings = [*flags, *_selection(service), *_features(variant), *variant.build_flags]
            command = ["cargo", "build", "--release", *settings]
            with _lock_kept(workdir):
                done = artifacts.compile_with(
                    [*command, "--message-format=json-render-diagnostics"], name, workdir, env, folder, command
                )
            binary = _choose(_binaries(done.stdout.decode()), service, name)
            copy = Path(shutil.copy2(binary, folder / binary.name))  # cargo's own copy is replaced by the next variant
            return artifacts.store(copy, name, cache, command, done.seconds)

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:  # noqa: ARG002 - as the port asks
        """Add nothing."""
        return {}


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


def _frame_pointers(env: dict[str, str], workdir: Path) -> list[str]:
    """Add frame pointers to the flags that are in force; return the arguments of cargo that this takes.

    Cargo reads flags from one source only, the first of CARGO_ENCODED_RUSTFLAGS, RUSTFLAGS,
    `target.*.rustflags`, `build.rustflags` (The Cargo Book, build.rustflags). Adding to a later one
    would be ignored, setting an earlier one would drop the user's flags.
    """
    if env.get("CARGO_ENCODED_RUSTFLAGS"):
        env["CARGO_ENCODED_RUSTFLAGS"] += f"\x1f{_FRAME_POINTERS}"
        return []
    if env.get("RUSTFLAGS"):
        env["RUSTFLAGS"] += f" {_FRAME_POINTERS}"
        return []
    by_target = any(_has_target_flags(config) for config in _configurations(env, workdir))
    key = "target.'cfg(all())'.rustflags" if by_target else "build.rustflags"
    return ["--config", f'{key}=["{_FRAME_POINTERS}"]']


def _configurations(env: Mapping[str, str], workdir: Path) -> Iterator[dict[str, Any]]:
    """Read the configuration files that cargo finds from a folder upwards and in its home."""
    home = Path(env.get("CARGO_HOME") or Path.home() / ".cargo")
    folders = [*(folder / ".cargo" for folder in (workdir.resolve(), *workdir.resolve().parents)), home]
    for folder in folders:
        for path in (folder / "config", folder / "config.toml"):
            try:
                yield tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, tomllib.TOMLDecodeError):  # cargo itself says what is wrong with a file
                continue


def _has_target_flags(config: dict[str, Any]) -> bool:
    targets = config.get("target")
    return isinstance(targets, dict) and any("rustflags" in one for one in targets.values() if isinstance(one, dict))


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

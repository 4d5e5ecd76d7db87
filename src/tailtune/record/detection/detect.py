"""A look at a repository: what could be measured in it. Reads, and asks `go` and `cargo`; changes nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tailtune.model.detected import Detected, Module
from tailtune.record.detection.go import go_module
from tailtune.record.detection.rust import rust_modules

MAX_DEPTH: Final = 8
MAX_FILES: Final = 20_000
_SKIPPED: Final = frozenset({"vendor", "node_modules", "target", "testdata", "third_party", "dist", "__pycache__"})
_CONFIG: Final = "tailtune.toml"


class _Listing(msgspec.Struct):
    """The files of a repository that say something."""

    go_mods: list[Path] = []
    manifests: list[Path] = []
    go_files: list[Path] = []
    rust_files: list[Path] = []
    configs: list[Path] = []
    cut: str = ""
    """Why the listing is not complete; empty: it is."""


def detect(root: Path) -> Detected:
    """Look at everything below `root`, down to `MAX_DEPTH` folders and `MAX_FILES` files.

    Modules come in the order of their paths, outermost first. A folder that cannot be read is skipped.
    """
    root = root.resolve()
    listing = _list(root)
    modules = _go_modules(listing, root) + rust_modules(listing.manifests, listing.rust_files, root)
    modules.sort(key=lambda module: (module.path.count("/"), module.path != ".", module.path))
    return Detected(
        root=str(root),
        config=_config(root),
        configs=[str(path.relative_to(root)) for path in listing.configs],
        modules=modules,
        warnings=[listing.cut] if listing.cut else [],
    )


def _go_modules(listing: _Listing, root: Path) -> list[Module]:
    directories = [path.parent for path in listing.go_mods]
    owned: dict[Path, list[Path]] = {directory: [] for directory in directories}
    for path in listing.go_files:
        owner = next((parent for parent in path.parents if parent in owned), None)
        if owner is not None:
            owned[owner].append(path)
    return [go_module(directory, files, root) for directory, files in owned.items()]


def _config(root: Path) -> str:
    """Return the configuration that a command started in `root` would find."""
    return next((str(place / _CONFIG) for place in (root, *root.parents) if (place / _CONFIG).is_file()), "")


def _list(root: Path) -> _Listing:
    listing = _Listing()
    by_name = {"go.mod": listing.go_mods, "Cargo.toml": listing.manifests, _CONFIG: listing.configs}
    by_suffix = {".go": listing.go_files, ".rs": listing.rust_files}
    for count, path in enumerate(_walk(root, listing), 1):
        if count > MAX_FILES:
            listing.cut = f"only the first {MAX_FILES:,} files below {root} were looked at"
            break
        kept = by_name.get(path.name, by_suffix.get(path.suffix))
        if kept is not None:
            kept.append(path)
    return listing


def _walk(root: Path, listing: _Listing) -> Iterator[Path]:
    """Yield files in a stable order, the outer ones first within a folder; links are not followed."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= MAX_DEPTH and folders:
            listing.cut = f"folders deeper than {MAX_DEPTH} below {root} were not looked at"
            folders.clear()
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith((".", "_")))
        yield from (here / name for name in sorted(files))

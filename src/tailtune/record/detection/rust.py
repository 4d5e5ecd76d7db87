"""Cargo workspaces: binaries, how they are told their port, allocator, benchmarks."""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tailtune.model.detected import Benchmarks, Module, Program
from tailtune.model.project import Language
from tailtune.record.detection.guess import (
    Source,
    Way,
    environment_ways,
    found,
    listening_ports,
    plain_routes,
    port_in,
    port_value,
    read_sources,
)
from tailtune.record.host.textfile import text
from tailtune.record.host.toolchains import ask

MAX_ASKED: Final = 20
"""Workspaces that cargo is asked about, a tenth of a second each; of any more, the manifests are read."""

_FRAMEWORKS: Final = ("axum", "actix-web", "hyper", "warp", "rocket", "poem", "salvo", "tide", "tonic", "ntex")
_ALLOCATORS: Final = ("mimalloc", "tikv-jemallocator", "jemallocator", "snmalloc-rs", "tcmalloc", "bump_alloc")
_BENCH_TOOLS: Final = ("criterion", "divan")
_SERVES: Final = re.compile(
    r"\bTcpListener::bind|\baxum::serve|\bHttpServer::new|\bServer::bind|\bwarp::serve|\brocket::build|#\[launch\]|"
    r"\bserve_connection"
)
_CLAP: Final = re.compile(
    r"#\[(?:arg|clap|structopt)\((?P<options>(?:[^\[\]]|\[[^\]]*\])*)\)\]\s*(?:///[^\n]*\s*)*"
    r"(?:pub(?:\([^)]*\))?\s+)?(?P<field>\w+)\s*:"
)
_LONG: Final = re.compile(r"\blong\b(?:\s*=\s*\"([\w-]+)\"|\s*\(\s*\"([\w-]+)\"\s*\))?")
_DEFAULT: Final = re.compile(r"\bdefault_value(?:_t)?\s*=\s*\"?([^\",)]+)\"?")
_CLAP_ENVIRONMENT: Final = re.compile(r"\benv\s*=\s*\"(\w+)\"")
_BUILDER: Final = re.compile(r"\.long\(\s*\"([\w-]+)\"\s*\)(?:[^;]*?\.default_value\(\s*\"([^\"]*)\")?")
_ARGUMENT: Final = re.compile(r"\"(--[\w-]+)\"\s*(?:\|[^=>]*)?=>")
_ENVIRONMENT: Final = re.compile(r"\benv::var(?:_os)?\(\s*\"(\w+)\"")
_LISTENS: Final = re.compile(r"\"([\w.\[\]]*:\d{2,5})\"|\(\s*\[\s*\d+(?:\s*,\s*\d+){3}\s*\]\s*,\s*(\d{2,5})\s*\)")
_ROUTE: Final = re.compile(r"\.route\(\s*\"(/[^\"]*)\"\s*,\s*(?:\w+::)*get\b|#\[get\(\s*\"(/[^\"]*)\"")


class _Package(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    directory: Path
    binaries: list[tuple[str, Path]]
    benches: int
    dependencies: set[str]
    dev_dependencies: set[str]


class _Workspace(msgspec.Struct, frozen=True, kw_only=True):
    directory: Path
    packages: list[_Package]


def rust_modules(manifests: Sequence[Path], files: Sequence[Path], root: Path) -> list[Module]:
    """Describe the workspaces that the manifests (`Cargo.toml` files, outermost first) belong to."""
    modules: list[Module] = []
    seen: set[Path] = set()
    for manifest in manifests:
        if manifest.parent in seen:
            continue
        asked = _asked(manifest) if len(modules) < MAX_ASKED else None
        workspace = asked or _parsed(manifest)
        seen.update(package.directory for package in workspace.packages)
        if workspace.packages:
            modules.append(_module(workspace, files, root))
    return modules


def _asked(manifest: Path) -> _Workspace | None:
    """Ask cargo; `--no-deps` needs no network and leaves Cargo.lock alone."""
    command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", str(manifest)]
    answer = ask(command, manifest.parent)
    if not answer:
        return None
    told = json.loads(answer)
    packages = [_told_package(package) for package in told["packages"]]
    return _Workspace(directory=Path(told["workspace_root"]), packages=packages)


def _told_package(package: dict[str, Any]) -> _Package:
    targets = [(target["kind"], target["name"], Path(target["src_path"])) for target in package["targets"]]
    dependencies = package["dependencies"]
    return _Package(
        name=package["name"],
        directory=Path(package["manifest_path"]).parent,
        binaries=[(name, path) for kind, name, path in targets if "bin" in kind],
        benches=sum("bench" in kind for kind, _, _ in targets),
        dependencies={dependency["name"] for dependency in dependencies if dependency["kind"] is None},
        dev_dependencies={dependency["name"] for dependency in dependencies if dependency["kind"] == "dev"},
    )


def _parsed(manifest: Path) -> _Workspace:
    """Without cargo, read the manifest by cargo's own rules for where things are."""
    content = _toml(manifest)
    name = content.get("package", {}).get("name")
    packages = [_parsed_package(manifest.parent, name, content)] if isinstance(name, str) else []
    return _Workspace(directory=manifest.parent, packages=packages)


def _parsed_package(directory: Path, name: str, content: dict[str, Any]) -> _Package:
    main = [(name, directory / "src/main.rs")] if (directory / "src/main.rs").is_file() else []
    others = [(path.stem, path) for path in sorted((directory / "src/bin").glob("*.rs"))]
    declared = {item.get("name"): directory / item.get("path", "src/main.rs") for item in content.get("bin", [])}
    return _Package(
        name=name,
        directory=directory,
        binaries=list((dict([*main, *others]) if not declared else dict([*others, *declared.items()])).items()),
        benches=max(len(content.get("bench", [])), len(list((directory / "benches").glob("*.rs")))),
        dependencies=set(content.get("dependencies", {})),
        dev_dependencies=set(content.get("dev-dependencies", {})),
    )


def _module(workspace: _Workspace, files: Sequence[Path], root: Path) -> Module:
    inside = {package.name: _files_of(package, workspace, files) for package in workspace.packages}
    sources = {name: read_sources(paths, root) for name, paths in inside.items()}
    dependencies = set[str]().union(*(package.dependencies for package in workspace.packages))
    everything = [source for group in sources.values() for source in group]
    return Module(
        language=Language.RUST,
        path=_relative(workspace.directory, root),
        name=", ".join(package.name for package in workspace.packages),
        programs=[
            _program(package, binary, path, sources[package.name], root)
            for package in workspace.packages
            for binary, path in package.binaries
        ],
        benchmarks=_benchmarks(workspace.packages),
        allocator=_allocator(dependencies, everything),
        frameworks=[name for name in _FRAMEWORKS if name in dependencies],
        release_debug_info=_keeps_debug_info(workspace.directory),
    )


def _files_of(package: _Package, workspace: _Workspace, files: Sequence[Path]) -> list[Path]:
    """Return the package's sources: below its directory, but not below that of a package inside it."""
    nested = [other.directory for other in workspace.packages if other.directory.is_relative_to(package.directory)]
    deeper = [directory for directory in nested if directory != package.directory]
    own = [path for path in files if path.is_relative_to(package.directory / "src")]
    return [path for path in own if not any(path.is_relative_to(directory) for directory in deeper)]


def _program(package: _Package, binary: str, path: Path, sources: Sequence[Source], root: Path) -> Program:
    main = str(path.relative_to(root)) if path.is_relative_to(root) else ""
    others = {str(other.relative_to(root)) for name, other in package.binaries if name != binary and other != path}
    own = sorted((s for s in sources if s.name not in others), key=lambda source: source.name != main)
    serving = next(found(_SERVES, own), None)
    ways = [*_argument_ways(own), *environment_ways(_ENVIRONMENT, own)]
    way = ways[0] if ways else Way(evidence="")
    ports = list(listening_ports(_LISTENS, own)) if serving else []
    port, port_evidence = (way.port, "") if way.port else (ports[0] if ports else (0, ""))
    evidence = [f"{serving[0].place(serving[1].start())}: listens"] if serving else []
    return Program(
        name=binary,
        package=package.name,
        binary=binary,
        serves=serving is not None,
        port=port,
        args=way.args,
        env=way.env,
        told_by=way.evidence,
        paths=plain_routes(_ROUTE, own) if serving else [],
        evidence=[*evidence, *filter(None, (way.evidence, port_evidence))],
    )


def _argument_ways(sources: Sequence[Source]) -> list[Way]:
    ways = []
    for source, match in found(_CLAP, sources):
        ways += _clap_ways(match["options"], match["field"], source.place(match.start()))
    for source, match in found(_BUILDER, sources):
        ways += _argument(f"--{match[1]}", match[2] or "", source.place(match.start()))
    for source, match in found(_ARGUMENT, sources):
        ways += _argument(match[1], "", source.place(match.start()))
    return ways


def _clap_ways(options: str, field: str, place: str) -> list[Way]:
    default = _DEFAULT.search(options)
    variable = _CLAP_ENVIRONMENT.search(options)
    if long := _LONG.search(options):
        name = long[1] or long[2] or field.replace("_", "-")
        return _argument(f"--{name}", default[1] if default else "", place)
    if variable and (value := port_value(variable[1], default[1] if default else "")):
        port = port_in(default[1]) if default else 0
        return [Way(env={variable[1]: value}, port=port, evidence=f"{place}: environment {variable[1]}")]
    return []


def _argument(name: str, default: str, place: str) -> list[Way]:
    value = port_value(name, default)
    return [Way(args=[name, value], port=port_in(default), evidence=f"{place}: argument {name}")] if value else []


def _benchmarks(packages: Sequence[_Package]) -> list[Benchmarks]:
    counts: dict[str, int] = {}
    for package in packages:
        used = [name for name in package.dev_dependencies if any(tool in name for tool in _BENCH_TOOLS)]
        tool = next((tool for tool in _BENCH_TOOLS if any(tool in name for name in used)), "libtest")
        if package.benches:
            counts[tool] = counts.get(tool, 0) + package.benches
    return [Benchmarks(tool=tool, count=count) for tool, count in sorted(counts.items())]


def _allocator(dependencies: set[str], sources: Sequence[Source]) -> str:
    """Return the crate of the global allocator: only one that is installed counts, not one that is merely there."""
    if not any("#[global_allocator]" in source.text for source in sources):
        return ""
    return next((name for name in _ALLOCATORS if name in dependencies), "a crate's own")


def _keeps_debug_info(directory: Path) -> bool:
    release = _toml(directory / "Cargo.toml").get("profile", {}).get("release", {})
    return release.get("debug", False) not in (False, 0, "none")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text(path))
    except tomllib.TOMLDecodeError:
        return {}


def _relative(directory: Path, root: Path) -> str:
    return str(directory.relative_to(root)) if directory.is_relative_to(root) else str(directory)

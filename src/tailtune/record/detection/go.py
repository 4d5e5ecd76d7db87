"""Go modules: main packages, how they are told their port, pprof, benchmarks."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

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

_MODULE: Final = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_MAIN: Final = re.compile(r"^package main\b", re.MULTILINE)
_IGNORED: Final = re.compile(r"^//go:build\s+ignore\b|^// \+build ignore\b", re.MULTILINE)
_SERVES: Final = re.compile(
    r"\.ListenAndServe(?:TLS)?\(|http\.Serve\(|httptest?\.NewServer\(|gin\.(?:Default|New)\(|echo\.New\(|fiber\.New\(|"
    r"fasthttp\.ListenAndServe|\bhttp\.Server\{"
)
_FLAG: Final = re.compile(
    r"\b(flag|pflag|[fF]lags\(\)|fs|flagSet|flags)\.(?:String|Int|Uint|Uint16)(?:Var)?P?\(\s*(?:&[\w.\[\]]+,\s*)?"
    r"\"([\w.-]+)\",\s*(?:\"\w?\",\s*)?\"?([^\",)]*)\"?"
)
_ENVIRONMENT: Final = re.compile(r"\bos\.(?:Getenv|LookupEnv)\(\s*\"(\w+)\"")
_LISTENS: Final = re.compile(
    r"(?:ListenAndServe(?:TLS)?|\.Run|\.Start|\.Listen|net\.Listen)\(\s*(?:\"tcp4?\",\s*)?\"([\w.\[\]-]*:\d+)\"|"
    r"\bAddr:\s*\"([\w.\[\]-]*:\d+)\""
)
_ROUTE: Final = re.compile(r"(?:\.HandleFunc|\.Handle|\.GET|\.Get)\(\s*\"(?:GET\s+)?(/[^\"]*)\"")
_BENCHMARK: Final = re.compile(r"^func Benchmark\w*\(\w+ \*testing\.B\)", re.MULTILINE)
_FRAMEWORKS: Final = (
    "gin-gonic/gin",
    "labstack/echo",
    "gofiber/fiber",
    "go-chi/chi",
    "gorilla/mux",
    "valyala/fasthttp",
)
_LIST_COMMAND: Final = ["go", "list", "-e", "-find", "-json=Name,Dir,GoFiles", "./..."]


class _MainPackage(msgspec.Struct, frozen=True):
    directory: Path
    files: list[Path]


class _Clues(msgspec.Struct, frozen=True, kw_only=True):
    """What some sources give away."""

    listens: list[str]
    """Places."""
    flags: list[Way]
    variables: list[Way]
    ports: list[tuple[int, str]]
    routes: list[str]


def go_module(directory: Path, files: Sequence[Path], root: Path) -> Module:
    """Describe the module in `directory`; `files` are the Go files that belong to it."""
    manifest = text(directory / "go.mod")
    declared = _MODULE.search(manifest)
    name = declared.group(1) if declared else directory.name
    tests = {path for path in files if path.name.endswith("_test.go")}
    sources = read_sources([path for path in files if path not in tests], root)
    mains = _listed_mains(directory) or _scanned_mains(sources, root)
    library = _Library(name, directory.relative_to(root), [s for s in sources if not _MAIN.search(s.text)])
    count = sum(len(_BENCHMARK.findall(source.text)) for source in read_sources(sorted(tests), root))
    return Module(
        language=Language.GO,
        path=str(directory.relative_to(root)),
        name=name,
        programs=[_program(main, directory, root, library) for main in mains],
        benchmarks=[Benchmarks(tool="go test", count=count)] if count else [],
        pprof=any('"net/http/pprof"' in source.text for source in sources),
        frameworks=[framework for framework in _FRAMEWORKS if f"github.com/{framework}" in manifest],
    )


class _Library:
    """The packages of a module that are no commands, and what their sources give away, read once."""

    def __init__(self, module: str, inside: Path, sources: Sequence[Source]) -> None:
        """Group the sources by package; `inside` is the module's directory relative to the repository."""
        self.module = module
        self._import = re.compile(rf'"{re.escape(module)}(?:/([\w./-]+))?"')
        self._packages: dict[str, list[Source]] = {}
        self._clues: dict[str, _Clues] = {}
        for source in sources:
            folder = Path(source.name).parent.relative_to(inside)
            self._packages.setdefault(str(folder), []).append(source)

    def clues(self, sources: Sequence[Source]) -> _Clues:
        """Return what the packages give away that `sources` import, directly or through others."""
        reached = self._imports(sources)
        for package in reached:
            reached += [name for name in self._imports(self._packages[package]) if name not in reached]
        return _joined([self._clues_of(package) for package in reached])

    def _imports(self, sources: Sequence[Source]) -> list[str]:
        named = (match.group(1) or "." for source in sources for match in self._import.finditer(source.text))
        return [name for name in dict.fromkeys(named) if name in self._packages]

    def _clues_of(self, package: str) -> _Clues:
        if package not in self._clues:
            self._clues[package] = _clues_in(self._packages[package])
        return self._clues[package]


def _listed_mains(directory: Path) -> list[_MainPackage]:
    """Ask Go itself, which knows build constraints; without network and without touching go.mod."""
    answer = ask(_LIST_COMMAND, directory)
    mains, decoder, at = [], json.JSONDecoder(), 0
    while at < len(answer.rstrip()):
        package, at = decoder.raw_decode(answer, at + len(answer[at:]) - len(answer[at:].lstrip()))
        if package.get("Name") == "main":
            folder = Path(package["Dir"])
            mains.append(_MainPackage(folder, [folder / name for name in package.get("GoFiles", [])]))
    return mains


def _scanned_mains(sources: Sequence[Source], root: Path) -> list[_MainPackage]:
    """Without Go, a folder with `package main` is a main package."""
    folders: dict[Path, list[Path]] = {}
    for source in sources:
        if _MAIN.search(source.text) and not _IGNORED.search(source.text):
            path = root / source.name
            folders.setdefault(path.parent, []).append(path)
    return [_MainPackage(folder, paths) for folder, paths in sorted(folders.items())]


def _clues_in(sources: Sequence[Source]) -> _Clues:
    return _Clues(
        listens=[source.place(match.start()) for source, match in found(_SERVES, sources)][:1],
        flags=_flag_ways(sources),
        variables=list(environment_ways(_ENVIRONMENT, sources)),
        ports=list(listening_ports(_LISTENS, sources)),
        routes=plain_routes(_ROUTE, sources),
    )


def _joined(parts: Sequence[_Clues]) -> _Clues:
    return _Clues(
        listens=[place for part in parts for place in part.listens],
        flags=[way for part in parts for way in part.flags],
        variables=[way for part in parts for way in part.variables],
        ports=[port for part in parts for port in part.ports],
        routes=list(dict.fromkeys(route for part in parts for route in part.routes)),
    )


def _program(main: _MainPackage, module: Path, root: Path, library: _Library) -> Program:
    sources = read_sources(main.files, root)
    clues = _joined([_clues_in(sources), library.clues(sources)])
    inside = main.directory.relative_to(module)
    ways = [*_flag_ways(sources), *clues.variables, *clues.flags]  # a flag of a library may be another program's
    way = ways[0] if ways else Way(evidence="")
    seen = clues.ports[0] if clues.ports and clues.listens else (0, "")
    port, port_evidence = (way.port, "") if way.port else seen
    listens = [f"{place}: listens" for place in clues.listens[:1]]
    return Program(
        name=main.directory.name if inside.parts else _command_name(library.module),
        package=f"./{inside}" if inside.parts else ".",
        serves=bool(listens),
        port=port,
        args=way.args,
        env=way.env,
        told_by=way.evidence,
        paths=clues.routes if listens else [],
        evidence=[*listens, *filter(None, (way.evidence, port_evidence))],
    )


def _command_name(module: str) -> str:
    """Return what `go install` would call the module's own command: the module path's last part but its version."""
    parts = module.split("/")
    return parts[-2] if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]) else parts[-1]


def _flag_ways(sources: Sequence[Source]) -> list[Way]:
    ways = []
    for source, match in found(_FLAG, sources):
        package, name, default = match.groups()
        if value := port_value(name, default):
            dashes = "-" if package in ("flag", "fs", "flagSet") else "--"
            argument = f"{dashes}{name}={value}"
            evidence = f"{source.place(match.start())}: flag {dashes}{name}"
            ways.append(Way(args=[argument], port=port_in(default), evidence=evidence))
    return ways

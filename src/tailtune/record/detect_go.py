"""Go modules: main packages, how they are told their port, pprof, benchmarks."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tailtune.model.detected import Benchmarks, Module, Program
from tailtune.model.project import Language
from tailtune.record.guess import (
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
from tailtune.record.textfile import text
from tailtune.record.toolchains import ask

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


def go_module(directory: Path, files: Sequence[Path], root: Path) -> Module:
    """Describe the module in `directory`; `files` are the Go files that belong to it."""
    manifest = text(directory / "go.mod")
    declared = _MODULE.search(manifest)
    tests = [path for path in files if path.name.endswith("_test.go")]
    sources = read_sources([path for path in files if path not in set(tests)], root)
    mains = _listed_mains(directory) or _scanned_mains(sources, root)
    count = sum(len(_BENCHMARK.findall(source.text)) for source in read_sources(tests, root))
    main_files = {str(path.relative_to(root)) for main in mains for path in main.files}
    library = [source for source in sources if source.name not in main_files and not _MAIN.search(source.text)]
    return Module(
        language=Language.GO,
        path=str(directory.relative_to(root)),
        name=declared.group(1) if declared else directory.name,
        programs=[_program(main, directory, root, library) for main in mains],
        benchmarks=[Benchmarks(tool="go test", count=count)] if count else [],
        pprof=any('"net/http/pprof"' in source.text for source in sources),
        frameworks=[name for name in _FRAMEWORKS if f"github.com/{name}" in manifest],
    )


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


def _program(main: _MainPackage, module: Path, root: Path, library: Sequence[Source]) -> Program:
    own = read_sources(main.files, root)
    inside = main.directory.relative_to(module)
    everything = [*own, *library]
    serving = next(found(_SERVES, own), None) or next(found(_SERVES, library), None)
    ways = [*_flag_ways(own), *environment_ways(_ENVIRONMENT, own)] or list(environment_ways(_ENVIRONMENT, library))
    way = ways[0] if ways else Way(evidence="")
    ports = list(listening_ports(_LISTENS, everything if serving else own))
    port, port_evidence = (way.port, "") if way.port else (ports[0] if ports else (0, ""))
    evidence = [f"{serving[0].place(serving[1].start())}: listens"] if serving else []
    return Program(
        name=main.directory.name if inside.parts else _command_name(module),
        package=f"./{inside}" if inside.parts else ".",
        serves=serving is not None,
        port=port,
        args=way.args,
        env=way.env,
        told_by=way.evidence,
        paths=plain_routes(_ROUTE, everything) if serving else [],
        evidence=[*evidence, *filter(None, (way.evidence, port_evidence))],
    )


def _command_name(module: Path) -> str:
    """Return what `go install` would call the module's own command: the module path's last part but its version."""
    declared = _MODULE.search(text(module / "go.mod"))
    parts = declared.group(1).split("/") if declared else [module.name]
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

"""`tailtune` and `tailtune init` as text: what is here, and what to do next."""

from collections.abc import Sequence

from tailtune.model.detected import Initialized, Module, Overview, Program, Suggestion
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import labelled, page, pairs, paragraph
from tailtune.show.values import plural


def detection(overview: Overview) -> str:
    """Show what was found in a repository and which commands come next."""
    found = overview.detected
    nothing = ["no Go module and no Cargo workspace here"] if not found.modules else []
    config = f"configuration: {found.config}" if found.config else "no tailtune.toml yet"
    return page(
        [found.root, config],
        nothing,
        *(_module(one) for one in found.modules),
        warnings(found.warnings),
        _next(overview.next),
        ["Nothing was changed."],
    )


def initialized(result: Initialized) -> str:
    """Show what was written, what was guessed, and what comes next."""
    guesses = [line for text in result.guesses for line in labelled("-", text)]
    return page(
        [f"wrote {result.path}: {result.service}"],
        ["guessed; look at these:", *guesses] if guesses else [],
        _next(result.next),
    )


def _module(module: Module) -> list[str]:
    title = "Go module" if module.language == "go" else "Cargo workspace"
    where = "" if module.path == "." else f" in {module.path}"
    rows = [
        ("HTTP", ", ".join(module.frameworks)),
        ("pprof", _pprof(module)),
        ("allocator", module.allocator),
        ("debug info", _debug_info(module)),
        ("benchmarks", ", ".join(f"{one.count} ({one.tool})" for one in module.benchmarks)),
        *((f"{'service' if one.serves else 'program'} {one.name}", _program(one)) for one in module.programs),
        *(("warning", text) for text in module.warnings),
    ]
    return [*paragraph(f"{title} {module.name}{where}"), *pairs(rows)]


def _pprof(module: Module) -> str:
    if module.language != "go":
        return ""
    return "imported" if module.pprof else "not imported: profiles come from perf events alone"


def _debug_info(module: Module) -> str:
    if module.release_debug_info is None:
        return ""
    return (
        "in the release profile"
        if module.release_debug_info
        else "added to the build by environment; nothing is edited"
    )


def _program(program: Program) -> str:
    start = " ".join([*(f"{name}={value}" for name, value in program.env.items()), *program.args])
    parts = [
        program.package,
        f"listens on :{program.port}" if program.port else "",
        f"takes its port by `{start}`" if start else "",
        f"{plural(len(program.paths), 'route')}: {', '.join(program.paths[:4])}" if program.paths else "",
    ]
    return "; ".join(part for part in parts if part)


def _next(suggestions: Sequence[Suggestion]) -> list[str]:
    width = max((len(one.command) for one in suggestions), default=0)
    return ["next", *(f"  {one.command:<{width}}  {one.reason}".rstrip() for one in suggestions)] if suggestions else []

"""`tailtune init`: a short `tailtune.toml` for the service found here. Asks nothing, says what it guessed."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tailtune import config
from tailtune.config.problem import listed, nearest
from tailtune.errors import SetupError, UsageError
from tailtune.model.detected import Detected, Initialized, Module, Program, Suggestion
from tailtune.model.project import Language
from tailtune.record.detection.detect import detect

_HEALTH: Final = ("/healthz", "/health", "/readyz", "/ready", "/livez", "/live", "/ping", "/status")
_NEXT: Final = [
    Suggestion(command="tailtune run", reason="build, start, load and measure the service once"),
    Suggestion(command="tailtune explain", reason="see where the tail goes"),
]
_PROVE_VARIANT: Final = Suggestion(
    command="tailtune compare base VARIANT", reason="prove a change, once you have named it under [variants]"
)
_PROVE_EDIT: Final = Suggestion(
    command="tailtune compare HEAD worktree", reason="prove an edit of the code against the last commit"
)


class _Draft(msgspec.Struct, kw_only=True):
    """What goes into the file, as TOML lines, and what was guessed on the way."""

    title: str
    service: list[str]
    ready: str
    path: str
    variant: list[str]
    in_git: bool = False
    """Whether there is a last commit to compare with."""
    guesses: list[str]


def init(root: Path, *, force: bool = False, service: str = "", command: Sequence[str] = ()) -> Initialized:
    """Write `tailtune.toml` in `root` for the service found below it.

    Args:
        root: Directory to write into and to look at.
        force: Replace a file that is there.
        service: Name of the program, where several were found; empty: the likeliest.
        command: Executable and arguments of a service that is already built, with `{port}`.

    Raises:
        UsageError: if the file exists, no program is found, or none is called `service`.
        SetupError: if the file cannot be written.
    """
    path = root.resolve() / config.FILE_NAME
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="keep it, or replace it with `tailtune init --force`")
    draft = _for_command(command) if command else _for_found(detect(root), service)
    text = "\n".join(_lines(draft)) + "\n"
    config.parse(text, path)  # a file that cannot be read back is never written
    _write(path, text)
    return Initialized(path=str(path), service=draft.title, guesses=draft.guesses, next=_next(draft))


def _next(draft: _Draft) -> list[Suggestion]:
    return [*_NEXT, _PROVE_EDIT if draft.in_git else _PROVE_VARIANT]


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, so that it is never half written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SetupError(f"{path} cannot be written: {error.strerror}", hint="check permissions and space") from error


def _for_command(command: Sequence[str]) -> _Draft:
    binary, *args = command
    guesses = []
    told = any("{port}" in arg for arg in args)
    if not told:
        guesses.append("the command has no {port}: the variable PORT is assumed to give it")
    return _Draft(
        title=f"command {shlex.join(command)}",
        service=[
            'language = "command"',
            f"binary = {_quoted(binary)}",
            f"args = {_quoted(args)}",
            *([] if told else ['env = { PORT = "{port}" }']),
        ],
        ready="",
        path="/",
        variant=["# [variants.other]", '# args = ["--port", "{port}", "--other-setting"]'],
        guesses=[*guesses, "a GET of / is a typical request"],
    )


def _for_found(detected: Detected, wanted: str) -> _Draft:
    candidates = [(module, program) for module in detected.modules for program in module.programs]
    candidates.sort(key=lambda pair: (not pair[1].serves, not pair[1].told_by))
    if wanted:
        candidates = _named(candidates, wanted)
    if not candidates:
        raise UsageError(
            f"no Go or Rust program found below {detected.root}",
            hint="name a command: tailtune init -- ./server --port '{port}'",
        )
    (module, program), *others = candidates
    guesses = _guesses(program)
    if serving := [other.name for _, other in others if other.serves]:
        guesses.append(f"{program.name} is the service meant; others: {', '.join(serving)} (`tailtune init --service`)")
    return _Draft(
        title=f"{'Go' if module.language is Language.GO else 'Rust'} service {program.name}",
        service=list(_service(module, program)),
        ready=next((path for path in _HEALTH if path in program.paths), "/" if "/" in program.paths else ""),
        path=_typical(program.paths),
        variant=_variant(module.language),
        in_git=_in_git(Path(detected.root)),
        guesses=guesses,
    )


def _named(candidates: list[tuple[Module, Program]], wanted: str) -> list[tuple[Module, Program]]:
    chosen = [pair for pair in candidates if wanted in (pair[1].name, pair[1].package)]
    if not chosen:
        names = [program.name for _, program in candidates]
        raise UsageError(f"no program called `{wanted}`; found: {listed(names) or 'none'}", hint=nearest(wanted, names))
    return chosen


def _guesses(program: Program) -> list[str]:
    guesses = []
    if not program.serves:
        guesses.append(f"{program.name} is taken for a service, though nothing in its sources listens for HTTP")
    if program.told_by:
        guesses.append(f"it is told its port by {program.told_by}")
    elif program.port:
        guesses.append(f"its port is fixed at {program.port} ({program.evidence[-1]})")
    else:
        guesses.append("nothing says how it is told its port: the variable PORT is assumed")
    guesses.append(f"a GET of {_typical(program.paths)} is a typical request")
    return guesses


def _typical(paths: Sequence[str]) -> str:
    """Return the route to load first: the root where it is served, else the first that is no health check."""
    if "/" in paths:
        return "/"
    return next((path for path in paths if path not in _HEALTH), paths[0] if paths else "/")


def _service(module: Module, program: Program) -> Iterator[str]:
    yield f"language = {_quoted(str(module.language))}"
    if program.package:
        yield f"package = {_quoted(program.package)}"
    if module.language is Language.RUST:
        yield f"binary = {_quoted(program.binary)}"
    if module.path != ".":
        yield f"workdir = {_quoted(module.path)}"
    if program.args:
        yield f"args = {_quoted(program.args)}  # {{port}}: a free one, chosen for each start"
    elif program.env:
        pairs = ", ".join(f"{name} = {_quoted(value)}" for name, value in program.env.items())
        yield f"env = {{ {pairs} }}  # {{port}}: a free one, chosen for each start"
    elif program.port:
        yield f"port = {program.port}  # fixed, for want of a way to tell the service another one"
    else:
        yield 'env = { PORT = "{port}" }  # guessed: say here, or in args, how the service is told its port'
    if module.language is Language.GO and not module.pprof:
        yield 'pprof = ""  # net/http/pprof is not imported'


def _variant(language: Language) -> list[str]:
    if language is Language.GO:
        return ["# [variants.gc-less-often]", '# env = { GOGC = "400" }']
    return ["# [variants.native]", '# build_env = { RUSTFLAGS = "-C target-cpu=native" }']


def _in_git(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _lines(draft: _Draft) -> Iterator[str]:
    yield f"# How tailtune starts, loads and judges this: {draft.title}."
    yield "[service]"
    yield from draft.service
    shown = "answers 200" if draft.ready else "accepts connections"
    yield f"ready = {{ path = {_quoted(draft.ready)} }}  # ready when it {shown}"
    yield ""
    yield "[workloads.default]"
    yield "rate = 100  # requests per second, sent whether or not earlier ones were answered"
    yield 'duration = "30s"'
    yield ""
    yield "[[workloads.default.operations]]  # one such table for each kind of request"
    yield f"name = {_quoted(draft.path.strip('/').replace('/', '-') or 'root')}"
    yield f"path = {_quoted(draft.path)}"
    yield '# path = "/search?q={word}"'
    yield '# data = { word = "words.txt" }  # a line for each request, drawn by seed; or a list of values'
    yield ""
    yield "[goals]"
    yield '# p99 = "20ms"'
    yield ""
    yield "# What `tailtune compare A B` builds and starts; `base` is the service as above, in the working tree."
    if draft.in_git:
        yield "# Commits need no name: after an edit, `tailtune compare HEAD worktree`."
    yield from draft.variant


def _quoted(value: str | Sequence[str]) -> str:
    """Write text, or a list of texts, as TOML; JSON's text is TOML's basic text."""
    return json.dumps(value, ensure_ascii=False)

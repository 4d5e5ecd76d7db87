"""What a look at a repository found: modules, programs that may be services, and how they are started."""

import msgspec

from tailtune.model.project import Language


class Benchmarks(msgspec.Struct, frozen=True, kw_only=True):
    """Micro-benchmarks of one module."""

    tool: str
    """`go test`, `criterion`, `divan` or `libtest`."""
    count: int
    """Benchmark functions for Go, benchmark targets for Cargo."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A main package or binary, with guesses about how it is started. Guesses come from its sources."""

    name: str
    package: str
    """Go: package pattern relative to the module, such as `./cmd/api`. Rust: name of the package."""
    binary: str = ""
    """Rust: name of the binary."""
    serves: bool = False
    """Its sources listen for HTTP."""
    port: int = 0
    """Port it listens on when nothing else is said; 0: not found."""
    args: list[str] = []
    """Arguments that give it a port, with `{port}`; empty: none were found."""
    env: dict[str, str] = {}
    """Environment that gives it a port, with `{port}`."""
    told_by: str = ""
    """Where that is read off, for example `cmd/api/main.go:12: flag -addr`; empty: nowhere."""
    paths: list[str] = []
    """Routes without parameters that answer GET, as far as they can be read off."""
    evidence: list[str] = []
    """Where all guesses come from, as `file:line: what stands there`."""


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """A Go module or a Cargo workspace."""

    language: Language
    path: str
    """Directory, relative to the repository; `.` is its root."""
    name: str
    """Module path, or the packages of the workspace."""
    programs: list[Program] = []
    benchmarks: list[Benchmarks] = []
    pprof: bool = False
    """Go: net/http/pprof is imported."""
    allocator: str = ""
    """Rust: crate of the global allocator; empty: the system's."""
    frameworks: list[str] = []
    """HTTP libraries it depends on."""
    release_debug_info: bool | None = None
    """Rust: whether the release profile keeps debug information; absent for Go."""
    warnings: list[str] = []


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """A look at a repository; nothing in it was changed."""

    root: str
    config: str = ""
    """Path of the `tailtune.toml` in force; empty: none yet."""
    configs: list[str] = []
    """All of them, relative to the root: one a service in a repository of several."""
    modules: list[Module] = []
    warnings: list[str] = []


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A command to type next, and why."""

    command: str
    reason: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what to do with it."""

    detected: Detected
    next: list[Suggestion]


class Initialized(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that `tailtune init` wrote."""

    path: str
    service: str
    """What the file starts, in words."""
    guesses: list[str]
    """What was guessed and should be looked at."""
    next: list[Suggestion]

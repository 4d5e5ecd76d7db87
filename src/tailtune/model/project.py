"""What `tailtune.toml` describes: the service, its goals and its variants."""

from enum import StrEnum

import msgspec

from tailtune.model.gates import Gates
from tailtune.model.instrument import Instrument
from tailtune.model.units import Duration
from tailtune.model.workload import Workload


class Language(StrEnum):
    """How the target is built; also the name of the target plug-in."""

    GO = "go"
    RUST = "rust"
    COMMAND = "command"
    """A prebuilt command: nothing is built."""


class ReadyCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the service counts as ready: an HTTP status on a path, or just an open port when `path` is empty."""

    path: str = "/"
    status: int = 200
    timeout: Duration = Duration(30_000_000_000)


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The service under test, as its author starts it."""

    language: Language
    package: str = ""
    """Go: package pattern such as `./cmd/api`. Rust: package of the workspace, may be empty. Command: unused."""
    binary: str = ""
    """Rust: name of the binary when the package has several. Command: path of the executable."""
    args: list[str] = []
    """Arguments; `{port}` is replaced by the port chosen for the trial, `{pprof_port}` by another for `pprof`."""
    env: dict[str, str] = {}
    """Environment added to the tool's own; `{port}` is replaced as in `args`."""
    workdir: str = "."
    """Working directory of the process and of the build, relative to the configuration file."""
    ready: ReadyCheck = ReadyCheck()
    port: int = 0
    """Fixed port, for services that cannot be told one; 0: a free one is chosen."""
    pprof: str = "/debug/pprof"
    """Go: where net/http/pprof answers; empty: not imported.

    A path on the service's own port, or a port and a path: `:6060/debug/pprof`, or `:{pprof_port}/debug/pprof` if
    `args` or `env` tell the service that port.
    """


class Goals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the service is meant to reach; absent: no goal."""

    p50: Duration | None = None
    p99: Duration | None = None
    p999: Duration | None = msgspec.field(name="p99.9", default=None)
    cpu_per_request: Duration | None = None


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A full assignment of settings and source, as differences from the service as it is."""

    tags: list[str] = []
    """Go build tags."""
    features: list[str] = []
    """Cargo features."""
    default_features: bool = True
    """Rust: whether the package's default features stay on."""
    env: dict[str, str] = {}
    """Environment of the running service."""
    build_env: dict[str, str] = {}
    """Environment of the build."""
    build_flags: list[str] = []
    """Extra arguments of `go build` or `cargo build`."""
    args: list[str] | None = None
    """Arguments in place of the service's own."""
    git_ref: str = ""
    """Commit, branch or tag to build from, in a worktree of its own; empty: the working tree."""
    knobs: dict[str, str] = {}
    """Knob → level, applied at each start, for example `{ gogc = "400", affinity = "0" }`."""
    patch: str = ""
    """Patch file, applied to `git_ref`, or to the working tree's content; relative to the configuration file."""
    binary: str = ""
    """Executable in place of a build; relative to the configuration file."""
    rustflags: list[str] = []
    """Rust: arguments of rustc, added to those in force."""
    target_cpu: str = ""
    """Rust: the processor whose instructions may be used, as rustc names it, such as `native`; empty: as configured."""
    cargo_profile: dict[str, str] = {}
    """Rust: settings of the release profile, such as `{ lto = "fat", codegen-units = "1" }`."""
    goamd64: str = ""
    """Go on amd64: level of instructions, `v1` to `v4`; empty: as configured."""
    pgo: str = ""
    """Profile-guided optimisation: path of a profile relative to the configuration file; `train`: the tool records one
    under the workload, with another seed than it judges with; `off`, Go only: none, not even `default.pgo`."""
    layout_seed: int | None = None
    """Seed by which the linker orders functions, from 1 to 4294967295; absent: its own order."""
    instrument: Instrument | None = None
    """Profiling that costs something: Go block and mutex profiles, allocations of other programs; absent: none."""


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `tailtune.toml`."""

    service: Service
    workloads: dict[str, Workload]
    goals: Goals = Goals()
    gates: Gates = Gates()
    variants: dict[str, Variant] = {}
    """By name. `base`, the service as it is, always exists."""

"""The Protocols through which recording touches the world; every plug-in implements one of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import msgspec
import pyarrow as pa

from tailtune.model.answers import AnswerSet, AnswersReport
from tailtune.model.endpoint import Endpoint
from tailtune.model.knobs import KnobPlace
from tailtune.model.load import LoadReport
from tailtune.model.project import Service, Variant
from tailtune.model.recording import Artifact, CollectorRecord, Forecast, Phase
from tailtune.model.workload import Workload


class Progress(Protocol):
    """Where a use case says what it is doing. Implementations must be quick and must not raise."""

    def phase(self, name: str, note: str = "") -> None:
        """A phase began."""

    def advance(self, done: float, total: float, note: str = "") -> None:
        """The phase went on: `done` of `total`, in any unit."""

    def note(self, text: str) -> None:
        """Something worth a line, kept on screen."""

    def warn(self, text: str) -> None:
        """A warning that the result will carry as well."""


class Target(Protocol):
    """Builds a service for one language. Found by being a module of `record/targets` with a `TARGET`."""

    language: str

    def build(self, service: Service, variant: Variant, name: str, root: Path, cache: Path) -> Artifact:
        """Build the variant named `name` of the service under `root` into `cache`.

        Nothing under `root` is edited. Raises BuildError with the compiler's output as detail.
        """

    def environment(self, service: Service, variant: Variant) -> dict[str, str]:
        """Environment that the running process gets besides the service's and the variant's own."""


class CpuQuota(msgspec.Struct, frozen=True):
    """CPU time that a control group grants: `quota_us` in each `period_us`."""

    quota_us: int
    period_us: int = 100_000

    @property
    def cores(self) -> float:
        """The quota in CPUs."""
        return self.quota_us / self.period_us


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """A process to start: everything resolved."""

    argv: list[str]
    env: dict[str, str]
    workdir: Path
    port: int
    cpus: list[int]
    stdout: Path
    stderr: Path
    pprof_port: int = 0
    """Where a Go program was told to hand out profiles; 0: on its own port."""
    nice: int | None = None
    """Nice value, from -20 to 19; absent: the tool's own."""
    scheduling: str = ""
    """Policy: `other`, `batch`, `idle`, or `fifo:N` with a priority from 1; empty: the tool's own."""
    huge_pages: bool = True
    """False: no transparent huge pages for this process, whatever the system says (PR_SET_THP_DISABLE)."""
    aslr: bool = True
    """False: the address space is not randomised (ADDR_NO_RANDOMIZE)."""
    cpu_quota: CpuQuota | None = None
    memory_bytes: int | None = None
    """Limit of the control group that is made for the start; absent: none."""
    groups: dict[str, Path] = {}
    """Control groups that the process moves into before it becomes the program: by the knob that wants them."""


class Started(Protocol):
    """A started process as a knob sees it."""

    pid: int
    during_load: list[Callable[[], AbstractContextManager[None]]]
    """What is entered around each stretch of load on this process, and left after it."""
    companions: list[int]
    """Pids of what runs beside it on purpose, whose CPU time is no interference."""


@runtime_checkable
class Knob(Protocol):
    """One setting that can be turned. Found by being a module of `record/knobs` with a `KNOB`.

    `record.knobs.base.Plain` gives what most knobs need of this.
    """

    name: str
    help: str
    levels: str
    """Accepted levels in words."""
    examples: tuple[str, ...]
    """Two levels or so that are worth trying, valid on most machines."""
    takes: str
    """What it needs, and what is lost without, in words; empty: nothing."""
    undo: str
    """How it is undone, in words."""
    place: KnobPlace

    def check(self, level: str) -> None:
        """Do nothing if the level can be; pure. Raises UsageError for an impossible one."""

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:
        """Say why the level cannot be applied to this service on this machine; empty if it can, as far as can be told.

        Without `artifact_path` nothing is built yet.
        """

    def vary(self, variant: Variant, level: str) -> Variant:
        """BUILD: return the variant with the settings of its build at `level`."""

    def apply(self, launch: Launch, level: str) -> Launch:
        """LAUNCH: return the launch with the setting at `level`; never touches the machine."""

    def hold(self, process: Started, level: str) -> AbstractContextManager[None]:
        """MACHINE: keep the level in force around a process that is ready."""

    def load(self, workload: Workload, level: str) -> Workload:
        """LOAD: return the workload at `level`. Raises UsageError where it means nothing for this workload."""

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:
        """Return what the running process shows of it: `NAME=LEVEL` if it is as asked, else what it is instead.

        None where it cannot be read.
        """


class Capture(msgspec.Struct, kw_only=True):
    """What a collector hands over when its window ends."""

    tables: dict[str, pa.Table] = {}
    """Table name of the schema → rows."""
    files: dict[str, bytes] = {}
    """Name inside the bundle, for example `profiles/go-allocs.measure.pb.gz` → content."""
    warnings: list[str] = []


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The running service as a collector sees it."""

    pid: int
    port: int
    language: str
    pprof: str
    """Path of net/http/pprof; empty: it has none."""
    artifact: Artifact
    stderr: Path
    started_ns: int
    """CLOCK_MONOTONIC when the process was started."""
    pprof_port: int = 0
    """Where net/http/pprof answers if not on the service's own port."""
    window_seconds: dict[str, float] = {}
    """Planned length of each window by its name, for collectors that must ask for it in advance."""
    pprof_socket: str = ""
    """Name of an abstract Unix socket that answers as net/http/pprof does, in an instrumented Go service."""
    heap_dumps: Path | None = None
    """Where a preloaded jemalloc writes its heap profiles."""


@runtime_checkable
class Collector(Protocol):
    """Captures data about the subject. Found by being a module of `record/collectors` with a `COLLECTOR` class.

    Life: constructed once a trial, `prepare` once, then `begin` and `end` around each window it
    declared in `phases`, `close` always. A collector never fails a trial: what it cannot do it
    says in its record and in the capture's warnings.
    """

    name: str
    phases: frozenset[Phase]
    cost: str
    instant: bool
    """Whether it only reads counters at the window's edges: then its readings stand nearest to the load."""

    def applies(self, subject: Subject) -> bool:
        """Whether there is anything to collect from this service."""

    def prepare(self, subject: Subject) -> None:
        """Find out what is permitted, by trying."""

    def begin(self, window: str) -> None:
        """The window starts now."""

    def poll(self) -> None:
        """Called about every 100 ms inside the window; take a reading if one is due."""

    def end(self) -> Capture:
        """The window ended; hand over what was captured in it."""

    def record(self) -> CollectorRecord:
        """What was collected, how, and what was lost."""

    def close(self) -> None:
        """Release everything; safe to call twice."""


class Engine(Protocol):
    """The load engine, resident in its own process."""

    def play(
        self,
        schedule: Path,
        endpoint: Endpoint,
        output: Path | None,
        on_interval: Callable[["Interval"], None],
        poll: Callable[[], None],
    ) -> LoadReport:
        """Play a compiled schedule against `endpoint` and wait for its end.

        `on_interval` is called once a second, `poll` about every 100 ms. With `output`, a directory, the
        request log and histograms are left there for `record.load` to read into tables.
        """

    def ask(
        self, schedule: Path, endpoint: Endpoint, output: Path, quota: "Quota", poll: Callable[[], None]
    ) -> "Asked":
        """Ask `endpoint` the requests of a schedule one after another on one connection; keep the answers in `output`.

        `poll` is called about every 100 ms. The file is for `record.engine.answers` to read.
        """

    def close(self) -> None:
        """End the engine process; safe to call twice."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked to compare answers."""

    requests: int = 200
    """So many are taken from the schedule's beginning."""
    each: int = 20
    """Then further ones of operations that were asked less often than this."""
    seconds: float = 30.0
    """When to end in any case."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking."""

    schedule_sha256: str
    operations: list[str]
    asked: int
    answered: int
    cut: int
    """Answers of which only the beginning of the body was kept."""
    early: bool
    """Ended by time, or stopped."""
    interrupted: bool
    trouble: str
    """Why a request got no answer, the first time; empty where all got one."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """One live second of load, or what is left of it at the end of a play."""

    index: int
    seconds: float
    """Length; less than 1 at the end of a play."""
    sent: int
    completed: int
    errors: int
    p50_ns: float
    p99_ns: float
    lag_p99_ns: float
    in_flight: int


class WarmUpWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What the steady-state test is told of a short stretch of warm-up."""

    seconds: float
    p50_ns: float
    cpu_per_request_ns: float
    gc_cycles: int
    """Completed garbage collections so far; -1 for services without one."""


SteadyTest = Callable[[Sequence[WarmUpWindow]], tuple[bool, str]]
"""Given the windows so far: steady or not, and why. Supplied by the use case, so that recording does not judge."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment says after an epoch."""

    text: str
    """A line for whoever waits."""
    going: list[str]
    """Candidates that are worth more epochs; none: the experiment ends."""
    why: str = ""
    """Why it ends."""


LookAt = Callable[[Path, float], Look]
"""Given the recording so far and the seconds that are left: what it says. Supplied by the use case."""

ForecastOf = Callable[[dict[str, pa.Table], float], list[Forecast]]
"""Given the tables of a probe, the baseline against itself, and the expected seconds of an epoch: what to expect."""

LoadCheck = Callable[[LoadReport, pa.Table], LoadReport]
"""Given the engine's account of a window and its rows of the table `latency`: the account with its validity."""


AnswersJudge = Callable[[Workload, AnswerSet, AnswerSet, AnswerSet | None], AnswersReport]
"""Given the workload, the answers of baseline and candidate, and perhaps of a second start of the baseline."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recorded request went, and how."""

    scheme: str = "http"
    authority: str = ""
    """Host and port; empty when the source does not say."""
    unix: str = ""
    """Path of a socket, in place of host and port."""
    http2: bool = False
    insecure: bool = False
    ca_file: str = ""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a log, a capture or a command tells it."""

    method: str = "GET"
    path: str = "/"
    """Path and query, percent-encoded."""
    headers: dict[str, str] = {}
    """In their order, without those that frame the body."""
    body: bytes | None = None
    at_ns: int | None = None
    """Start, in nanoseconds from any zero; absent when the source has no times."""
    whole_seconds: bool = False
    """Whether the source knows the time to the second only."""
    status: int = 0
    """Of the answer; 0 when unknown."""
    answer_bytes: int = -1
    """Of the answer's body; -1 when unknown."""
    client: str = ""
    """Who asked, as the source tells clients apart; never part of a workload."""
    timeout_ns: int = 0
    """0: the source names none."""
    origin: Origin = Origin()
    line: int = 0
    """Line or number in the source, from 1."""


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an importer is told besides the text."""

    root: Path = Path()
    """Directory that file names of the source are relative to."""
    host: str = ""
    """Only requests to this host are wanted; empty: to the first one."""
    fields: dict[str, str] = {}
    """JSON lines: meaning (`time`, `method`, `path`, `request`, `status`, `bytes`, `duration`) → name of the field."""


class ImportNotes(Protocol):
    """Where an importer says what it could not use."""

    def skip(self, line: int, why: str, text: bytes = b"") -> None:
        """Count something that is left out; some of it is shown."""

    def warn(self, text: str) -> None:
        """Say something once that whoever imports should know."""


@runtime_checkable
class Importer(Protocol):
    """Reads requests out of one format. Found by being a module of `record/importers` with an `IMPORTER`.

    Parsing is pure and streams: memory stays bounded whatever the source holds, and any bytes give
    requests, notes of what was left out, or a UsageError.
    """

    name: str
    help: str

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the requests in the order of the source.

        Raises:
            UsageError: if the source is not of this format, or asks for something that cannot be imported.
        """

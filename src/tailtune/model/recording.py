"""The recording's table of contents: what one trial, load or experiment captured."""

from enum import StrEnum
from typing import Final

import msgspec

from tailtune.model.answers import AnswersReport, GateResult
from tailtune.model.caches import CacheSimulation
from tailtune.model.environment import Environment
from tailtune.model.knobs import Applied
from tailtune.model.load import LoadReport, Validity
from tailtune.model.project import Goals, Service, Variant
from tailtune.model.workload import Workload

FORMAT_VERSION: Final = 1


class Kind(StrEnum):
    """What was recorded."""

    RUN = "run"
    LOAD = "load"
    EXPERIMENT = "experiment"


class Phase(StrEnum):
    """The phases of a trial, in order."""

    BUILD = "build"
    GATES = "gates"
    """Of an experiment: tests and race detector."""
    START = "start"
    READY = "ready"
    ANSWERS = "answers"
    """Of an experiment: whether both variants answer alike."""
    WARM_UP = "warm-up"
    MEASURE = "measure"
    DIAGNOSE = "diagnose"
    DRAIN = "drain"
    STOP = "stop"
    SIMULATE = "simulate"
    """Of a run with `--simulate-caches`: once more, on simulated caches."""


class PhaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """When a phase ran (CLOCK_MONOTONIC) and how it ended."""

    phase: Phase
    started_ns: int
    ended_ns: int
    ok: bool = True
    note: str = ""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One built binary."""

    variant: str
    path: str
    sha256: str
    build_id: str
    """Go or GNU build ID, hex or text; empty when the binary has none."""
    build_command: list[str]
    build_seconds: float
    size_bytes: int
    content_sha256: str = ""
    """Of the code and data that are loaded, without build ID and debug information; empty: not known."""
    reused: bool = False
    """An earlier build of the same commit with the same settings was taken."""
    notes: list[str] = []
    """What whoever reads the figures should know of the build."""


class CollectorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector did: in which phases, at which declared cost, and what it could not see."""

    name: str
    phases: list[Phase]
    cost: str
    """Declared cost in words, for example `< 0.1 % CPU`."""
    mode: str = ""
    """The mode chosen by trying, for example `perf cpu-clock, kernel and user stacks`."""
    lost: str = ""
    """What is lost against the best mode; empty: nothing."""


class SteadyState(msgspec.Struct, frozen=True, kw_only=True):
    """How the warm-up ended."""

    steady: bool
    seconds: float
    reason: str


class CpuLayout(msgspec.Struct, frozen=True, kw_only=True):
    """Which CPUs the load engine and the service were given."""

    engine: list[int]
    service: list[int]
    note: str


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """How long a decision about one metric was expected to take, before the experiment began."""

    metric: str
    deviation: float
    """Expected standard deviation of log(candidate / baseline) over epochs."""
    change: float
    """Relative change that the forecast is about."""
    epochs: int | None
    """That decide as often as not; absent beyond 1000."""
    seconds: float | None


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment's plan, fixed before data."""

    epochs: int
    """Most epochs."""
    pairs: int
    """Of slices in an epoch, for each candidate."""
    slice_ns: int
    budget_ns: int
    """Most time for epochs; 0: unlimited."""
    deciding: list[str] = []
    """Metrics that it goes on for until each is decided."""
    because: str = ""
    """The hypothesis, in the user's words."""
    expectations: list[str] = []
    """What the hypothesis expects, as written: `p99 < -5%`."""
    saturation: int = 0
    """Connections of the closed load at which throughput is measured; 0: it is not."""
    forecasts: list[Forecast] = []
    made: int = 0
    """Epochs on record."""
    ended: str = ""
    """Why no more epochs were made; empty when it was cut short."""
    died: list[str] = []
    """Variants that ended by themselves in an epoch that is therefore not on record."""
    continued: int = 0
    """How often it was taken up again."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json` of a recording; times are CLOCK_MONOTONIC ns unless named otherwise."""

    format_version: int = FORMAT_VERSION
    id: str
    kind: Kind
    created_utc: str
    """ISO 8601."""
    command: list[str]
    environment: Environment
    service: Service | None = None
    variants: dict[str, Variant] = {}
    """Variants measured, by name: one for a run, the baseline and then its candidates for an experiment."""
    workload_name: str = ""
    workload: Workload | None = None
    goals: Goals = Goals()
    fail_if: list[str] = []
    """The conditions of `--fail-if`, as written."""
    artifacts: list[Artifact] = []
    schedule_sha256: str = ""
    """Of the measure window; for an experiment each slice carries its own."""
    seed: int = 0
    phases: list[PhaseRecord] = []
    steady: SteadyState | None = None
    layout: CpuLayout | None = None
    applied: list[Applied] = []
    """Knobs of the variants at their starts, with what the running processes showed of them."""
    load: LoadReport | None = None
    """Of the measure window."""
    diagnose_load: LoadReport | None = None
    answers: list[AnswersReport] = []
    """Of an experiment: of each candidate, whether it answers as the baseline does; empty where it was not asked."""
    gates: list[GateResult] = []
    """The baseline's first."""
    collectors: list[CollectorRecord] = []
    caches: CacheSimulation | None = None
    """What the table `caches` was counted on; absent: they were not simulated."""
    partial: bool = False
    """The command was interrupted or failed: what is here was recorded, but not everything is here."""
    failure: str = ""
    design: Design | None = None
    """Of an experiment."""
    warnings: list[str] = []
    tables: dict[str, int] = {}
    """Table name → number of rows."""
    checksums: dict[str, str] = {}
    """File, relative to the bundle → SHA-256."""

    @property
    def is_sweep(self) -> bool:
        """Whether an experiment has several candidates."""
        return len(self.variants) > 2


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the list says of one recording."""

    id: str
    path: str
    """Its directory."""
    kind: Kind | None = None
    """Absent when the recording is damaged."""
    created_utc: str = ""
    variants: list[str] = []
    workload: str = ""
    requests: int | None = None
    """Requests sent in the measure window; absent for an experiment."""
    validity: Validity | None = None
    partial: bool = False
    failure: str = ""
    size_bytes: int = 0
    damaged: str = ""
    """Why it cannot be read; empty: it can."""

"""`tailtune profile`: what was profiled, and what its tables say."""

from enum import StrEnum
from typing import Final

import msgspec

from tailtune.model.estimate import Estimate
from tailtune.model.go_trace import GoTrace
from tailtune.model.profile_diff import ProfileDiff

STATE: Final = "state"
PLACE: Final = "place of waiting"
"""What tables sum by where no code was seen, but what the kernel says of threads."""


class SourceKind(StrEnum):
    """Where a profile came from."""

    PROCESS = "process"
    URL = "url"
    FILE = "file"
    RECORDING = "recording"


class ProfileSource(msgspec.Struct, frozen=True, kw_only=True):
    """What was profiled."""

    kind: SourceKind
    name: str
    """Of the process, or the URL, path or recording."""
    pid: int | None = None
    command: str = ""
    """Command line of the process."""


class ProfileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One function, or whatever the table is grouped by."""

    name: str
    module: str
    """Binary or library; empty where not known, or not the same for all of it."""
    place: str
    """`file:line` with most of the value; empty where not known."""
    own: float
    """Value of the samples that end here, in the table's unit."""
    cumulative: float
    """Value of the samples that it is on."""
    own_share: Estimate
    """`own` of the total, with the interval that so many samples carry; n: samples that end here."""
    cumulative_share: Estimate
    """`cumulative` of the total; n: samples that it is on."""


class ProfileNode(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the tree."""

    depth: int
    """0: the root."""
    name: str
    own: float
    total: float


class ProfileTree(msgspec.Struct, frozen=True, kw_only=True):
    """Calls from the root down, each before what it calls, largest first."""

    nodes: list[ProfileNode]
    smallest_share: float
    """Calls with less of the total are left out."""
    deepest: int
    """Calls below this depth are left out."""
    cut: int
    """How many calls are left out."""


class ProfileTable(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one profile, grouped."""

    title: str
    """`on-CPU`, `waiting`, `idle`, or the kind of value: `alloc_space`."""
    kind: str
    """Sample type: `cpu`, `blocked`, `alloc_space`."""
    unit: str
    """nanoseconds, bytes or count."""
    by: str
    """function, line, file, module, package, thread or `label:KEY`; STATE or PLACE where no code was seen."""
    total: float
    samples: float
    """Samples behind the total; estimated where the source has scaled them up."""
    rows: list[ProfileRow]
    """Largest own value first."""
    unlisted: int
    """Further groups, left out."""
    tree: ProfileTree | None = None


class IdlePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Time that threads spent without work in one known place."""

    meaning: str
    """`Go: a worker without a goroutine to run`."""
    source: str
    """Where the place is known from."""
    blocked_ns: float


class ThreadStates(msgspec.Struct, frozen=True, kw_only=True):
    """How one thread spent its time; the states and the residue add up to `wall_ns`."""

    tid: int
    pid: int
    name: str
    wall_ns: int
    on_cpu_ns: int
    runnable_ns: int
    """Ready to run, but waiting for a CPU."""
    blocked_ns: int
    switches: int
    residue_ns: int
    """What no state accounts for."""


class ListedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a function."""

    line: int
    own: float
    cumulative: float
    text: str
    """Source text; empty where the file is not readable here."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a function in one file."""

    function: str
    file: str
    unit: str
    total: float
    """Of the profile."""
    lines: list[ListedLine]
    note: str
    """Why there is no source text; empty: there is."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One caller or callee, with the value of the samples that go through the call."""

    name: str
    value: float


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls a function, or what it calls."""

    function: str
    direction: str
    """callers or callees."""
    unit: str
    total: float
    """Of the profile."""
    calls: list[Call]


class ProfileResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune profile`: one profile, taken or read."""

    source: ProfileSource
    mode: str
    """How it was sampled; empty where the source does not tell."""
    lost_note: str
    """What this mode lacks against the best, with the remedy."""
    seconds: float
    """Time profiled; 0 where the source does not say."""
    lost: int
    """Samples that the kernel had no room for."""
    interrupted: bool
    values: list[str]
    """Sample types that `--value` takes."""
    tables: list[ProfileTable]
    threads: list[ThreadStates]
    """With --off-cpu: the states of each thread, most time on CPU and runnable first."""
    idle: list[IdlePlace]
    """With --off-cpu: time without work, by known place; not part of the table `waiting`."""
    listings: list[Listing]
    calls: list[Calls]
    diff: ProfileDiff | None
    written: list[str]
    """Files of `--output`, as named."""
    warnings: list[str]
    trace: GoTrace | None = None
    """What else is in an execution trace of Go; the tables are of the time that its goroutines did not run."""

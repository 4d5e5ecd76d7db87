"""What an explanation is made of."""

from enum import StrEnum

import msgspec

from tailtune.model.estimate import Estimate


class Group(StrEnum):
    """The order in which advice is given: first what helps most and costs least in complexity."""

    ALGORITHM = "algorithm and allocation"
    DATA_LAYOUT = "data layout"
    CONCURRENCY = "concurrency"
    SETTINGS = "runtime and build settings"
    ENVIRONMENT = "environment"
    MEASUREMENT = "measurement"


class Strength(StrEnum):
    """How directly the evidence shows the cause."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One observation behind a finding, with where to look at it."""

    text: str
    source: str
    """Table or file of the recording, for example `profiles/on-cpu.measure.pb.gz`."""
    count: int | None = None
    """Samples, events or requests behind the text."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A named cause with its share, its evidence and the experiment that would confirm it."""

    id: str
    """Stable within a recording: rule identifier and subject, for example `hot-function:regexp.compile`."""
    rule: str
    title: str
    """One sentence naming the cause."""
    group: Group
    strength: Strength
    share: Estimate
    """Share in [0, 1] of what `share_of` names."""
    share_of: str
    """What the share is a share of: `CPU time`, `wall time of requests above p99` ..."""
    evidence: list[Evidence]
    disproof: str
    """What would show that this is not the cause."""
    proposal: str
    confirm: str
    """The exact tailtune command that would confirm it."""


class SeenStack(msgspec.Struct, frozen=True, kw_only=True):
    """A stack that a finding rests on."""

    source: str
    """Table or file of the recording that it is from."""
    functions: list[str]
    """Leaf first, by their short names; the kernel's way to the scheduler is left out."""
    kernel: int
    """How many of them, from the leaf, are the kernel's."""
    share: float
    """Of what the finding rests on there: samples, time waited, or bytes; in (0, 1]."""
    count: int
    """Samples, waits or events behind it."""


class SeenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request above p99 in which a finding can be looked at."""

    request: str
    """Handle, for `tailtune explain --request`."""
    latency_ns: int
    spent_ns: int | None
    """Of it, in the parts that the finding is about; absent: it is not about parts of requests."""


class SeenWait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait of a thread or a goroutine within a request above p99."""

    request: str
    """Handle, for `tailtune explain --request`."""
    part: str
    begin_ns: int
    """From the request's intended start."""
    length_ns: int
    tid: int | None
    """Thread that waited; absent: a goroutine on none."""
    thread: str
    """Its name; empty where not known."""
    place: str
    """The function that it waited in: the innermost that is the service's or a library's. Of waits for a P: the one
    that was sampled most meanwhile, on any thread of the service."""
    goroutine: int | None = None
    """Goroutine that waited; absent: not told by goroutines."""


class FindingInFull(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with all that it rests on."""

    finding: Finding
    stacks: list[SeenStack]
    """Largest share of each source first."""
    requests: list[SeenRequest]
    """Those with most of it first; where it is about no parts of requests, the slowest."""
    waits: list[SeenWait] = []
    """The longest of those that it is about."""

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

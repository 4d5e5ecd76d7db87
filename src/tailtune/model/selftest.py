"""What `tailtune selftest` found out: what the load engine reported, beside what is known to be true."""

from enum import StrEnum

import msgspec

from tailtune.model.environment import Environment
from tailtune.model.estimate import Estimate
from tailtune.model.load import Reason, Validity
from tailtune.model.recording import CpuLayout


class Truth(StrEnum):
    """How an expectation came out."""

    HOLDS = "holds"
    DISTURBED = "disturbed"
    """Off, in a load that was called SUSPECT or INVALID, or at a server that was itself late: nothing is shown."""
    FAILS = "fails"
    """Off, in a load that was called VALID: the engine reported what is not true."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number that the engine reported, beside the number it should have reported."""

    name: str
    """`mean`, `p50`, `p90`, `p99`, `max`, or what else is counted."""
    unit: str
    """`ns` or `requests`."""
    expected: float
    """For this very schedule, computed exactly: what would have happened without any transport."""
    measured: float
    tolerance: float
    """How far they may be apart, in the same unit."""
    theory: Estimate | None = None
    """What theory says of any such schedule, with the interval within which a run of this length falls."""
    outcome: Truth


class LoadTest(msgspec.Struct, frozen=True, kw_only=True):
    """One load whose result is known beforehand."""

    name: str
    """Stable identifier, for example `md1-0.8`."""
    title: str
    requests: int
    validity: Validity
    """What the engine called its load."""
    reasons: list[Reason]
    accepted: list[Validity]
    """What it had to call it; empty: any."""
    figures: list[Figure]
    outcome: Truth
    """The worst of its figures and of what the load was called."""
    notes: list[str]


class LoadSelftest(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune selftest load`: the load engine proved on this machine."""

    environment: Environment
    layout: CpuLayout
    tests: list[LoadTest]
    outcome: Truth
    """The worst of the tests."""
    seconds: float
    warnings: list[str]

"""Two profiles compared, function by function."""

from enum import StrEnum

import msgspec

from tailtune.model.estimate import Estimate


class Grouping(StrEnum):
    """What the samples of a profile are summed by."""

    FUNCTION = "function"
    LINE = "line"
    FILE = "file"
    MODULE = "module"
    PACKAGE = "package"


class Basis(StrEnum):
    """What the values of both sides are divided by, so that they can be compared."""

    REQUEST = "request"
    """Equal work: what one request costs."""
    SECOND = "second"
    """Equal time: what one second of profiling shows, whatever was served in it."""
    PROFILE = "profile"
    """The mean over profiles: for states, such as the memory in use."""
    SHARE = "share of the total"
    """Equal totals: all that remains where no profile says how long it took."""


class Change(StrEnum):
    """What may be said of one function's change."""

    HIGHER = "higher"
    LOWER = "lower"
    SAME = "same"
    """The whole interval lies within the margin."""
    UNDECIDED = "undecided"
    """Too few samples."""

    @property
    def is_significant(self) -> bool:
        """Whether a direction is certain beyond chance, all functions considered."""
        return self in (Change.HIGHER, Change.LOWER)


class ProfileArm(msgspec.Struct, frozen=True, kw_only=True):
    """What was profiled on one side."""

    profiles: int
    seconds: float
    """Time profiled, all profiles together; 0 where they do not say."""
    requests: int | None
    """Served meanwhile; absent where not known."""
    samples: float
    """Samples, or sampled events; estimated where the source has scaled them up."""
    value: float
    """What they stand for, in the diff's unit."""


class ValueChange(msgspec.Struct, frozen=True, kw_only=True):
    """A value on both sides, for one unit of the basis (a request, a second)."""

    base: float
    candidate: float
    base_samples: float
    candidate_samples: float
    difference: Estimate
    """Candidate minus base."""
    ratio: Estimate | None
    """Candidate over base; absent where base has nothing. Its upper bound is absent where base may be nothing."""
    p: float | None
    """Of equal values, by itself."""
    p_adjusted: float | None
    """With all functions considered (Holm); absent where the samples could not have decided anything."""
    change: Change
    seconds_for_margin: float | None
    """More seconds on each side after which a change as large as the margin would be found, with a probability of 80 %;
    absent without a sample, or where the profiles do not say how long they took."""
    seconds_for_change: float | None
    """The same for a change as large as the one seen; absent also where there is none, or it is certain already."""


class FunctionChange(msgspec.Struct, frozen=True, kw_only=True):
    """One function, line, file, module or package."""

    name: str
    """Normalised, so that it is the same in both."""
    moved_from: str = ""
    """Its name in base, where it seems to have moved; empty: the same."""
    is_relevant: bool
    """Whether by itself it is at least the relevant share of a side's total."""
    own: ValueChange
    """Where it is the leaf of the stack."""
    cumulative: ValueChange
    """Where it is anywhere on the stack."""


class ProfileDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two profiles compared, with what the samples carry and what they do not."""

    kind: str
    """Sample type: `cpu`, `alloc_space`, `blocked`."""
    unit: str
    """Of all values: nanoseconds, bytes, count."""
    basis: Basis
    grouping: Grouping
    base: ProfileArm
    candidate: ProfileArm
    method: str
    """Where the intervals come from, in words."""
    confidence: float
    """Of each interval; and 1 minus the chance of any false alarm among all changes called higher or lower."""
    margin: float
    """Relative change that matters: 0.1 is 10 %."""
    relevant_share: float
    """Smallest share of a side's total from which a function counts for `seconds_missing`."""
    tests: int
    """How many values had samples enough to decide anything: the family that p is adjusted for."""
    total: ValueChange
    functions: list[FunctionChange]
    """Largest change first; without those that are in `unlisted`."""
    unlisted: int
    """Functions with too few samples to decide anything, each below a thousandth of both totals."""
    appeared: int
    vanished: int
    """Functions with samples on one side only, by name."""
    times_missing: float
    """How many times as long both sides must be sampled for a change by the margin to be found in every relevant
    function that is undecided (with a probability of 80 %); 1: as long as now."""
    seconds_missing: float | None
    """The same as more seconds on each side; absent where the profiles do not say how long they took."""
    warnings: list[str]

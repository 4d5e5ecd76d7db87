"""The diff of two profiles: what changed in which function, how surely, and what cannot be said yet.

An interval from counts holds what sampling adds by chance. What differs from one profile to the next (other requests,
another neighbour) is in it only with three profiles or more on each side.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailtune.errors import UsageError
from tailtune.judge.profile_changes import Asked, Judged, more_seconds
from tailtune.judge.profile_groups import kind_index
from tailtune.judge.profile_sides import Side, names_of, reunited, side
from tailtune.model.profile_diff import Basis, FunctionChange, Grouping, ProfileDiff

if TYPE_CHECKING:
    from tailtune._native import Profile

STATES: Final = ("inuse_space", "inuse_objects", "goroutine", "threadcreate")
"""Sample types that describe a moment, whatever time was observed."""
_SCALED_EVENTS: Final = ("contentions", "delay")


def diff_profiles(
    base: Sequence["Profile"],
    candidate: Sequence["Profile"],
    *,
    kind: str = "",
    grouping: Grouping = Grouping.FUNCTION,
    base_requests: Sequence[int] | None = None,
    candidate_requests: Sequence[int] | None = None,
    asked: Asked | None = None,
) -> ProfileDiff:
    """Compare profiles of two builds, states or times.

    Args:
        base: profiles of one side, of the same kind; several are repetitions.
        candidate: profiles of the other side.
        kind: sample type to compare, for example `cpu`; empty: the one that base shows unasked.
        grouping: what to sum by.
        base_requests: requests served during each profile of base, where known.
        candidate_requests: the same for candidate.
        asked: margins; by default those of `Asked`.

    Raises:
        UsageError: if a side is empty, lacks the sample type, or requests do not fit the profiles.
    """
    wanted = asked or Asked()
    if not base or not candidate:
        raise UsageError("a diff needs at least one profile on each side")
    if wanted.paired and len(base) != len(candidate):
        raise UsageError("pairs need as many profiles on one side as on the other")
    kind = kind or default_kind(base[0])
    unit = base[0].sample_types[kind_index(base[0], kind)][1]
    new = side(candidate, candidate_requests, kind, grouping)
    old, moves = reunited(side(base, base_requests, kind, grouping), new)
    basis = basis_of(old, new, kind)
    judged = Judged.of(old, new, basis, wanted)
    listed = list(judged.functions(moves))
    before, after = names_of(old), names_of(new)
    times = judged.times_missing()
    return ProfileDiff(
        kind=kind,
        unit=unit,
        basis=basis,
        grouping=grouping,
        base=old.arm(),
        candidate=new.arm(),
        method=method(judged),
        confidence=wanted.confidence,
        margin=wanted.margin,
        relevant_share=wanted.relevant_share,
        tests=judged.family.size,
        total=judged.total.value(0, judged.seconds),
        functions=sorted(listed, key=_size, reverse=True),
        unlisted=len(judged.names) - len(listed),
        appeared=len(after - before),
        vanished=len(before - after),
        times_missing=times,
        seconds_missing=more_seconds(times, judged.seconds),
        warnings=warnings([*base, *candidate], basis, kind),
    )


def _size(one: FunctionChange) -> tuple[bool, float, float]:
    own, cumulative = one.own, one.cumulative
    certain = own.change.is_significant or cumulative.change.is_significant
    return certain, abs(own.difference.point), abs(cumulative.difference.point)


def default_kind(profile: "Profile") -> str:
    """Return the sample type that the profile names, else its last, as `go tool pprof` does.

    Raises:
        UsageError: if there is none.
    """
    if not profile.sample_types:
        raise UsageError("a profile without values cannot be compared")
    return profile.sample_types[profile.default_value][0]


def basis_of(base: Side, candidate: Side, kind: str) -> Basis:
    """Return what values are divided by: requests where both sides know them, else time."""
    sides = (base, candidate)
    if kind in STATES:
        return Basis.PROFILE
    if all(one.requests is not None for one in sides):
        return Basis.REQUEST
    if all(bool((one.seconds > 0).all()) for one in sides):
        return Basis.SECOND
    return Basis.SHARE


def method(judged: Judged) -> str:
    """Say where the intervals come from."""
    counting = (
        "exact intervals of counts, all samples weighing the same"
        if judged.weighs_the_same
        else "intervals of counts of samples that weigh differently (compound Poisson)"
    )
    if not judged.repeated:
        return f"{counting}; what differs between profiles is not in them: that takes three on each side"
    between = "paired profiles" if judged.asked.paired else "profiles"
    return f"t intervals between {between}, or {counting}, whichever is wider"


def warnings(profiles: Sequence["Profile"], basis: Basis, kind: str) -> list[str]:
    """Return what the reader must know before believing the diff."""
    found = [text for profile in profiles for text in profile.warnings]
    if basis is Basis.SECOND:
        found.append(
            "equal time is compared, not equal work: --requests and --base-requests compare what one request costs"
        )
    if basis is Basis.SHARE:
        found.append(
            "a profile does not say how long it took: shares of the totals are compared, and where one function's rises"
            " the others' fall"
        )
    lost = sum(profile.lost for profile in profiles)
    if lost:
        found.append(f"{lost:,} samples were lost: values are too low where they would have been")
    if kind in _SCALED_EVENTS:
        found.append(
            f"{kind}: the source scales events up and does not say how many it saw; if it saw only some, intervals from"
            " counts are too narrow: take three profiles on each side"
        )
    return list(dict.fromkeys(found))

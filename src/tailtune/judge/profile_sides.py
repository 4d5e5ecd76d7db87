"""The two sides of a profile diff on common names, ready to be tested."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from tailtune.errors import UsageError
from tailtune.judge.profile_moves import moved
from tailtune.judge.profile_stacks import Grouped, Stacks
from tailtune.model.profile_diff import Basis, Grouping, ProfileArm
from tailtune.model.units import NS_PER_S

if TYPE_CHECKING:
    from tailtune._native import Profile
    from tailtune.judge.profile_groups import Sums

Floats = npt.NDArray[np.float64]
Part = Literal["own", "cumulative", "total"]


@dataclass(frozen=True)
class Side:
    """The profiles of one side, each summed by group."""

    groups: list[Grouped]
    seconds: Floats
    """Length of each profile; 0 where it does not say."""
    requests: Floats | None
    """Served during each profile."""

    def exposures(self, basis: Basis) -> Floats:
        """Return what the values of each profile are divided by."""
        match basis:
            case Basis.REQUEST if self.requests is not None:
                return self.requests
            case Basis.SECOND:
                return self.seconds
            case Basis.PROFILE:
                return np.ones(len(self.groups))
            case _:
                return np.array([float(one.total.value[0]) or 1.0 for one in self.groups])

    def arm(self) -> ProfileArm:
        """Return what was profiled."""
        return ProfileArm(
            profiles=len(self.groups),
            seconds=float(self.seconds.sum()),
            requests=int(self.requests.sum()) if self.requests is not None else None,
            samples=sum(float(one.total.samples[0]) for one in self.groups),
            value=sum(float(one.total.value[0]) for one in self.groups),
        )


@dataclass(frozen=True)
class Columns:
    """One part (own, cumulative or total) of one side: rows are profiles, columns names."""

    value: Floats
    squares: Floats
    samples: Floats
    exposures: Floats


def side(profiles: Sequence["Profile"], requests: Sequence[int] | None, kind: str, grouping: Grouping) -> Side:
    """Sum the profiles of one side.

    Raises:
        UsageError: if there are none, if one has no such values, or if requests are not given for each.
    """
    if not profiles:
        raise UsageError("a diff needs at least one profile on each side")
    if requests is not None and (len(requests) != len(profiles) or min(requests) <= 0):
        raise UsageError("requests served are to be given for each profile, above 0")
    return Side(
        groups=[Stacks.of(profile, kind).grouped(grouping) for profile in profiles],
        seconds=np.array([max(profile.duration_ns, 0) / NS_PER_S for profile in profiles]),
        requests=np.array(requests, dtype=np.float64) if requests is not None else None,
    )


def names_of(one: Side) -> set[str]:
    """Return the names that a side has samples of."""
    return {
        name
        for table in one.groups
        for name, samples in zip(table.names, table.cumulative.value, strict=True)
        if samples
    }


def reunited(base: Side, candidate: Side) -> tuple[Side, dict[str, str]]:
    """Give functions that seem to have moved the names they have in the candidate; return new → old names."""
    old, new = names_of(base), names_of(candidate)
    moves = dict(moved(sorted(old - new), sorted(new - old)))
    renamed = {was: now for now, was in moves.items()}
    tables = [replace(table, names=[renamed.get(name, name) for name in table.names]) for table in base.groups]
    return replace(base, groups=tables), moves


def columns(one: Side, names: Sequence[str], part: Part, basis: Basis) -> Columns:
    """Bring one part of all profiles of a side onto the same names."""
    size = 1 if part == "total" else len(names)
    index = {name: position for position, name in enumerate(names)}
    rows = []
    for table in one.groups:
        sums: Sums = getattr(table, part)
        at = np.array([0] if part == "total" else [index.get(name, -1) for name in table.names], dtype=np.int64)
        row = np.zeros((3, size))
        row[:, at[at >= 0]] = np.array([sums.value, sums.squares, sums.samples])[:, at >= 0]
        rows.append(row)
    value, squares, samples = np.stack(rows, axis=1)
    return Columns(value, squares, samples, one.exposures(basis))

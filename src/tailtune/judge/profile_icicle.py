"""A profile, or two of them, as the icicle asks for it."""

from typing import TYPE_CHECKING

from tailtune.errors import UsageError
from tailtune.judge.names import kind_of, normalized
from tailtune.judge.profile_calls import CallsOfSide, joined
from tailtune.judge.profile_groups import kind_index, mean_weight
from tailtune.judge.profile_tree import ROOT
from tailtune.model.icicle import FrameKind, TreeColumns

if TYPE_CHECKING:
    from tailtune._native import Profile


class ProfileIcicle:
    """Satisfies `model.icicle.IcicleSource`."""

    def __init__(self, profile: "Profile", kind: str) -> None:
        """Draw a profile, beginning with the sample type `kind`.

        Raises:
            UsageError: if there is none of this name.
        """
        self._profile = profile
        self._first = kind_index(profile, kind)
        self._kernel = {normalized(frame[0]) for frame in profile.frames() if frame[5]}

    @property
    def values(self) -> list[tuple[str, str]]:
        """Sample types, (kind, unit)."""
        return self._profile.sample_types

    @property
    def first_value(self) -> int:
        """The sample type to begin with."""
        return self._first

    def tree(self, value: int, *, bottom_up: bool) -> TreeColumns:
        """Return the tree of one sample type: from callers to callees, or `bottom_up` from leaves to their callers."""
        return _tree(self._profile, value, bottom_up=bottom_up)

    def kind(self, function: str) -> FrameKind:
        """Return whose code a function is; a name of both kernel and program counts as the kernel's."""
        return FrameKind.KERNEL if function in self._kernel else kind_of(function)


class DiffIcicle:
    """The `IcicleSource` of two profiles: calls are as wide as both sides together, and colored by certain changes."""

    def __init__(self, base: "Profile", candidate: "Profile", *, requests: tuple[int, int] | None = None) -> None:
        """Compare for equal work where the requests served by base and candidate are given, else for equal time.

        Raises:
            UsageError: if both have no sample type in common.
        """
        self._base, self._candidate = base, candidate
        self._requests = requests
        self.values = [one for one in candidate.sample_types if one in base.sample_types]
        if not self.values:
            raise UsageError("the profiles have no sample type in common")

    @property
    def first_value(self) -> int:
        """The candidate's default, else the last that both have."""
        default = self._candidate.sample_types[self._candidate.default_value]
        return self.values.index(default) if default in self.values else len(self.values) - 1

    def tree(self, value: int, *, bottom_up: bool) -> TreeColumns:
        """Return the joined tree of one sample type; totals count as equal where lengths are not known."""
        kind = self.values[value][0]
        sides = []
        for at, profile in enumerate((self._base, self._candidate)):
            position = kind_index(profile, kind)
            exposure = self._requests[at] if self._requests else self._exposure(profile, position)
            tree = _tree(profile, position, bottom_up=bottom_up)
            sides.append(CallsOfSide(tree, mean_weight(profile, kind), exposure))
        return joined(*sides)

    def kind(self, function: str) -> FrameKind:
        """Return whose code a function is, by its name."""
        return kind_of(function)

    def _exposure(self, profile: "Profile", position: int) -> float:
        known = self._base.duration_ns > 0 and self._candidate.duration_ns > 0
        return float(profile.duration_ns if known else sum(profile.values(position)) or 1)


def _tree(profile: "Profile", value: int, *, bottom_up: bool) -> TreeColumns:
    parents, names, own, totals = profile.tree(value, bottom_up)
    return TreeColumns(parents=parents, names=[ROOT, *(normalized(name) for name in names[1:])], own=own, totals=totals)

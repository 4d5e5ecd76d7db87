"""A profile as the icicle asks for it."""

from typing import TYPE_CHECKING, Final

import numpy as np

from tailtune.judge.names import is_plumbing, is_standard, normalized
from tailtune.judge.profile_groups import kind_index
from tailtune.judge.profile_stacks import Stacks
from tailtune.judge.profile_tree import ROOT
from tailtune.model.icicle import FrameKind, TreeColumns
from tailtune.model.profile_diff import Grouping

if TYPE_CHECKING:
    from tailtune._native import Profile

_UNNAMED: Final = ("[", "0x", "(")
"""How functions begin of which nothing but an address or a remark is known."""


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
        stacks = self._stacks(value)
        names = [normalized(frame[0]) for frame in stacks.frames]
        parents, labels, own, totals = [-1], [ROOT], [0], [0]
        rows: dict[tuple[int, str], int] = {}
        for stack, amount in enumerate(stacks.weights.value.astype(np.int64).tolist()):
            at = 0
            totals[0] += amount
            ids = stacks.frame_ids(stack)
            for frame in ids if bottom_up else reversed(ids):
                key = (at, names[frame])
                at = rows.setdefault(key, len(labels))
                if at == len(labels):
                    parents.append(key[0])
                    labels.append(key[1])
                    own.append(0)
                    totals.append(0)
                totals[at] += amount
            own[at] += amount
        return TreeColumns(
            parents=np.array(parents, dtype="<i4").tobytes(),
            names=labels,
            own=np.array(own, dtype="<i8").tobytes(),
            totals=np.array(totals, dtype="<i8").tobytes(),
        )

    def top(self, value: int) -> list[tuple[str, int, int]]:
        """Return (function, own, total) of one sample type, largest own first."""
        groups = self._stacks(value).groups(Grouping.FUNCTION)
        return [(group.name, int(group.own), int(group.cumulative)) for group in groups]

    def kind(self, function: str) -> FrameKind:
        """Return whose code a function is."""
        if function in self._kernel:
            return FrameKind.KERNEL
        if function.startswith(_UNNAMED):
            return FrameKind.UNKNOWN
        if is_plumbing(function) or function.startswith("runtime."):
            return FrameKind.RUNTIME
        return FrameKind.STANDARD if is_standard(function) else FrameKind.OWN

    def _stacks(self, value: int) -> Stacks:
        return Stacks.of(self._profile, self._profile.sample_types[value][0])

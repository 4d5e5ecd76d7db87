"""Values by who ran: thread, or label of the stack."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tailtune.errors import UsageError
from tailtune.judge.profile_groups import COUNTED, Sums, kind_index
from tailtune.judge.profile_stacks import Stacks

if TYPE_CHECKING:
    from tailtune._native import Profile

THREAD: Final = "thread"
LABEL: Final = "label:"
_UNLABELLED: Final = "(without this label)"


def by_owner(profile: "Profile", stacks: Stacks, by: str) -> Stacks:
    """Return stacks of one frame each, whose file is the thread or the label's value; weights add up to the same.

    Args:
        profile: that the stacks are of.
        stacks: those that have no weight are left out.
        by: `thread` or `label:KEY`.

    Raises:
        UsageError: if the profile does not tell.
    """
    if by == THREAD:
        return _by_thread(profile, stacks)
    key = by.removeprefix(LABEL)
    labels = profile.stack_labels(key)
    if not any(labels):
        raise UsageError(f"no stack of this profile has a label `{key}`")
    return _owned(stacks, [label or _UNLABELLED for label in labels], stacks.weights)


def _by_thread(profile: "Profile", stacks: Stacks) -> Stacks:
    _, tids, _, stack_of = profile.samples()
    if not tids:
        raise UsageError(
            "threads are not known: the profile holds sums", hint="a live process and perf.data have single samples"
        )
    value = np.frombuffer(profile.sample_values(kind_index(profile, stacks.kind)), dtype="<i8").astype(np.float64)
    counted = next((at for at, (kind, _) in enumerate(profile.sample_types) if kind in COUNTED), None)
    events = (
        (value > 0).astype(np.float64)
        if counted is None
        else np.frombuffer(profile.sample_values(counted), dtype="<i8").astype(np.float64)
    )
    is_kept = stacks.weights.value[np.frombuffer(stack_of, dtype="<u4")] != 0
    threads, index = np.unique(np.frombuffer(tids, dtype="<i4")[is_kept], return_inverse=True)
    columns = (value[is_kept], value[is_kept] ** 2, events[is_kept])
    sums = Sums(*(np.bincount(index, column, len(threads)).astype(np.float64) for column in columns))
    names = {tid: name for tid, _, name in profile.threads}
    owners = [f"{names[tid]} ({tid})" if names.get(tid) else f"thread {tid}" for tid in threads.tolist()]
    return _owned(stacks, owners, sums)


def _owned(stacks: Stacks, owners: list[str], weights: Sums) -> Stacks:
    rows = np.arange(len(owners), dtype=np.uint32)
    frames = [("", owner, "", 0, False, False) for owner in owners]
    return replace(stacks, frames=frames, flat=rows, lengths=np.ones_like(rows), weights=weights)

"""The cells of a profile diff, for text and Markdown alike."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tailtune.model.profile_diff import Basis, Change, FunctionChange, ProfileArm, ProfileDiff, ValueChange
from tailtune.model.units import format_change, format_share
from tailtune.show.printable import printable
from tailtune.show.values import amount, count, interval, plural, with_interval

MOST_ROWS: Final = 20
MOST_UNDECIDED: Final = 3
HEADER: Final = ("change", "relative", "samples", "function")

_PER: Final = {
    Basis.REQUEST: " per request",
    Basis.SECOND: " per second",
    Basis.PROFILE: " per profile",
    Basis.SHARE: "",
}


@dataclass(frozen=True)
class Row:
    """One changed function: its value and its name."""

    function: FunctionChange
    value: ValueChange


def writer(diff: ProfileDiff) -> Callable[[float], str]:
    """Return how values of the diff are written."""
    if diff.basis is Basis.SHARE:
        return format_share
    return lambda value: amount(value, diff.unit)


def per(diff: ProfileDiff) -> str:
    """Return what values are for: ` per request`."""
    return _PER[diff.basis]


def signed(diff: ProfileDiff, change: ValueChange) -> str:
    """Write an absolute change with its interval, signs in front: `+1.02 ms [+0.80, +1.25]`."""
    write = writer(diff)
    return with_interval(change.difference, lambda value: f"{'+' if value >= 0 else '-'}{write(abs(value))}")


def relative(change: ValueChange) -> str:
    """Write a relative change with its interval, or that there was nothing before."""
    if change.ratio is None:
        return "new"
    if change.candidate == 0:
        return "gone"
    if change.ratio.point >= 10:
        return f"×{change.ratio.point:,.1f} {interval(change.ratio, lambda value: f'{value:,.1f}')}"
    return with_interval(change.ratio, format_change)


def samples(change: ValueChange) -> str:
    """Write how many samples both sides have."""
    return f"{count(change.base_samples)} → {count(change.candidate_samples)}"


def own_changes(diff: ProfileDiff) -> list[Row]:
    """Return the functions that themselves certainly changed, largest first."""
    return _ranked(Row(one, one.own) for one in diff.functions if one.own.change.is_significant)


def callers_changed(diff: ProfileDiff) -> list[Row]:
    """Return those that certainly changed with what they call, where that says more than their own change does."""
    changed = (one for one in diff.functions if one.cumulative.change.is_significant)
    return _ranked(Row(one, one.cumulative) for one in changed if not _is_own(one))


def _is_own(one: FunctionChange) -> bool:
    return one.own.change.is_significant and one.own.difference.point == one.cumulative.difference.point


def _ranked(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -abs(row.value.difference.point))


def undecided(diff: ProfileDiff) -> list[Row]:
    """Return the relevant functions whose own change would be largest, if it is one, and that more samples decide."""
    candidates = (Row(one, one.own) for one in diff.functions if one.is_relevant and one.own.change is Change.UNDECIDED)
    return _ranked(row for row in candidates if row.value.seconds_for_change)[:MOST_UNDECIDED]


def what_is_missing(diff: ProfileDiff) -> str:
    """Say what cannot be said, and how much longer one would have to profile; empty where nothing is missing."""
    if diff.times_missing <= 1:
        return ""
    more = f"{diff.times_missing:,.1f} times as many samples"
    if diff.seconds_missing is not None:
        more = f"{for_how_long(diff.seconds_missing)} more of profiling on each side"
    return (
        f"too few samples to find a change of {format_share(diff.margin, 0)} in every function of at least"
        f" {format_share(diff.relevant_share, 0)} of the total: that takes {more}"
    )


def would_decide(row: Row) -> str:
    """Say what would decide one undecided change."""
    seconds = row.value.seconds_for_change or 0.0
    return f"{for_how_long(seconds)} more on each side would decide a change of this size"


def for_how_long(seconds: float) -> str:
    """Write a time that somebody has to wait, rounded up: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def left_out(diff: ProfileDiff) -> str:
    """Say what of the profiles is in no row."""
    parts = [
        f"{plural(diff.unlisted, 'function')} with too few samples to decide anything" if diff.unlisted else "",
        f"{count(diff.appeared)} only in the candidate" if diff.appeared else "",
        f"{count(diff.vanished)} only in base" if diff.vanished else "",
        _moved([one for one in diff.functions if one.moved_from]),
    ]
    return "; ".join(part for part in parts if part)


def _moved(functions: Sequence[FunctionChange]) -> str:
    if not functions:
        return ""
    first = functions[0]
    seem = "seems" if len(functions) == 1 else "seem"
    example = f"{printable(first.moved_from)} to {printable(first.name)}"
    return f"{count(len(functions))} {seem} to have moved, {'such as ' if functions[1:] else ''}{example}"


def basis(diff: ProfileDiff) -> str:
    """Say how the intervals are to be read."""
    level = format_share(diff.confidence, 0)
    return (
        f"{level} intervals; {diff.method}; a change is listed if it holds at {level} with all"
        f" {plural(diff.tests, 'test')} considered (Holm)"
    )


def arm(side: ProfileArm) -> str:
    """Write what was profiled on one side."""
    parts = [
        plural(side.profiles, "profile"),
        f"{side.seconds:,.3g} s" if side.seconds else "",
        f"{count(side.samples)} samples",
        plural(side.requests, "request") if side.requests is not None else "",
    ]
    return ", ".join(part for part in parts if part)

"""Time that grows with the square of a request's size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tailtune.judge.cause import TAIL, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.hot_lines import line_evidence, own_lines
from tailtune.judge.names import owner, serves_go, short
from tailtune.judge.part_names import READER_ON_CPU
from tailtune.judge.tail import SizedTimes, Tail, Times, share_of_tail, sum_of_shares
from tailtune.judge.tail_waits import tail_wait
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_bytes, format_ns, format_share

_WORTH_A_FINDING: Final = 0.15
"""Of the tail's time: computing the square, and waiting while it is computed for others."""
_FEWEST_IN_BIN: Final = 8
_FEWEST_BINS: Final = 4
_SPAN: Final = 8.0
"""Largest size over smallest: below, a square cannot be told from a line."""
_BINS_PER_OCTAVE: Final = 2
_UNDISTURBED: Final = 0.25
"""Quantile of service times in a bin: those that met no queue."""
_LINE_IS_OFF: Final = 2.0
"""A line has to fit worse than a square by this factor, or the square is no better an account of it."""


@dataclass(frozen=True)
class _Growth:
    sizes: Times
    """Median size in each bin, bytes."""
    times: Times
    """Time of an undisturbed request there, ns."""
    square: float
    """ns a byte²."""
    requests: int


class Quadratic:
    """Undisturbed service times by size, against a constant, a line and a square."""

    id = "quadratic"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the square takes a quarter of the tail's time."""
        sized = facts.sized
        growth = _growth(sized) if sized else None
        if sized is None or growth is None:
            return []
        busy = _busy(facts.tail)
        own, behind = share_of_tail(sized, growth.square * sized.size_bytes**2), _behind(facts, busy)
        share = sum_of_shares([own, *([behind] if behind else [])])
        if share.point < _WORTH_A_FINDING:
            return []
        told = f"the square takes {format_share(own.point)} of the tail's time"
        if behind:
            told += f", and {format_share(behind.point)} of it waits meanwhile"
        ends = [f"{format_bytes(growth.sizes[at])} take {format_ns(growth.times[at])}" for at in (0, -1)]
        found = finding(
            facts,
            self.id,
            short(busy[0][0]) if busy else "",
            f"time grows with the square of a request's size: {ends[0]}, {ends[1]}; {told}"
            f"{f', in {listed(busy)}' if busy else ''}",
            group=Group.ALGORITHM,
            share=share,
            share_of=TAIL,
            strength=Strength.STRONG if busy else Strength.MODERATE,
            evidence=[*_evidence(growth), *_lines(facts.tail, busy)],
            disproof="a request of twice the size, sent alone, takes twice the time",
            proposal="Look for a search or a copy of all that came before, for each part of the request: a set or a "
            "map in place of a list, a builder in place of joining, one pass in place of nested ones. Until then bound "
            "the size.",
        )
        return [Cause(found, share.point, seen=_seen(facts.tail, busy))]


def _growth(sized: SizedTimes) -> _Growth | None:
    """Fit constant + line + square, none of them negative, to the bins' times; relative errors count."""
    from scipy import optimize

    bins = np.floor(np.log2(np.maximum(sized.size_bytes, 1.0)) * _BINS_PER_OCTAVE).astype(np.int64)
    numbers, counts = np.unique(bins, return_counts=True)
    kept = numbers[counts >= _FEWEST_IN_BIN]
    inside = [bins == number for number in kept]
    sizes = np.array([np.median(sized.size_bytes[chosen]) for chosen in inside])
    times = np.array([np.quantile(sized.service_ns[chosen], _UNDISTURBED) for chosen in inside])
    if len(kept) < _FEWEST_BINS or sizes[-1] < _SPAN * sizes[0] or not np.all(times > 0):
        return None
    relative = (sizes / sizes[-1])[:, None] ** np.arange(3) / times[:, None]
    factors, off = optimize.nnls(relative, np.ones(len(sizes)))
    _, line_off = optimize.nnls(relative[:, :2], np.ones(len(sizes)))
    if line_off < _LINE_IS_OFF * off:
        return None
    return _Growth(sizes, times, float(factors[2] / sizes[-1] ** 2), len(sized.size_bytes))


def _busy(tail: Tail | None) -> list[tuple[str, float]]:
    """Return the functions that answered slow requests, by their CPU time."""
    if tail is None:
        return []
    profile = tail.meanwhile
    stacks = profile.everything
    serving = frozenset(stack for stack in stacks if any(map(serves_go, profile.names(stack))))
    return profile.owners(serving or stacks, owner)


def _behind(facts: Facts, busy: Sequence[tuple[str, float]]) -> Estimate | None:
    """Return the share of the tail that was waited for a P, or a worker, which had the same function; None: none was.

    Without the square, these waits go as well.
    """
    runs, function = facts.long_runs, short(busy[0][0]) if busy else ""
    if runs is not None and runs.places and runs.places[0].function == function:
        return runs.share
    wait = tail_wait(facts, lambda part: part.part == READER_ON_CPU)
    return wait.share if wait is not None and wait.where == function else None


def _seen(tail: Tail | None, busy: Sequence[tuple[str, float]]) -> tuple[Seen, ...]:
    """Return the samples of the busiest function while slow requests were in flight."""
    if tail is None or not busy:
        return ()
    return (Seen(tail.meanwhile, tail.meanwhile.by_function[busy[0][0]]),)


def _lines(tail: Tail | None, busy: Sequence[tuple[str, float]]) -> list[Evidence]:
    """Return the busiest function's lines while slow requests were in flight."""
    if tail is None or not busy:
        return []
    name = busy[0][0]
    return line_evidence(tail.meanwhile, own_lines(tail.meanwhile, name), f"{short(name)} itself")


def _evidence(growth: _Growth) -> list[Evidence]:
    steps = np.unique(np.linspace(0, len(growth.sizes) - 1, 5).astype(np.int64))
    shown = ", ".join(f"{format_bytes(growth.sizes[at])}: {format_ns(growth.times[at])}" for at in steps)
    return [
        Evidence(
            text=f"undisturbed requests by their size: {shown}",
            source="tables/socket_calls.parquet",
            count=growth.requests,
        )
    ]


RULE = Quadratic()

"""One finding with all that it rests on: stacks, and requests to look at."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

import numpy as np

from tailtune.errors import UsageError
from tailtune.judge.bands import slowest_of
from tailtune.judge.cause import Cause, Seen
from tailtune.judge.facts import Facts
from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.names import short
from tailtune.judge.part_names import (
    GC_ASSIST,
    ON_CPU,
    OTHER_ON_CPU,
    OTHER_RUNNABLE,
    READER_ON_CPU,
    READER_RUNNABLE,
    READER_WAITS_FOR_P,
    RUNNABLE,
    WAITS_FOR_P,
)
from tailtune.judge.part_places import PartPlaces, Waits
from tailtune.judge.processor_waits import PROCESSOR_PARTS, waits_for_processor
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.stack_table import StackFrame
from tailtune.model.finding import FindingInFull, SeenRequest, SeenStack, SeenWait

_STACKS: Final = 5
"""Of each source."""
_REQUESTS: Final = 5
_LONGEST: Final = 5
_DEEPEST: Final = 24
_SCHEDULER: Final = ("schedule", "__schedule")
"""A thread that leaves its CPU comes through these; what lies further in are the programs that record it."""
_WAITS: Final = "tables/waits.parquet"
_SAMPLES: Final = "tables/samples.parquet"
_TRACE: Final = "profiles/go-trace.diagnose.trace"
_SAMPLED: Final = (
    *(ON_CPU, GC_ASSIST, READER_ON_CPU, OTHER_ON_CPU, WAITS_FOR_P, READER_WAITS_FOR_P),
    *(RUNNABLE, READER_RUNNABLE, OTHER_RUNNABLE),
)
"""Parts whose places come from samples."""


class _Stack(NamedTuple):
    """A stack with what was counted at it."""

    functions: tuple[str, ...]
    kernel: int
    """How many of them are the kernel's."""
    weight: float
    times: int


def chosen(causes: Sequence[Cause], handle: str) -> Cause:
    """Return the cause that a handle names.

    Args:
        causes: in their order.
        handle: the finding's id, `f` and its number from 1, or the name of a rule that found one thing only.

    Raises:
        UsageError: if there is none.
    """
    wanted = handle.strip()
    named = {f"f{number}": cause for number, cause in enumerate(causes, 1)}
    named |= {cause.finding.id: cause for cause in causes}
    of_rule = [cause for cause in causes if cause.finding.rule == wanted]
    if wanted in named:
        return named[wanted]
    if len(of_rule) == 1:
        return of_rule[0]
    known = ", ".join(cause.finding.id for cause in causes)
    raise UsageError(
        f"no finding is called {handle!r}", hint=f"there are {known}" if known else "the run has no findings"
    )


def in_full(cause: Cause, facts: Facts, parts: RequestParts | None) -> FindingInFull:
    """Return a finding with its stacks and requests.

    Args:
        cause: the finding, and what it was seen in.
        facts: of the run.
        parts: of the run's requests; None where they were not recorded.
    """
    seen = [*([Seen(facts.cpu, cause.explains)] if facts.cpu and cause.explains else []), *cause.seen]
    stacks = [stack for one in seen for stack in _largest(one.profile.source, _of_profile(one))]
    if parts is None:
        return FindingInFull(finding=cause.finding, stacks=stacks, requests=[])
    return FindingInFull(
        finding=cause.finding,
        stacks=[
            *_largest(_WAITS, _of_parts(parts, [name for name in cause.parts if name not in _SAMPLED])),
            *_largest(_SAMPLES, _of_parts(parts, [name for name in cause.parts if name in _SAMPLED])),
            *_largest(_TRACE, _of_goroutines(parts, cause.parts)),
            *stacks,
        ],
        requests=_requests(parts, cause.parts),
        waits=_waits(parts, cause.parts),
    )


def _of_profile(seen: Seen) -> Iterable[_Stack]:
    profile = seen.profile
    for stack in seen.stacks:
        frames = [
            StackFrame(one.function, one.kernel) for one in map(profile.frames.__getitem__, profile.stacks[stack])
        ]
        yield _Stack(*_named(frames), float(profile.values[stack]), int(profile.counts[stack]))


def _of_parts(parts: RequestParts, names: Sequence[str]) -> Iterable[_Stack]:
    """Yield the stacks that threads were seen at in these parts of the requests above p99."""
    places = PartPlaces(parts)
    for name in names:
        for number, weight, count in _summed(*places.stacks(name, _are_slowest(parts))):
            yield _Stack(*_named(parts.tables.stacks.frames(number)), weight, count)


def _of_goroutines(parts: RequestParts, names: Sequence[str]) -> Iterable[_Stack]:
    """Yield the same of goroutines, as the execution trace tells."""
    if parts.followed is None:
        return
    places, stacks = PartPlaces(parts), parts.followed.times.stacks
    for name in names:
        for number, weight, count in _summed(*places.goroutine_stacks(name, _are_slowest(parts))):
            frames = [StackFrame(function, kernel=False) for function in stacks.functions(number)]
            yield _Stack(*_named(frames), weight, count)


def _summed(stacks: Integers, weights: Integers) -> Iterable[tuple[int, float, int]]:
    """Return each number of a stack with the sum of its weights and how often it occurs."""
    numbers, place, counts = np.unique(stacks, return_inverse=True, return_counts=True)
    sums = np.bincount(place.ravel(), weights.astype(np.float64), len(numbers))
    return zip(numbers.tolist(), sums.tolist(), counts.tolist(), strict=True)


def _are_slowest(parts: RequestParts) -> Flags:
    members: Flags = np.zeros(len(parts.windows), dtype=np.bool_)
    members[slowest_of(parts)] = True
    return members


def _named(frames: Sequence[StackFrame]) -> tuple[tuple[str, ...], int]:
    """Return the names of a stack's functions, and how many are the kernel's."""
    kernel = sum(1 for _ in takewhile(lambda frame: frame.kernel, frames))
    scheduler = [at for at, frame in enumerate(frames[:kernel]) if frame.function in _SCHEDULER]
    left_out = scheduler[-1] + 1 if scheduler and scheduler[-1] + 1 < len(frames) else 0
    named = tuple(short(frame.function) for frame in frames[left_out : left_out + _DEEPEST])
    return named, min(kernel - left_out, len(named))


def _largest(source: str, stacks: Iterable[_Stack]) -> list[SeenStack]:
    """Return the stacks with the largest weights; those whose functions have the same names are one."""
    summed: dict[tuple[str, ...], _Stack] = {}
    for one in stacks:
        before = summed.get(one.functions, one._replace(weight=0.0, times=0))
        summed[one.functions] = one._replace(weight=before.weight + one.weight, times=before.times + one.times)
    total = sum(one.weight for one in summed.values())
    ordered = sorted(summed.values(), key=lambda one: (-one.weight, one.functions))[:_STACKS]
    return [
        SeenStack(
            source=source,
            functions=list(one.functions),
            kernel=one.kernel,
            share=one.weight / total,
            count=one.times,
        )
        for one in ordered
        if one.weight > 0
    ]


def _requests(parts: RequestParts, names: Sequence[str]) -> list[SeenRequest]:
    """Return requests above p99 to look at: those with most of these parts, or else the slowest."""
    rows = slowest_of(parts)
    latency = parts.windows.latency_ns
    if not names:
        return [SeenRequest(request=f"r{row}", latency_ns=int(latency[row]), spent_ns=None) for row in rows[:_REQUESTS]]
    spent = sum((parts.parts[name][rows] for name in names if name in parts.parts), np.zeros(len(rows), np.int64))
    most = np.argsort(-spent, kind="stable")[:_REQUESTS]
    return [
        SeenRequest(request=f"r{row}", latency_ns=int(latency[row]), spent_ns=int(part))
        for row, part in zip(rows[most].tolist(), spent[most].tolist(), strict=True)
        if part > 0
    ]


def _waits(parts: RequestParts, names: Sequence[str]) -> list[SeenWait]:
    """Return the longest waits of these parts in requests above p99, the longest first."""
    places, members = PartPlaces(parts), _are_slowest(parts)
    found = [wait for name in names for wait in _waits_of(parts, name, places.waits(name, members))]
    found += _waits_for_processor(parts, names, places, members)
    return sorted(found, key=lambda wait: (-wait.length_ns, wait.request, wait.begin_ns))[:_LONGEST]


def _waits_for_processor(
    parts: RequestParts, names: Sequence[str], places: PartPlaces, members: Flags
) -> list[SeenWait]:
    """Return the longest waits of goroutines for a P, of these parts."""
    wanted = [at for at, name in enumerate(PROCESSOR_PARTS) if name in names]
    if not wanted:
        return []
    waits = waits_for_processor(parts, members)
    chosen = np.flatnonzero(np.isin(waits.part, wanted))
    lasted = (waits.spans.end_ns - waits.spans.begin_ns)[chosen]
    found = []
    for at in chosen[np.argsort(-lasted, kind="stable")[:_LONGEST]].tolist():
        request, begin, end = (int(one[at]) for one in (waits.spans.request, waits.spans.begin_ns, waits.spans.end_ns))
        found.append(
            SeenWait(
                request=f"r{request}",
                part=PROCESSOR_PARTS[waits.part[at]],
                begin_ns=begin - int(parts.windows.requests["intended_ns"][request]),
                length_ns=end - begin,
                tid=None,
                thread="",
                place=next(iter(places.had_a_processor_in(begin, end)), ""),
                goroutine=int(waits.spans.tid[at]),
            )
        )
    return found


def _waits_of(parts: RequestParts, name: str, waits: Waits) -> list[SeenWait]:
    longest = np.argsort(-waits.lasted_ns, kind="stable")[:_LONGEST]
    found = []
    for request, row, begin, lasted in zip(*(values[longest].tolist() for values in waits), strict=True):
        tid = int(parts.times.rows.group[row])
        found.append(
            SeenWait(
                request=f"r{request}",
                part=name,
                begin_ns=begin - int(parts.windows.requests["intended_ns"][request]),
                length_ns=lasted,
                tid=tid,
                thread=parts.tables.threads.get(tid, ""),
                place=parts.tables.stacks.owner(int(parts.times.stack[row])),
            )
        )
    return found

"""Where the time of a run goes: all rules applied, what overlaps folded, the largest saving first."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from typing import Final

from tailtune.bundle import Bundle
from tailtune.judge import rules
from tailtune.judge.cause import CPU_TIME, MEAN_LATENCY, TAIL, Cause, Rank, Rule
from tailtune.judge.facts import Facts, gather
from tailtune.judge.names import short_owner
from tailtune.judge.part_names import ON_CPU
from tailtune.judge.request_bands import divided
from tailtune.judge.stackprofile import Stacks
from tailtune.judge.tail_waits import most_of_tail, slowest
from tailtune.model.finding import Finding

_RESTATES: Final = {Rank.BROAD: 0.8, Rank.GENERIC: 0.5}
"""Share of a cause's samples that earlier causes may explain before it only restates them."""
_OF_LATENCY: Final = (MEAN_LATENCY, TAIL)
_WORTH_TELLING: Final = 0.1
"""Of the tail. Something always has most of the CPU time, also where nobody waits for it."""
_TELL: Final = 0.5
"""Share of a queue from which causes of waits in the same parts tell of it."""
_LEAST_KNOWN: Final = 0.01
"""Lower bound of a share, of whatever it is one, below which a finding may be chance."""


def explain(bundle: Bundle) -> list[Finding]:
    """Explain a recording of kind `run`: findings, the one that probably saves most first.

    Raises:
        UsageError: if the recording is an experiment.
        NothingMeasuredError: if no request was measured.
        RecordingError: if a file of it is damaged.
    """
    return rank(gather(bundle, divided(bundle)))


def rank(facts: Facts) -> list[Finding]:
    """Apply all rules to the facts and order what they find."""
    return [cause.finding for cause in ranked(facts)]


def ranked(facts: Facts) -> list[Cause]:
    """Return what `rank` orders, with what each finding was seen in."""
    found = [_of_tail(cause, facts) for rule in all_rules() for cause in rule.apply(facts)]
    causes = [cause for cause in found if _is_known(cause) and (cause.rank not in _RESTATES or cause.saving > 0)]
    causes.sort(key=lambda cause: (cause.rank, -cause.saving, cause.finding.id))
    kept: list[Cause] = []
    explained: Stacks = frozenset()
    for cause in causes:
        if not _restates(cause, explained, facts) and not _is_told(cause, kept):
            kept.append(cause)
            explained |= cause.explains
    is_wait_told = any(cause.rank is Rank.SPECIFIC and cause.finding.share_of in _OF_LATENCY for cause in kept)
    among = (Rank.BROAD,) if is_wait_told else (Rank.BROAD, Rank.UNNAMED)
    kept.sort(key=lambda cause: (Rank.SPECIFIC if cause.rank in among else cause.rank, -cause.saving))
    return _reasons_first(kept, facts)


def _reasons_first(causes: Sequence[Cause], facts: Facts) -> list[Cause]:
    """Put what explains why a function computes right before the waits for it.

    The function itself is put there as well, where the slowest requests compute in it longer than they wait for it.
    """
    ordered = list(causes)
    for wait in causes:
        ranks = (Rank.SPECIFIC, Rank.GENERIC) if _is_mostly_own(wait, facts) else (Rank.SPECIFIC,)
        reason = next((one for one in ordered if one.rank in ranks and _is_reason(one, wait.waits_for, facts)), None)
        if reason is not None and ordered.index(reason) > ordered.index(wait):
            ordered.remove(reason)
            ordered.insert(ordered.index(wait), reason)
    return ordered


def _is_reason(cause: Cause, function: str, facts: Facts) -> bool:
    if not function or facts.cpu is None or not cause.explains:
        return False
    there = facts.cpu.owned_by(function, short_owner)
    return facts.cpu.count(there & cause.explains) > _TELL * facts.cpu.count(there)


def _is_mostly_own(wait: Cause, facts: Facts) -> bool:
    """Whether the slowest requests compute in the function longer than they wait for others that do."""
    band = slowest(facts)
    parts = band.parts if band and wait.waits_for else []
    own = sum(
        part.share.point * place.share
        for part in parts
        for place in part.places
        if part.part == ON_CPU and place.function == wait.waits_for
    )
    return own > wait.finding.share.point


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return the rules of the folder `rules`, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}").RULE for name in names)


def _of_tail(cause: Cause, facts: Facts) -> Cause:
    """Return a cause that says where CPU time goes, and not why, saving no more of the tail than the CPU has in it.

    It saves nothing where that is less than a tenth.
    """
    if cause.rank not in _RESTATES or cause.finding.share_of != CPU_TIME:
        return cause
    most = most_of_tail(facts, cause.finding.share.point)
    return dataclasses.replace(cause, saving=min(cause.saving, most) if most >= _WORTH_TELLING else 0.0)


def _is_known(cause: Cause) -> bool:
    """Whether a cause has a share at all: an interval that reaches nothing says that it may be chance."""
    low = cause.finding.share.low
    return cause.rank is Rank.FORBIDS or low is None or low >= _LEAST_KNOWN


def _restates(cause: Cause, explained: Stacks, facts: Facts) -> bool:
    most = _RESTATES.get(cause.rank)
    if facts.cpu is None or not cause.explains or most is None:
        return False
    return facts.cpu.count(cause.explains & explained) > most * facts.cpu.count(cause.explains)


def _is_told(cause: Cause, kept: Sequence[Cause]) -> bool:
    """Whether most of a queue is told by more specific causes of waits in the same parts."""
    if cause.rank is not Rank.QUEUE:
        return False
    told = sum(one.finding.share.point for one in kept if not set(one.parts).isdisjoint(cause.parts))
    return told >= _TELL * cause.finding.share.point

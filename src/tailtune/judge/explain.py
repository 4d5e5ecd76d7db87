"""Where the time of a run goes: all rules applied, what overlaps folded, the largest saving first."""

import importlib
import pkgutil
from functools import cache
from typing import Final

from tailtune.bundle import Bundle
from tailtune.judge import rules
from tailtune.judge.cause import Cause, Rank, Rule
from tailtune.judge.facts import Facts, gather
from tailtune.judge.stackprofile import Stacks
from tailtune.model.finding import Finding

_RESTATES: Final = {Rank.BROAD: 0.8, Rank.GENERIC: 0.5}
"""Share of a cause's samples that earlier causes may explain before it only restates them."""


def explain(bundle: Bundle) -> list[Finding]:
    """Explain a recording of kind `run`: findings, the one that probably saves most first.

    Raises:
        UsageError: if the recording is an experiment.
        NothingMeasuredError: if no request was measured.
        RecordingError: if a file of it is damaged.
    """
    return rank(gather(bundle))


def rank(facts: Facts) -> list[Finding]:
    """Apply all rules to the facts and order what they find."""
    causes = [cause for rule in all_rules() for cause in rule.apply(facts)]
    causes.sort(key=lambda cause: (cause.rank, -cause.saving, cause.finding.id))
    kept: list[Cause] = []
    explained: Stacks = frozenset()
    for cause in causes:
        if not _restates(cause, explained, facts):
            kept.append(cause)
            explained |= cause.explains
    kept.sort(key=lambda cause: (Rank.SPECIFIC if cause.rank is Rank.BROAD else cause.rank, -cause.saving))
    return [cause.finding for cause in kept]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return the rules of the folder `rules`, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}").RULE for name in names)


def _restates(cause: Cause, explained: Stacks, facts: Facts) -> bool:
    most = _RESTATES.get(cause.rank)
    if facts.cpu is None or not cause.explains or most is None:
        return False
    return facts.cpu.count(cause.explains & explained) > most * facts.cpu.count(cause.explains)

"""Caches that are filled again while requests are answered: what they are to keep is computed each time."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_code, owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.05
_LOOK_UP: Final = re.compile(
    r"(.*\W)?\w*cache[)>]*(\.|::)(get|load|lookup|look_up|find|fetch|entry)(_?or_?\w+|_with\w*)?", re.IGNORECASE
)
"""A method, named as look-ups are, of a type whose name ends in cache."""


class CacheFill:
    """CPU samples in code that a cache's look-up calls: a hit costs a hash and a comparison, and calls none."""

    id = "cache-fill"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for the cache whose filling takes most, from a twentieth of CPU time on."""
        profile = facts.cpu
        if profile is None:
            return []
        filling = {name: _filling(profile, name, stacks) for name, stacks in profile.by_function.items() if _is(name)}
        cache = max(filling, key=lambda name: (profile.count(filling[name]), name), default="")
        stacks = filling.get(cache, frozenset())
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        called = profile.owners(stacks, owner)
        found = finding(
            facts,
            self.id,
            short(cache),
            f"{short(cache)} computes again what it is to keep: {format_share(share.point)} of CPU time, in "
            f"{listed(called)}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[sampled(profile, stacks, "code that the look-up calls")],
            disproof="each request asks for something that none before it asked for",
            proposal="See why it misses: it may be made anew with the object that holds it, be too small, or have a "
            "key that never comes again. If nobody uses the value, do not compute it.",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _is(name: str) -> bool:
    return is_code(name) and _LOOK_UP.fullmatch(short(name).replace("[...]", "")) is not None


def _filling(profile: StackProfile, name: str, stacks: Stacks) -> Stacks:
    """Return the stacks on which the look-up has called code: nearer to the leaf than itself."""
    return frozenset(stack for stack in stacks if any(map(is_code, _inner(profile.names(stack), name))))


def _inner(functions: list[str], name: str) -> list[str]:
    return functions[: functions.index(name)]


RULE = CacheFill()

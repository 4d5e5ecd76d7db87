"""What findings about data that caches miss share, whether misses were counted or simulated.

Both are told of functions as compiled: what is inlined into one is its code.
"""

import re
from collections.abc import Sequence
from typing import Final

from tailtune.judge.cache_misses import comparable
from tailtune.judge.cause import listed
from tailtune.judge.hot_lines import line_evidence, own_lines
from tailtune.judge.names import is_standard, owner
from tailtune.judge.stackprofile import Frame, StackProfile, Stacks
from tailtune.model.finding import Evidence

CONCENTRATES: Final = 0.2
"""Of all misses: below, no function stands out."""
WAITS: Final = 0.3
"""Of a function's own time: below, it computes rather than waits."""
WALKS: Final = re.compile(r"(mem|str)(p?cpy|move|set|n?cmp|r?chr|n?len)")
"""Functions of the C library that go through neighbors, by many bytes at once."""
DISPROOF: Final = (
    "CPU per request stays when the same data lie side by side; processors hide misses that they foresee or that do "
    "not depend on each other"
)
PROPOSAL: Final = (
    "Lay out what is used together side by side: an array in place of links, indices in place of pointers, smaller "
    "elements with rarely used fields apart, in the order in which they are visited."
)


def by_compiled(profile: StackProfile) -> dict[str, Stacks]:
    """Return, by comparable name, the stacks that end in the code of a function; the kernel's are left out."""
    found: dict[str, set[int]] = {}
    for index, stack in enumerate(profile.stacks):
        compiled = _compiled(profile, stack)
        if compiled is not None and not compiled.kernel:
            found.setdefault(comparable(compiled.function), set()).add(index)
    return {function: frozenset(stacks) for function, stacks in found.items()}


def compiled_lines(profile: StackProfile, stacks: Stacks, what: str = "the function itself") -> list[Evidence]:
    """Say at which lines a function was sampled.

    Args:
        profile: that the stacks are of.
        stacks: those that end in its code, at least one.
        what: what is divided by lines.
    """
    most = max(stacks, key=lambda one: (profile.counts[one], one))
    compiled = _compiled(profile, profile.stacks[most])
    lines = own_lines(profile, compiled.function) if compiled else []
    return line_evidence(profile, lines, what)


def works_for(profile: StackProfile, function: str, stacks: Stacks) -> list[Evidence]:
    """Say for whom a function of the language or of the C library works; nothing of other functions."""
    owners = profile.owners(stacks, owner) if is_standard(function) else []
    return [Evidence(text=f"it works for {listed(owners)}", source=profile.source)] if owners else []


def _compiled(profile: StackProfile, stack: Sequence[int]) -> Frame | None:
    """The function whose code a stack ends in, what was inlined into it passed over."""
    return next((profile.frames[at] for at in stack if not profile.frames[at].inlined), None)

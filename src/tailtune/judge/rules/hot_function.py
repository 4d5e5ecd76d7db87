"""The code that CPU time is spent in, when no more specific cause accounts for it."""

from typing import Final

from tailtune.judge.cause import Cause, Rank, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.hot_lines import hot_line, line_evidence, own_lines
from tailtune.judge.names import is_code, is_plumbing, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Evidence, Finding, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.05
_DELEGATES: Final = 0.7
"""A function with this share of its time in callees that are candidates themselves only passes on."""
_NEW: Final = 0.5
"""A function is named only if at least this share of its samples is not those of one named before."""
_MOST: Final = 3
_HOT_OF_ALL: Final = 0.1
"""A line with less of a function's samples than this is not where its time goes, but where its callees are called."""


class HotFunction:
    """The most specific functions of the service's own code that answer for much CPU time."""

    id = "hot-function"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return up to three functions that overlap little."""
        profile = facts.cpu
        if profile is None:
            return []
        candidates = {name: stacks for name, stacks in profile.by_function.items() if _worth(profile, name, stacks)}
        ranked = sorted(candidates, key=lambda name: (-profile.count(candidates[name]), name))
        causes: list[Cause] = []
        named: Stacks = frozenset()
        for name in ranked:
            stacks = candidates[name]
            new = profile.count(stacks - named) >= _NEW * profile.count(stacks)
            if new and len(causes) < _MOST and not _passes_on(profile, name, candidates):
                share = profile.share(stacks)
                causes.append(
                    Cause(self._finding(facts, profile, name, stacks), facts.saving(share.point), Rank.GENERIC, stacks)
                )
                named |= stacks
        return causes

    def _finding(self, facts: Facts, profile: StackProfile, name: str, stacks: Stacks) -> Finding:
        share = profile.share(stacks)
        itself = profile.leaves(lambda frame: frame.function == name)
        callees = profile.owners(stacks, lambda functions: _callee(functions, name))
        lines = own_lines(profile, name)
        hot = hot_line(lines)
        is_hot = hot is not None and hot.samples >= _HOT_OF_ALL * profile.count(stacks)
        where = f"; {format_share(hot.share.point, 0)} of its own at {hot.place}" if hot and is_hot else ""
        return finding(
            facts,
            self.id,
            short(name),
            f"{format_share(share.point)} of CPU time is spent in {short(name)} and what it calls{where}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[
                sampled(profile, stacks, "the function and what it calls"),
                sampled(profile, itself, "the function itself"),
                *line_evidence(profile, lines, "the function itself, with what is inlined into it,"),
                *([Evidence(text=f"it calls {listed(callees, 5)}", source=profile.source)] if callees else []),
            ],
            disproof="CPU per request stays when the function does less",
            proposal="Do less of it (cache, smaller input, a better algorithm), then make each step cheaper.",
        )


def _worth(profile: StackProfile, name: str, stacks: Stacks) -> bool:
    count = profile.count(stacks)
    return count >= FEWEST_SAMPLES and count >= _WORTH_A_FINDING * profile.samples and is_code(name)


def _passes_on(profile: StackProfile, name: str, candidates: dict[str, Stacks]) -> bool:
    """Whether most of the function's samples are in other candidates that it calls."""
    passed = frozenset(stack for stack in candidates[name] if _calls_one(profile.names(stack), name, candidates))
    return profile.count(passed) >= _DELEGATES * profile.count(candidates[name])


def _calls_one(functions: list[str], name: str, candidates: dict[str, Stacks]) -> bool:
    """Whether a candidate stands nearer to the leaf than the function's innermost call."""
    return any(function in candidates for function in functions[: functions.index(name)])


def _callee(functions: list[str], name: str) -> str | None:
    """The function that `name` called on this stack, recursion and runtime left out."""
    inner = functions[: functions.index(name)]
    return next((function for function in reversed(inner) if not is_plumbing(function)), None)


RULE = HotFunction()

"""Do two variants answer alike? Kept answers of both, pair by pair, with what an operation's rules let differ.

Answers that differ between two starts of the baseline itself say nothing about the candidate: where they do, and only
there, differences of the candidate do not count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tailtune.judge.answer_pairs import Difference, Reading, compare_pair
from tailtune.model.answer_rules import AnswerRules, Compare
from tailtune.model.answers import AnswerDifference, AnswerSet, AnswersReport, OperationAnswers
from tailtune.model.workload import Workload

_FIRST: Final = 3
"""Differences shown of an operation."""
_PLACES: Final = 20
_SHIFTING_KEYS: Final = 3
"""So many different keys that come and go in one object are names drawn anew; more of them are no news."""
_WHOLE: Final = ("body", "$")
"""Places that stand for the whole body."""


def compare_answers(
    workload: Workload, baseline: AnswerSet, candidate: AnswerSet, again: AnswerSet | None = None
) -> AnswersReport:
    """Compare what two variants answered to the same requests.

    Args:
        workload: What was asked; its operations say what counts as the same answer.
        baseline: Answers of a fresh start.
        candidate: Likewise.
        again: Of a second start of the baseline; only needed once the others differ.
    """
    rules = [Reading.of(one.answers) for one in workload.operations]
    first = _differences(rules, baseline, candidate)
    own = _differences(rules, baseline, again) if again is not None else {}
    names = [one.name for one in workload.operations]
    operations = [
        _operation(names[index], rules[index].rules, first.get(index, []), own.get(index, []))
        for index in range(len(names))
    ]
    return AnswersReport(
        baseline=baseline.variant,
        candidate=candidate.variant,
        asked=len(_pairs(baseline, candidate)),
        operations=operations,
        checked_twice=again is not None,
        warnings=_warnings(names, baseline, candidate, operations),
    )


class _Pair(msgspec.Struct, frozen=True):
    """What was found of one pair of answers; absent: it could not be compared."""

    number: int
    found: list[Difference] | None


def _pairs(one: AnswerSet, other: AnswerSet) -> list[int]:
    others = {answer.number for answer in other.answers}
    return [answer.number for answer in one.answers if answer.number in others]


def _differences(rules: Sequence[Reading], one: AnswerSet, other: AnswerSet) -> dict[int, list[_Pair]]:
    """Compare pair by pair, by operation; answers to requests that only one was asked are left out."""
    others = {answer.number: answer for answer in other.answers}
    by_operation: dict[int, list[_Pair]] = {}
    for answer in one.answers:
        partner = others.get(answer.number)
        if partner is None or answer.operation != partner.operation or answer.operation >= len(rules):
            continue
        if rules[answer.operation].rules.compare is Compare.NONE:
            continue
        found = compare_pair(rules[answer.operation], answer, partner)
        by_operation.setdefault(answer.operation, []).append(_Pair(answer.number, found))
    return by_operation


class _Volatile:
    """The places at which the baseline differs from itself."""

    def __init__(self, pairs: Iterable[_Pair]) -> None:
        found = [one for pair in pairs for one in pair.found or []]
        self.places = list(dict.fromkeys(one.place for one in found))
        keys: dict[str, set[str]] = {}
        for one in found:
            if one.is_key:
                keys.setdefault(one.parent, set()).add(one.place)
        self._shifting = {parent for parent, names in keys.items() if len(names) >= _SHIFTING_KEYS}

    def covers(self, one: Difference) -> bool:
        """Whether a difference says nothing, since the baseline differs there by itself."""
        if one.is_key and one.parent in self._shifting:
            return True
        return any(place == one.place or _is_inside(one.place, place) for place in self.places)

    @property
    def told(self) -> list[str]:
        """The places, keys that are drawn anew as one."""
        shifting = [f"{parent}.*" for parent in self._shifting]
        fixed = [one for one in self.places if not any(_is_inside(one, parent) for parent in self._shifting)]
        return (fixed + shifting)[:_PLACES]


def _is_inside(place: str, outer: str) -> bool:
    return place.startswith(outer) and place[len(outer) : len(outer) + 1] in (".", "[") and outer.startswith("$")


def _operation(name: str, rules: AnswerRules, pairs: Sequence[_Pair], own: Sequence[_Pair]) -> OperationAnswers:
    volatile = _Volatile(own)
    judged = [pair for pair in pairs if pair.found is not None]
    differing = {
        pair.number: left for pair in judged if (left := [one for one in pair.found or [] if not volatile.covers(one)])
    }
    counted = Counter(place for found in differing.values() for place in {one.place for one in found})
    return OperationAnswers(
        operation=name,
        compare=rules.compare,
        compared=len(judged),
        equal=len(judged) - len(differing),
        differing=len(differing),
        places=[place for place, _ in counted.most_common(_PLACES)],
        first=[_shown(number, found[0]) for number, found in list(differing.items())[:_FIRST]],
        volatile=volatile.told,
        note=_note(rules, len(pairs) - len(judged), volatile.told),
    )


def _shown(number: int, found: Difference) -> AnswerDifference:
    return AnswerDifference(request=number, place=found.exact, baseline=found.left, candidate=found.right)


def _note(rules: AnswerRules, unjudged: int, volatile: Sequence[str]) -> str:
    """Say what was not compared, and which rule would say so."""
    notes = []
    if rules.compare is Compare.NONE:
        notes.append('not compared, as `compare = "none"` says')
    if unjudged:
        notes.append(f"{unjudged} answers are longer than is kept, so that they cannot be normalised")
    paths = [place for place in volatile if place.startswith("$") and place not in _WHOLE]
    if any(place in _WHOLE for place in volatile):
        notes.append(
            "bodies not comparable: the baseline's own differ between two starts;"
            ' a `replace` for what changes, or compare = "status", would help'
        )
    elif paths:
        listed = ", ".join(f'"{path}"' for path in paths)
        notes.append(f"not compared where the baseline's own answers differ between two starts: ignore = [{listed}]")
    notes += [
        f"its {place} differs between two starts of the baseline and is not comparable"
        for place in volatile
        if not place.startswith("$") and place not in _WHOLE
    ]
    return "; ".join(notes)


def _warnings(
    names: Sequence[str], baseline: AnswerSet, candidate: AnswerSet, operations: Sequence[OperationAnswers]
) -> list[str]:
    found = [
        f"answers of {one.variant}: time was over after {len(one.answers)} requests"
        for one in (baseline, candidate)
        if one.early
    ]
    found += [f"answers of {one.variant}: {one.trouble}" for one in (baseline, candidate) if one.trouble]
    compared: Mapping[str, int] = {one.operation: one.compared for one in operations if one.compare != Compare.NONE}
    silent = [name for name in names if compared.get(name) == 0]
    if silent:
        found.append(f"no answer was compared of {', '.join(silent)}")
    return found

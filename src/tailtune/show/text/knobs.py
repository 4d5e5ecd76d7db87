"""`tailtune knobs` as text."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from tailtune.model.knobs import KnobFacts, KnobList, KnobPlace
from tailtune.show.text.table import labelled, page, pairs, paragraph

_PLACES: Final = {
    KnobPlace.BUILD: "the build",
    KnobPlace.LAUNCH: "the start",
    KnobPlace.MACHINE: "around the running service",
    KnobPlace.LOAD: "the load",
}


def knob_list(found: KnobList) -> str:
    """Show each knob with its levels, what it takes, how it is undone, and whether it can act here."""
    if len(found.knobs) == 1:
        return page(*_whole(found.knobs[0]), [f"tried for {found.service}"])
    sections = [_section(place, list(knobs)) for place, knobs in groupby(found.knobs, key=lambda one: one.place)]
    return page(paragraph(f"tried for {found.service}"), *sections, _usage(found))


def _section(place: KnobPlace, knobs: list[KnobFacts]) -> list[str]:
    """Show the knobs of one place; what undoes most of them is said once."""
    usual, shared = Counter(one.undo for one in knobs).most_common(1)[0]
    head = paragraph(f"{_PLACES[place]}; undone: {usual}" if shared > 1 else _PLACES[place])
    return [*head, *(line for one in knobs for line in _short(one, usual if shared > 1 else ""))]


def _short(one: KnobFacts, usual: str) -> Iterator[str]:
    yield f"  {one.name}"
    yield from labelled("", one.help, indent=6, gap="")
    yield from labelled("levels: ", one.levels, indent=6, gap="")
    yield from labelled("takes:  ", one.takes, indent=6, gap="")
    if one.undo != usual:
        yield from labelled("undone: ", one.undo, indent=6, gap="")
    yield from labelled("here:   ", _here(one), indent=6, gap="")


def _whole(one: KnobFacts) -> list[list[str]]:
    rows = [
        ("acts on", _PLACES[one.place]),
        ("levels", one.levels),
        ("worth trying", ", ".join(one.examples)),
        ("takes", one.takes),
        ("undone", one.undo),
        ("here", _here(one)),
    ]
    return [paragraph(f"{one.name}: {one.help}"), pairs(rows)]


def _here(one: KnobFacts) -> str:
    """Say whether the levels that were tried can act."""
    if not one.refused:
        return f"can act (tried: {', '.join(one.examples)})"
    reasons = list(dict.fromkeys(one.refused.values()))
    if len(one.refused) == len(one.examples) and len(reasons) == 1:
        return f"cannot act: {reasons[0]}"
    return "; ".join(
        f"{level}: {f'cannot act: {one.refused[level]}' if level in one.refused else 'can act'}"
        for level in one.examples
    )


def _usage(found: KnobList) -> list[str]:
    one = next((knob for knob in found.knobs if knob.place is KnobPlace.LAUNCH and not knob.refused), None)
    if one is None:
        return []
    example = f'knobs = {{ {one.name} = "{one.examples[-1]}" }}'
    return paragraph(f"a variant of tailtune.toml turns them: {example}; tailtune compare proves what that does")

"""Are generators possible? Each has exactly one key that names it, and keys that refine it."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tailtune.config.problem import Problem, join, listed
from tailtune.config.values import not_negative, positive, within
from tailtune.model.generator import GENERATORS, NUMBERS, PAUSES, Generator, Number, Pause

MOST_TEXT_BYTES: Final = 16 * 1024 * 1024
_MOST_RANKS: Final = 10**12

_REFINE_NUMBER: Final = frozenset({"min", "max"})
_REFINE: Final[Mapping[str, frozenset[str]]] = {
    "choice": frozenset({"encoded"}),
    "zipf": frozenset({"n", "values", "encoded"}),
    "uuid": frozenset(),
    "counter": frozenset({"step"}),
    "text": frozenset({"alphabet", "encoded"}),
    "trace": frozenset({"encoded"}),
    **dict.fromkeys(NUMBERS, _REFINE_NUMBER | {"digits"}),
}
"""Key that names a generator → the keys that may stand beside it."""


def generator(path: str, given: Generator) -> Iterator[Problem]:
    """Yield what is impossible of the generator of a placeholder."""
    wrong = list(_exactly_one(path, given, GENERATORS, _REFINE))
    yield from wrong
    if wrong:
        return
    if any(getattr(given, key) is not None for key in NUMBERS):
        yield from _number_values(path, given)
        if given.digits is not None:
            yield from within(join(path, "digits"), given.digits, 0, 15)
    yield from _zipf(path, given)
    yield from _text(path, given)
    yield from _values(path, given)


def number(path: str, given: Number) -> Iterator[Problem]:
    """Yield what is impossible of a distribution of numbers."""
    wrong = list(_exactly_one(path, given, NUMBERS, dict.fromkeys(NUMBERS, _REFINE_NUMBER)))
    yield from wrong or _number_values(path, given)


def pause(path: str, given: Pause) -> Iterator[Problem]:
    """Yield what is impossible of a distribution of times."""
    wrong = list(_exactly_one(path, given, PAUSES, dict.fromkeys(PAUSES, _REFINE_NUMBER)))
    yield from wrong
    if wrong:
        return
    yield from _limits(path, given.uniform, given.min, given.max, '["1s", "5s"]')
    if given.lognormal:
        yield from positive(f"{path}.lognormal.median", given.lognormal.median, "a duration > 0")
        yield from not_negative(f"{path}.lognormal.sigma", given.lognormal.sigma, "a number, 0 or more")


def _exactly_one(
    path: str, given: msgspec.Struct, names: tuple[str, ...], refine: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
    """Yield a problem unless one of `names` is given, with keys that belong to it."""
    written = [field.name for field in msgspec.structs.fields(given) if getattr(given, field.name) is not None]
    chosen = [key for key in written if key in names]
    if len(chosen) != 1:
        found = f"names {len(chosen)} at once: {listed(chosen)}" if chosen else "does not say what is drawn"
        yield Problem(key=path, found=found, accepted=f"exactly one of {listed(names)}")
        return
    allowed = refine[chosen[0]]
    for key in written:
        if key != chosen[0] and key not in allowed:
            beside = f"beside `{chosen[0]}`: {listed(sorted(allowed))}" if allowed else f"`{chosen[0]}` alone"
            yield Problem(key=join(path, key), found=f"means nothing beside `{chosen[0]}`", accepted=beside)


def _number_values(path: str, given: Number) -> Iterator[Problem]:
    yield from _limits(path, given.uniform, given.min, given.max, "[1, 100]")
    for key in ("constant", "min", "max"):
        value = getattr(given, key)
        if value is not None and not math.isfinite(value):
            yield Problem(key=join(path, key), found=f"is {value}", accepted="a finite number")
    if given.exponential is not None:
        yield from positive(join(path, "exponential"), given.exponential, "a mean > 0")
    if given.normal:
        if not math.isfinite(given.normal.mean):
            yield Problem(key=f"{path}.normal.mean", found=f"is {given.normal.mean}", accepted="a finite number")
        yield from not_negative(f"{path}.normal.sd", given.normal.sd, "a standard deviation, 0 or more")
    if given.lognormal:
        yield from positive(f"{path}.lognormal.median", given.lognormal.median, "a median > 0")
        yield from not_negative(f"{path}.lognormal.sigma", given.lognormal.sigma, "a number, 0 or more")
    if given.pareto:
        yield from positive(f"{path}.pareto.scale", given.pareto.scale, "a smallest value > 0")
        yield from positive(f"{path}.pareto.shape", given.pareto.shape, "a number > 0")


def _limits(path: str, uniform: Any, low: Any, high: Any, example: str) -> Iterator[Problem]:  # noqa: ANN401
    """Check what has a lower and an upper end; numbers or durations."""
    if uniform is not None and not (len(uniform) == 2 and uniform[0] <= uniform[1] and math.isfinite(sum(uniform))):
        shown = [str(value) for value in uniform]
        yield Problem(
            key=join(path, "uniform"),
            found=f"is [{', '.join(shown)}]",
            accepted=f"the lowest and the highest value: {example}",
        )
    if low is not None and high is not None and low > high:
        yield Problem(key=join(path, "min"), found=f"is {low}, above `max` {high}", accepted="at most `max`")


def _zipf(path: str, given: Generator) -> Iterator[Problem]:
    if given.zipf is None:
        return
    yield from positive(join(path, "zipf"), given.zipf, "an exponent > 0, such as 1.1")
    if (given.n is None) == (given.values is None):
        found = "has both `n` and `values`" if given.n is not None else "has neither `n` nor `values`"
        yield Problem(
            key=path,
            found=found,
            accepted="either: { zipf = 1.1, n = 1000 } draws ranks, { zipf = 1.1, values = [...] } draws values",
        )
    if given.n is not None:
        yield from within(join(path, "n"), given.n, 1, _MOST_RANKS)


def _text(path: str, given: Generator) -> Iterator[Problem]:
    if isinstance(given.text, Number):
        yield from number(join(path, "text"), given.text)
    elif given.text is not None and not 0 <= given.text <= MOST_TEXT_BYTES:
        yield Problem(
            key=join(path, "text"), found=f"is {given.text:g}", accepted=f"a size from 0 to {MOST_TEXT_BYTES} bytes"
        )
    if given.alphabet == "":
        yield Problem(key=join(path, "alphabet"), found="is empty", accepted="the characters to draw from")


def _values(path: str, given: Generator) -> Iterator[Problem]:
    for key, values in (("choice", given.choice), ("values", given.values)):
        if values is not None and not values:
            yield Problem(
                key=join(path, key), found="is empty", accepted="an array of values, or the path of a text file"
            )
    if given.uuid is False:
        yield Problem(key=join(path, "uuid"), found="is false", accepted="{ uuid = true }")
    if given.trace == "":
        yield Problem(key=join(path, "trace"), found="is empty", accepted="the name of a column of the trace")

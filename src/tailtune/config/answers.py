"""Is it possible to compare answers, and to pass the gates, as the file says?"""

from collections.abc import Iterator
from typing import Final

from tailtune.config.problem import Problem, join
from tailtune.config.values import foreign, positive
from tailtune.errors import NativeError
from tailtune.model.answer_rules import AnswerRules, Compare, parse_path
from tailtune.model.gates import Gates

_LONGEST: Final = 1000
"""Characters of a text that replaces."""


def answer_rules(path: str, given: AnswerRules) -> Iterator[Problem]:
    """Yield every impossible value of an operation's `answers`."""
    of_bodies: dict[str, list[str]] = {"ignore": given.ignore, "unordered": given.unordered}
    for key, values in (*of_bodies.items(), ("replace", given.replace)):
        if values and given.compare is not Compare.BODY:
            yield foreign(join(path, key), owner="compare", value=given.compare, only=f'"{Compare.BODY}"')
    for key, paths in of_bodies.items():
        for index, one in enumerate(paths):
            yield from _path(f"{join(path, key)}[{index}]", one)
    for pattern, text in given.replace.items():
        yield from _replacement(join(join(path, "replace"), pattern), pattern, text)


def _path(key: str, text: str) -> Iterator[Problem]:
    try:
        parse_path(text)
    except ValueError as error:
        yield Problem(key=key, found=f'is "{text}"', accepted=str(error))


def _replacement(key: str, pattern: str, text: str) -> Iterator[Problem]:
    from tailtune._native import replace_all

    if len(text) > _LONGEST:
        yield Problem(key=key, found=f"is {len(text):,} characters long", accepted=f"at most {_LONGEST:,} characters")
        return
    try:
        replace_all(b"", [(pattern, text)])
    except NativeError as error:
        accepted = "a regular expression in the syntax of Rust's regex, which has no look-around"
        yield Problem(key=key, found=f"is no regular expression: {error.message}", accepted=accepted)


def gates(given: Gates) -> Iterator[Problem]:
    """Yield every impossible value of `[gates]`."""
    if given.test and not given.test[0]:
        yield Problem(key="gates.test", found="names no command", accepted='a command, such as ["go", "test", "./..."]')
    if any("\0" in word for word in given.test):
        yield Problem(key="gates.test", found="holds a NUL", accepted="words without NUL")
    yield from positive("gates.test_timeout", given.test_timeout, "a duration > 0")
    yield from positive("gates.race_duration", given.race_duration, "a duration > 0")

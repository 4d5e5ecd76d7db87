"""Checks of single values that several tables share."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from tailtune.config.problem import Problem, join

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_UNSAFE_IN_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS: Final = range(200, 600)


def name(path: str, name: str) -> Iterator[Problem]:
    """Refuse what is not fit to name a table."""
    if not _NAME.fullmatch(name):
        yield Problem(
            key=join(path, name),
            found="is not a name",
            accepted="letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
        )


def environment(path: str, env: Mapping[str, str]) -> Iterator[Problem]:
    """Refuse variables that no process can be given."""
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            yield Problem(
                key=join(path, name), found="is not a variable", accepted="a name without `=`, a value without NUL"
            )


def positive(key: str, value: float, what: str) -> Iterator[Problem]:
    """Refuse numbers that are not above zero or not finite."""
    if not (math.isfinite(value) and value > 0):
        yield Problem(key=key, found=f"is {value}", accepted=what)


def not_negative(key: str, value: float, what: str) -> Iterator[Problem]:
    """Refuse numbers below zero or not finite."""
    if not (math.isfinite(value) and value >= 0):
        yield Problem(key=key, found=f"is {value}", accepted=what)


def within(key: str, value: int, low: int, high: int) -> Iterator[Problem]:
    """Refuse whole numbers outside `low` to `high`, both included."""
    if not low <= value <= high:
        yield Problem(key=key, found=f"is {value}", accepted=f"a whole number from {low} to {high}")


def status(key: str, status: int) -> Iterator[Problem]:
    """Refuse what is not the status of a final HTTP answer."""
    if status not in _STATUS:
        yield Problem(key=key, found=f"is {status}", accepted="an HTTP status from 200 to 599")


def not_a_path(key: str, value: str, qualifier: str) -> Problem:
    """Return the problem of a path that does not begin with /."""
    return Problem(key=key, found=f'is "{value}"', accepted=f"a path that begins with /, {qualifier}")


def unsafe(text: str) -> bool:
    """Whether a text holds a character that would end its line."""
    return _UNSAFE_IN_LINE.search(text) is not None


def foreign(key: str, *, owner: str, value: str, only: str) -> Problem:
    """Return the problem of a key that means nothing beside the value of another key."""
    name = key.rpartition(".")[2]
    return Problem(
        key=key,
        found=f'means nothing where {owner} is "{value}"',
        accepted=f"only with {owner} {only}",
        hint=f"remove `{name}`, or change `{owner}`",
    )

"""What counts as the same answer: what `tailtune.toml` says of an operation's answers, and where in JSON it means."""

import re
from enum import StrEnum
from typing import Final

import msgspec

PlaceStep = str | int | None
"""One step into JSON: the key of an object, the index of an array; absent: any of either."""
Place = tuple[PlaceStep, ...]

_STEP: Final = re.compile(
    r"""
    \.(?P<name>[A-Za-z0-9_$@-]+) | \.(?P<any>\*) |
    \[(?P<index>\d{1,9}|\*)\] | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
    """,
    re.VERBOSE,
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_$@-]+")


class Compare(StrEnum):
    """How much of an answer must be equal."""

    BODY = "body"
    """Status and body; JSON as parsed: the order of keys and white space do not count."""
    LENGTH = "length"
    """Status and length of the body."""
    STATUS = "status"
    """The status alone."""
    NONE = "none"
    """Nothing: answers to this operation are not compared."""


class AnswerRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as the same answer to an operation, when those of two variants are compared.

    Paths into JSON: `$.user.name` from the top, `*.id` anywhere; `[0]` is an element, `[*]` any, `.*` any key,
    `["a.b"]` a key that is no word. What a path names is meant with all in it.
    """

    compare: Compare = Compare.BODY
    """How much must be equal."""
    ignore: list[str] = []
    """Paths into JSON that may differ: `["$.time", "*.id", "$.items[*].score"]`."""
    unordered: list[str] = []
    """Paths of JSON arrays whose order does not count: `["$.tags"]`."""
    replace: dict[str, str] = {}
    """Regular expression, in the syntax of Rust's regex → text in its place, before bodies are compared."""


class PathPattern(msgspec.Struct, frozen=True):
    """A path into JSON as written in the configuration."""

    anywhere: bool
    """Whether it may begin below the top."""
    steps: Place

    def matches(self, place: Place) -> bool:
        """Whether it names this place; places hold no `None`."""
        if len(place) < len(self.steps) or not (self.anywhere or len(place) == len(self.steps)):
            return False
        inside = place[len(place) - len(self.steps) :]
        return all(_names(step, at) for step, at in zip(self.steps, inside, strict=True))


_ANY_INDEX: Final = -1
"""In a pattern: any element of an array."""


def _names(step: PlaceStep, at: PlaceStep) -> bool:
    if step is None:
        return True
    if step == _ANY_INDEX:
        return isinstance(at, int)
    return step == at and isinstance(step, int) == isinstance(at, int)


def parse_path(text: str) -> PathPattern:
    """Read a path.

    Raises:
        ValueError: if it is none; the message says what is accepted.
    """
    steps: list[PlaceStep] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            break
        at = found.end()
        if found["name"] is not None:
            steps.append(found["name"])
        elif found["any"] is not None:
            steps.append(None)
        elif found["index"] is not None:
            steps.append(_ANY_INDEX if found["index"] == "*" else int(found["index"]))
        else:
            steps.append(_unquoted(found["quoted"]))
    if not steps or at != len(text) or text[0] not in "$*":
        raise ValueError('a path such as "$.time", "*.id" or "$.items[*].score"')
    return PathPattern(text[0] == "*", tuple(steps))


def _unquoted(text: str) -> str:
    try:
        return msgspec.json.decode(text.encode(), type=str)
    except msgspec.DecodeError:
        raise ValueError('a key in the quotes of JSON, such as $["a.b"]') from None


def path_text(place: Place) -> str:
    """Write a place as a path, `None` as any element of an array."""
    return "$" + "".join(map(_step_text, place))


def _step_text(step: PlaceStep) -> str:
    if step is None:
        return "[*]"
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{msgspec.json.encode(step).decode()}]"

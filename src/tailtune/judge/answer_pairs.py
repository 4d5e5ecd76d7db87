"""One pair of answers: where they differ, under the rules of their operation."""

import zlib
from typing import Any, Final, Self

import msgspec

from tailtune.judge.json_places import ABSENT, JsonDifference, json_differences, normalised, parsed
from tailtune.model.answer_rules import AnswerRules, Compare, PathPattern, Place, parse_path, path_text
from tailtune.model.answers import Answer

_GZIP: Final = b"\x1f\x8b"
_MOST_BYTES: Final = 1024 * 1024
_BEFORE: Final = 24
_BEHIND: Final = 56
"""Bytes shown before and behind the first one that differs."""
_VALUE: Final = 80
"""Characters shown of a value."""


class Difference(msgspec.Struct, frozen=True):
    """One difference of one pair."""

    place: str
    """Without indexes of arrays, so that it names the same in all answers."""
    exact: str
    left: str
    right: str
    parent: str = ""
    """Of a key: the object it is in."""
    is_key: bool = False
    """Whether one of both lacks the key."""


class Reading(msgspec.Struct, frozen=True):
    """The rules of an operation, ready to be used."""

    rules: AnswerRules
    ignore: list[PathPattern]
    unordered: list[PathPattern]
    replace: list[tuple[str, str]]

    @classmethod
    def of(cls, rules: AnswerRules) -> Self:
        """Read the paths of rules that the configuration has accepted."""
        return cls(
            rules, [parse_path(one) for one in rules.ignore], [parse_path(one) for one in rules.unordered],
            list(rules.replace.items()),
        )  # fmt: skip

    @property
    def normalises(self) -> bool:
        """Whether bodies are changed before they are compared."""
        return bool(self.ignore or self.unordered or self.replace)


def compare_pair(reading: Reading, one: Answer, other: Answer) -> list[Difference] | None:
    """Return the differences of two answers; absent where they are too long to be normalised."""
    compare = reading.rules.compare
    if one.is_complete != other.is_complete:
        return [_whole("answer", _described(one), _described(other))]
    if not one.is_complete:
        return []
    if one.status != other.status:
        return [_whole("status", str(one.status), str(other.status))]
    if compare is Compare.STATUS:
        return []
    if compare is Compare.LENGTH:
        same = one.length == other.length
        return [] if same else [_whole("length", f"{one.length:,} bytes", f"{other.length:,} bytes")]
    if (one.length, one.sha256) == (other.length, other.sha256):
        return []
    if not (one.cut or other.cut):
        return _bodies(reading, one.body, other.body)
    return None if reading.normalises else _texts(one.body, other.body, one.length, other.length)


def _described(answer: Answer) -> str:
    if not answer.is_complete:
        return f"none ({answer.outcome})"
    return f"status {answer.status}, {answer.length:,} bytes" if answer.status else f"{answer.length:,} bytes"


def _whole(place: str, left: str, right: str) -> Difference:
    return Difference(place, place, left, right)


def _bodies(reading: Reading, left: bytes, right: bytes) -> list[Difference]:
    left, right = (_replaced(reading, _unpacked(body)) for body in (left, right))
    if left == right:
        return []
    try:
        documents = [normalised(parsed(body), reading.ignore, reading.unordered) for body in (left, right)]
    except RecursionError:
        documents = [ABSENT, ABSENT]
    if any(one is ABSENT for one in documents):
        return _texts(left, right, len(left), len(right))
    return [_at_place(found) for found in json_differences(*documents)]


def _unpacked(body: bytes) -> bytes:
    """Return what gzip packed: equal contents may be packed differently."""
    if not body.startswith(_GZIP):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(body, _MOST_BYTES)
    except zlib.error:
        return body
    return content if unpacking.eof and not unpacking.unused_data else body


def _replaced(reading: Reading, body: bytes) -> bytes:
    if not reading.replace:
        return body
    from tailtune._native import replace_all

    return replace_all(body, reading.replace)


def _at_place(found: JsonDifference) -> Difference:
    return Difference(
        place=path_text(_general(found.place)),
        exact=path_text(found.place),
        left=_value(found.left),
        right=_value(found.right),
        parent=path_text(_general(found.place[:-1])),
        is_key=found.is_key,
    )


def _general(place: Place) -> Place:
    return tuple(None if isinstance(step, int) else step for step in place)


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, dict | list):
        try:
            text = msgspec.json.encode(value).decode()
        except RecursionError:
            text = "(nested deeply)"
        return f"{len(value)} {'keys' if isinstance(value, dict) else 'elements'}: {_shortened(text)}"
    return _shortened(msgspec.json.encode(value).decode())


def _shortened(text: str) -> str:
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"


def _texts(left: bytes, right: bytes, left_length: int, right_length: int) -> list[Difference]:
    """Show both around the first byte that differs; equal beginnings say only that it comes later."""
    at = next((at for at, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        at = min(len(left), len(right))
    place = f"body, byte {at:,}"
    return [Difference("body", place, _excerpt(left, at, left_length), _excerpt(right, at, right_length))]


def _excerpt(body: bytes, at: int, length: int) -> str:
    begin = max(0, at - _BEFORE)
    shown = body[begin : at + _BEHIND].decode(errors="replace")
    if at >= len(body):
        rest = " (the end)" if len(body) == length else " (not kept from here on)"
    else:
        rest = "…" if at + _BEHIND < length else ""
    return f"{'…' if begin else ''}{shown}{rest}"

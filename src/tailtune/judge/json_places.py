"""Two JSON documents: the places at which they differ."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from tailtune.model.answer_rules import PathPattern, Place

ABSENT: Final = object()
"""Stands for a key that one of both does not have."""
_MOST: Final = 200
"""Differences of one pair that are told."""


class JsonDifference(msgspec.Struct, frozen=True):
    """One place at which two documents differ; either value may be `ABSENT`."""

    place: Place
    left: Any
    right: Any

    @property
    def is_key(self) -> bool:
        """Whether only one of both has the key."""
        return self.left is ABSENT or self.right is ABSENT


def parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the document if the body is a JSON object or array, else `ABSENT`; any bytes will do."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return ABSENT
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ABSENT


def normalised(
    document: Any,  # noqa: ANN401 - any JSON
    ignore: Sequence[PathPattern],
    unordered: Sequence[PathPattern],
    place: Place = (),
) -> Any:  # noqa: ANN401 - any JSON
    """Return a document without what is ignored, and with the arrays sorted whose order does not count.

    Raises:
        RecursionError: if it is nested so deeply that Python gives up.
    """
    if isinstance(document, dict):
        inside = {key: (*place, key) for key in document}
        kept = {key: one for key, one in inside.items() if not _among(ignore, one)}
        return {key: normalised(document[key], ignore, unordered, one) for key, one in kept.items()}
    if isinstance(document, list):
        places = ((*place, index) for index in range(len(document)))
        found = [
            None if _among(ignore, one) else normalised(value, ignore, unordered, one)
            for one, value in zip(places, document, strict=True)
        ]
        return sorted(found, key=_order) if _among(unordered, place) else found
    return document


def _among(patterns: Sequence[PathPattern], place: Place) -> bool:
    return any(pattern.matches(place) for pattern in patterns)


def json_differences(left: Any, right: Any) -> Iterator[JsonDifference]:  # noqa: ANN401 - any JSON
    """Yield the first places at which two documents differ, in the order of the left one.

    Numbers are equal by value, keys have no order. Arrays of different lengths differ as a whole.
    """
    waiting: list[tuple[Place, Any, Any]] = [((), left, right)]
    told = 0
    while waiting and told < _MOST:
        place, one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            keys = [*one, *(key for key in other if key not in one)]
            inside = [((*place, key), one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys]
            waiting += reversed(inside)
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            waiting += reversed([((*place, at), *pair) for at, pair in enumerate(zip(one, other, strict=True))])
        elif not _equal(one, other):
            told += 1
            yield JsonDifference(place, one, other)


def _equal(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON
    if (
        isinstance(one, bool)
        or isinstance(other, bool)
        or isinstance(one, dict | list)
        or isinstance(other, dict | list)
    ):
        return one is other
    return bool(one == other)


def _order(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return msgspec.json.encode(value, order="sorted")

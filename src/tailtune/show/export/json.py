"""Results as JSON: the same values as the text, in the model's own shape."""

import math
from collections.abc import Iterator

import msgspec

from tailtune.errors import TailtuneError
from tailtune.model.codec import to_json, to_plain
from tailtune.model.results import FailedResult, Failure


def encode(result: object) -> str:
    """Write a result as indented JSON.

    Raises:
        ValueError: if a number is not finite; JSON has no such number and the schema promises one.
    """
    for place, number in _numbers(to_plain(result), "result"):
        if not math.isfinite(number):
            raise ValueError(f"{place} is {number}, which JSON cannot carry")
    return to_json(result, indent=2).decode()


def encode_failure(error: TailtuneError) -> str:
    """Write what stands in place of a result when a command failed."""
    failure = Failure(
        code=error.code, exit_code=error.exit_code, message=error.message, hint=error.hint, detail=error.detail
    )
    return encode(FailedResult(error=failure))


def _numbers(plain: object, place: str) -> Iterator[tuple[str, float]]:
    match plain:
        case float():
            yield place, plain
        case dict():
            for name, value in plain.items():
                yield from _numbers(value, f"{place}.{name}")
        case list():
            for index, value in enumerate(plain):
                yield from _numbers(value, f"{place}[{index}]")


def encode_plain(value: object) -> str:
    """Write plain data, such as a schema, as indented JSON in the order given."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()

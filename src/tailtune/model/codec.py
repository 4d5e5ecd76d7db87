"""How values of the model are written as text and read back: the one place that knows its custom types."""

from typing import Any, Final, TypeVar

import msgspec

from tailtune.model.units import Duration

_T = TypeVar("_T")

DURATION_PATTERN: Final = r"^\s*(\d+(\.\d+)?\s*(ns|us|µs|ms|min|s|m|h)\s*)+$"
"""The texts that `Duration.parse` reads, as a regular expression for schemas."""


def enc_hook(value: Any) -> Any:  # noqa: ANN401 - msgspec's hooks take and give any value
    """Turn a custom type of the model into plain data: a Duration into text such as `1.5s`.

    Raises:
        TypeError: for a type that the model does not have.
    """
    if isinstance(value, Duration):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not written")


def dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hooks take and give any value
    """Turn plain data into a custom type of the model.

    Raises:
        ValueError: if the text is not a duration; msgspec adds the path of the value.
        TypeError: for a type that the model does not have.
    """
    if kind is Duration:
        if not isinstance(value, str):
            raise ValueError(f"expected a duration in quotes with its unit, such as '1.5s', got {value!r}")
        return Duration.parse(value)
    raise TypeError(f"{kind.__name__} is not read")


def schema_hook(kind: type) -> dict[str, Any]:
    """Describe a custom type of the model as JSON schema.

    Raises:
        TypeError: for a type that the model does not have.
    """
    if kind is Duration:
        return {
            "type": "string",
            "description": "A length of time: a number and its unit, such as 250us, 1.5s or 1m30s.",
            "pattern": DURATION_PATTERN,
            "examples": ["250us", "1.5s", "1m30s"],
        }
    raise TypeError(f"{kind.__name__} has no schema")


def to_json(value: object, *, indent: int = 0) -> bytes:
    """Write a value of the model as JSON, over lines with `indent` > 0. Maps keep their order: it has a meaning."""
    data = msgspec.json.encode(value, enc_hook=enc_hook)
    return msgspec.json.format(data, indent=indent) if indent > 0 else data


def from_json(data: bytes, kind: type[_T]) -> _T:
    """Read JSON into a type of the model.

    Raises:
        msgspec.DecodeError: if it is not JSON.
        msgspec.ValidationError: if it does not fit the type; the message names the path.
    """
    return msgspec.json.decode(data, type=kind, dec_hook=dec_hook)


def convert(data: object, kind: type[_T]) -> _T:
    """Turn plain data (parsed TOML, for instance) into a type of the model.

    Raises:
        msgspec.ValidationError: if it does not fit the type; the message names the path.
    """
    return msgspec.convert(data, type=kind, dec_hook=dec_hook)


def to_plain(value: object) -> Any:  # noqa: ANN401 - plain data of any shape
    """Turn a value of the model into dicts, lists, text and numbers."""
    return msgspec.to_builtins(value, enc_hook=enc_hook)

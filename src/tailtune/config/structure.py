"""Does parsed TOML have the shape of the types? Finds every unknown key, missing key and wrong type at once.

msgspec stops at the first mismatch and writes map keys as `[...]`; whoever corrects a file by hand
wants the exact key and all mismatches. So this walks the model's types itself and leaves only
the leaves to msgspec.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from tailtune.config.problem import Problem, join, listed, nearest
from tailtune.model import codec
from tailtune.model.units import Duration

_AT: Final = re.compile(r" - at `\$(.*)`$")
_WORDS: Final[dict[Any, str]] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Duration: 'a duration in quotes with its unit, such as "250us", "1.5s" or "1m30s"',
}
_TOML_TYPES: Final[dict[type, str]] = {dict: "a table", list: "an array", str: "text", bool: "a boolean"}


def mismatches(kind: Any, value: object, path: str = "") -> Iterator[Problem]:  # noqa: ANN401 - any annotation
    """Yield what keeps `value`, plain data, from being a `kind`, a type of the model."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _in_struct(kind, value, path)
    elif get_origin(kind) is dict:
        yield from _in_dict(get_args(kind)[1], value, path)
    elif get_origin(kind) is list:
        yield from _in_list(get_args(kind)[0], value, path)
    elif isinstance(value, dict) and (struct := _struct_among(kind)):
        yield from _in_struct(struct, value, path)
    elif isinstance(value, list) and (array := _list_among(kind)):
        yield from _in_list(get_args(array)[0], value, path)
    else:
        yield from _in_leaf(kind, value, path)


def accepted(kind: Any) -> str:  # noqa: ANN401 - any annotation
    """Say in words what a type accepts."""
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(accepted(part) for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is list:
        return f"an array of {accepted(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "a table"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(f'"{member}"' for member in kind)
    return _WORDS.get(kind, "a table")


def _struct_among(kind: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - any annotation
    """Return the table among the kinds of a union; a table that stands there is meant to be one of those."""
    return next((one for one in get_args(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _list_among(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    return next((one for one in get_args(kind) if get_origin(one) is list), None)


def _in_struct(kind: type[msgspec.Struct], value: object, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong_type(kind, value, path)
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, item in value.items():
        if key not in fields:
            yield Problem(
                key=join(path, key),
                found="unknown key",
                accepted=f"in {f'`{path}`' if path else 'the file'}: {listed(fields)}",
                hint=nearest(key, fields),
            )
        elif split := _split_by_dot(key, item, fields):
            yield Problem(
                key=join(path, split),
                found="the key holds a dot, which TOML takes for a table",
                accepted=accepted(fields[split].type),
                hint=f'write the key in quotes: "{split}"',
            )
        else:
            yield from mismatches(fields[key].type, item, join(path, key))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(key=join(path, name), found="is missing", accepted=accepted(field.type))


def _split_by_dot(key: str, item: object, fields: dict[str, Any]) -> str:
    """Return the known key that was written without its quotes, as in `p99.9 = "5ms"`."""
    if not isinstance(item, dict):
        return ""
    return next((f"{key}.{rest}" for rest in item if f"{key}.{rest}" in fields), "")


def _in_dict(kind: Any, value: object, path: str) -> Iterator[Problem]:  # noqa: ANN401 - any annotation
    if not isinstance(value, dict):
        yield _wrong_type(dict[str, kind], value, path)
        return
    for key, item in value.items():
        yield from mismatches(kind, item, join(path, key))


def _in_list(kind: Any, value: object, path: str) -> Iterator[Problem]:  # noqa: ANN401 - any annotation
    if not isinstance(value, list):
        yield _wrong_type(list[kind], value, path)
        return
    for index, item in enumerate(value):
        yield from mismatches(kind, item, f"{path}[{index}]")


def _in_leaf(kind: Any, value: object, path: str) -> Iterator[Problem]:  # noqa: ANN401 - any annotation
    try:
        msgspec.convert(value, type=kind, dec_hook=codec.dec_hook)
    except msgspec.ValidationError as error:
        inside = _AT.search(str(error))
        yield Problem(
            key=path + (inside.group(1) if inside else ""),
            found=_shown(value),
            accepted=accepted(kind),
            hint=_enum_hint(kind, value),
        )


def _wrong_type(kind: Any, value: object, path: str) -> Problem:  # noqa: ANN401 - any annotation
    return Problem(key=path, found=_shown(value), accepted=accepted(kind))


def _enum_hint(kind: Any, value: object) -> str:  # noqa: ANN401 - any annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(value, str):
        return nearest(value, [str(member) for member in kind])
    return ""


def _shown(value: object) -> str:
    """Say what stands there: short values as they are, the others by their TOML type."""
    if isinstance(value, str) and len(value) <= 60:
        return f'is "{value}"'
    if isinstance(value, bool):
        return f"is {str(value).lower()}"
    if isinstance(value, int | float):
        return f"is {value}"
    return f"is {_TOML_TYPES.get(type(value), f'a {type(value).__name__}')}"

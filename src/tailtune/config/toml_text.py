"""A workload written as the text of a file that `load_workload` reads back."""

import json
import re
from typing import Any, Final

import msgspec

from tailtune.model import codec
from tailtune.model.workload import Workload

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_WIDE: Final = 100


def workload_text(workload: Workload, *, comments: tuple[str, ...] = ()) -> str:
    """Return a workload as TOML, without the keys that have their default; `comments` go first."""
    plain = _shortened(workload)
    operations = plain.pop("operations")
    lines = [f"# {comment}".rstrip() for comment in comments]
    lines += ["", *_pairs(plain)] if lines and plain else _pairs(plain)
    for operation in operations:
        data = operation.pop("data", {})
        lines += ["", "[[operations]]", *_pairs(operation)]
        if data:
            lines += ["[operations.data]", *_pairs(data)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _shortened(value: msgspec.Struct) -> dict[str, Any]:
    """Return the keys of a table that differ from their defaults, as plain data."""
    shortened = {}
    for field in msgspec.structs.fields(value):
        given = getattr(value, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if given != default:
            shortened[field.encode_name] = _plain(given)
    return shortened


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of the model
    if isinstance(value, msgspec.Struct):
        return _shortened(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return codec.to_plain(value)


def _pairs(table: dict[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:  # noqa: ANN401 - any plain data
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case float():
            return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case dict():
            return (
                "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }" if value else "{}"
            )
        case list():
            return _array([_value(one) for one in value])
        case _:
            return str(value)


def _array(items: list[str]) -> str:
    on_one_line = f"[{', '.join(items)}]"
    if len(on_one_line) <= _WIDE:
        return on_one_line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _text(text: str) -> str:
    """Return a basic string; what JSON leaves as it is but TOML does not take is escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

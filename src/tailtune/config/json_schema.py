"""JSON schemas generated from the types of the model and their docstrings.

msgspec's own generator cannot write a default of a custom type, such as a Duration, and knows
nothing of the text below a field; hence this one, which covers the types that the model uses.
"""

import ast
import inspect
import itertools
import textwrap
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from tailtune.model import codec
from tailtune.model.project import Project

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final[dict[Any, str]] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def schema() -> dict[str, Any]:
    """Return the JSON schema of `tailtune.toml`."""
    return schema_of(Project, title="tailtune.toml")


def schema_of(kind: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON schema of a type of the model, with the types it is made of under `$defs`.

    Types are described by their docstrings, keys by the docstring below the field.

    Raises:
        TypeError: if a custom type is unknown to the codec.
    """
    definitions: dict[str, Any] = {}
    reference = _schema(kind, definitions)
    return {"$schema": _DIALECT, "title": title, **reference, "$defs": dict(sorted(definitions.items()))}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if get_origin(kind) in (Union, UnionType):
        return {"anyOf": [_schema(part, definitions) for part in get_args(kind)]}
    if get_origin(kind) is list:
        return {"type": "array", "items": _schema(get_args(kind)[0], definitions)}
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": _schema(get_args(kind)[1], definitions)}
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # a type that refers to itself finds this
        definitions[kind.__name__].update(_definition(kind, definitions))
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _definition(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if issubclass(kind, msgspec.Struct):
        return _struct(kind, definitions)
    if issubclass(kind, StrEnum):
        values = [{"const": str(member), **_described(text)} for member, text in _enum_docs(kind)]
        return {"type": "string", **_described(inspect.getdoc(kind)), "oneOf": values}
    return codec.schema_hook(kind)


def _struct(kind: type[msgspec.Struct], definitions: dict[str, Any]) -> dict[str, Any]:
    docs = _docs_below(kind)
    fields = msgspec.structs.fields(kind)
    return {
        "type": "object",
        **_described(inspect.getdoc(kind)),
        "properties": {
            field.encode_name: _schema(field.type, definitions) | _described(docs.get(field.name)) | _default(field)
            for field in fields
        },
        "required": [field.encode_name for field in fields if field.required],
        "additionalProperties": not kind.__struct_config__.forbid_unknown_fields,
    }


def _default(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    if field.default is not msgspec.NODEFAULT:
        return {"default": codec.to_plain(field.default)}
    if field.default_factory is not msgspec.NODEFAULT:
        return {"default": codec.to_plain(field.default_factory())}
    return {}


def _described(text: str | None) -> dict[str, str]:
    return {"description": text} if text else {}


def _enum_docs(kind: type[StrEnum]) -> list[tuple[StrEnum, str | None]]:
    docs = _docs_below(kind)
    return [(member, docs.get(member.name)) for member in kind]


def _docs_below(kind: type) -> dict[str, str]:
    """Return name of a field or enum member → the docstring below it, on one line; of the bases as well."""
    bases = (base for base in kind.__bases__ if issubclass(base, msgspec.Struct) and base is not msgspec.Struct)
    return {name: text for owner in (*bases, kind) for name, text in _docs_of_class(owner).items()}


def _docs_of_class(kind: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    docs: dict[str, str] = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = " ".join(text.split())
            case _:
                pass
    return docs

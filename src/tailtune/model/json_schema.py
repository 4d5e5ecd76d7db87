"""JSON schemas of the model's types, with the documentation of their fields as descriptions.

msgspec's own generator cannot write defaults of custom types and does not see the text under a
field; this one walks the same `msgspec.inspect` tree and knows both.
"""

import ast
import inspect
import itertools
import textwrap
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect as types

from tailtune.model.codec import to_plain
from tailtune.model.units import Duration

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DURATION: Final = {
    "type": "string",
    "description": "A length of time with its unit, such as 250us, 1.5s or 1m30s.",
    "pattern": r"^\s*(\d+(\.\d+)?\s*(ns|us|µs|ms|s|min|m|h)\s*)+$",
}
_PLAIN: Final[dict[type, dict[str, Any]]] = {
    types.AnyType: {},
    types.NoneType: {"type": "null"},
    types.BoolType: {"type": "boolean"},
    types.IntType: {"type": "integer"},
    types.FloatType: {"type": "number"},
    types.StrType: {"type": "string"},
}

Schema = dict[str, Any]


def json_schema(kind: type, *, title: str = "") -> Schema:
    """Return the JSON schema (draft 2020-12) of a type of the model; shared types stand under `$defs`.

    Raises:
        NotImplementedError: for a type that the model does not have.
    """
    definitions: Schema = {}
    root = _schema(types.type_info(kind), definitions)
    head: Schema = {"$schema": DIALECT}
    if title:
        head["title"] = title
    return head | root | {"$defs": dict(sorted(definitions.items()))}


def _schema(info: types.Type, definitions: Schema) -> Schema:
    plain = _PLAIN.get(type(info))
    if plain is not None:
        return dict(plain)
    match info:
        case types.StructType() | types.EnumType():
            return _reference(info, definitions)
        case types.CustomType(cls=cls) if cls is Duration:
            return dict(_DURATION)
        case types.ListType(item_type=item):
            return {"type": "array", "items": _schema(item, definitions)}
        case types.VarTupleType(item_type=item):
            return {"type": "array", "items": _schema(item, definitions)}
        case types.DictType(value_type=value):
            return {"type": "object", "additionalProperties": _schema(value, definitions)}
        case types.UnionType(types=members):
            return {"anyOf": [_schema(member, definitions) for member in members]}
    raise NotImplementedError(f"{type(info).__name__} has no JSON schema here")


def _reference(info: types.StructType | types.EnumType, definitions: Schema) -> Schema:
    name = info.cls.__name__
    if name not in definitions:
        definitions[name] = {}  # holds the place, should the type refer to itself
        definitions[name] = _struct(info, definitions) if isinstance(info, types.StructType) else _enum(info)
    return {"$ref": f"#/$defs/{name}"}


def _enum(info: types.EnumType) -> Schema:
    return {"description": _doc(info.cls), "enum": [member.value for member in info.cls]}


def _struct(info: types.StructType, definitions: Schema) -> Schema:
    documented = field_docs(info.cls)
    properties = {}
    for field in info.fields:
        schema = _schema(field.type, definitions)
        if field.name in documented:
            schema["description"] = documented[field.name]
        if not field.required:
            schema["default"] = _default(field)
        properties[field.encode_name] = schema
    struct: Schema = {"description": _doc(info.cls), "type": "object", "properties": properties}
    struct["required"] = [field.encode_name for field in info.fields if field.required]
    if info.forbid_unknown_fields:
        struct["additionalProperties"] = False
    return struct


def _default(field: types.Field) -> Any:  # noqa: ANN401 - plain data of any shape
    return to_plain(field.default if field.default is not msgspec.NODEFAULT else field.default_factory())


@cache
def field_docs(kind: type) -> dict[str, str]:
    """Return the text under each field of a struct, by field name; inherited fields included."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            found |= _own_field_docs(base)
    return found


def _own_field_docs(kind: type) -> dict[str, str]:
    body = _class_body(kind)
    found = {}
    for statement, following in itertools.pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match following:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[statement.target.id] = " ".join(text.split())
    return found


def _class_body(kind: type) -> list[ast.stmt]:
    definition = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    return definition.body if isinstance(definition, ast.ClassDef) else []


def _doc(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "")

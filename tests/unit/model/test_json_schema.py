"""The generated JSON schemas say what the types say, with the text under each field."""

from enum import StrEnum

import msgspec
import pytest

from tailtune.model.json_schema import field_docs, json_schema
from tailtune.model.project import Project
from tailtune.model.recording import Manifest
from tailtune.model.units import Duration


class Color(StrEnum):
    """A color."""

    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something inside."""

    wait: Duration = Duration(1_500_000_000)
    """How long,
    in words."""


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    """Something outside."""

    count: int
    """How many."""
    share: float | None = None
    named: dict[str, Inner] = {}
    colors: list[Color] = []
    renamed: str = msgspec.field(name="p99.9", default="")


def test_a_struct_becomes_an_object_with_documented_properties():
    outer = json_schema(Outer)["$defs"]["Outer"]
    assert outer["description"] == "Something outside."
    assert outer["required"] == ["count"]
    assert outer["properties"]["count"] == {"type": "integer", "description": "How many."}
    assert outer["properties"]["share"] == {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}
    assert outer["properties"]["named"]["additionalProperties"] == {"$ref": "#/$defs/Inner"}
    assert outer["properties"]["p99.9"] == {"type": "string", "default": ""}
    assert "additionalProperties" not in outer


def test_durations_are_text_with_their_default_as_people_write_it():
    inner = json_schema(Outer)["$defs"]["Inner"]
    assert inner["properties"]["wait"]["type"] == "string"
    assert inner["properties"]["wait"]["default"] == "1500ms"
    assert inner["properties"]["wait"]["description"] == "How long, in words."
    assert inner["additionalProperties"] is False


def test_enums_list_their_values():
    assert json_schema(Outer)["$defs"]["Color"] == {"description": "A color.", "enum": ["red", "blue"]}


def test_field_docs_reads_the_text_under_each_field():
    assert field_docs(Outer) == {"count": "How many."}


@pytest.mark.parametrize("kind", [Project, Manifest])
def test_the_types_of_the_model_have_schemas(kind):
    schema = json_schema(kind, title="title")
    assert schema["$ref"] == f"#/$defs/{kind.__name__}"
    assert schema["title"] == "title"


def test_a_type_without_schema_is_refused():
    class Odd(msgspec.Struct):
        when: set[int]

    with pytest.raises(NotImplementedError, match="SetType"):
        json_schema(Odd)

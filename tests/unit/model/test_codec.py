"""Values of the model as text and back."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.model.codec import convert, from_json, to_json, to_plain
from tailtune.model.project import Goals, ReadyCheck
from tailtune.model.units import Duration


@settings(deadline=None)
@given(st.integers(0, 10**14))
def test_durations_survive(nanoseconds):
    check = ReadyCheck(timeout=Duration(nanoseconds))
    assert from_json(to_json(check), ReadyCheck) == check
    assert convert(to_plain(check), ReadyCheck) == check


def test_durations_are_text_with_a_unit():
    assert to_plain(Goals(p99=Duration(1_500_000)))["p99"] == "1500us"


@pytest.mark.parametrize(
    ("value", "problem"), [(5, "in quotes"), ("5 parsecs", "not a duration"), ("", "not a duration")]
)
def test_what_is_no_duration_is_refused_with_its_place(value, problem):
    with pytest.raises(msgspec.ValidationError, match=rf"{problem}.*\$\.p99"):
        convert({"p99": value}, Goals)


def test_maps_keep_their_order():
    assert to_json({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
    assert to_json({"b": 1}, indent=2) == b'{\n  "b": 1\n}'


def test_types_outside_the_model_are_refused():
    with pytest.raises(TypeError, match="complex is not written"):
        to_json(1j)
    with pytest.raises(msgspec.ValidationError, match="complex is not read"):
        convert("1j", complex)

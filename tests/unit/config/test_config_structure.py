"""The walk over the types agrees with msgspec on what fits, for any plain data."""

import tomllib
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.config.structure import mismatches
from tailtune.model import codec
from tailtune.model.project import Project

GOOD = """
goals = { p99 = "20ms", "p99.9" = "50ms" }
[service]
language = "go"
args = ["{port}"]
env = { A = "b" }
ready = { path = "/", status = 204, timeout = "3s" }
[workloads.default]
rate = 10
arrival = "constant"
operations = [{ name = "a", weight = 2.5, body = "b", data = { w = ["x"], v = "f" } }]
[variants.fast]
tags = ["fast"]
args = ["{port}"]
default_features = false
"""
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats() | st.sampled_from(["", "go", "5s", "x", "/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "path", "rate", "p99.9", "timeout", "operations", "zzz"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside plain data, the root's being empty."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def fits(value: object) -> bool:
    try:
        codec.convert(value, Project)
    except msgspec.ValidationError:
        return False
    return True


def test_the_good_one_fits():
    raw = tomllib.loads(GOOD)
    assert fits(raw)
    assert list(mismatches(Project, raw)) == []


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(places(tomllib.loads(GOOD))), PLAIN)
def test_one_value_replaced_by_anything(place, new):
    raw = replaced(tomllib.loads(GOOD), place, new)
    found = list(mismatches(Project, raw))
    assert (found == []) is fits(raw)
    assert all(problem.accepted and problem.found for problem in found)


@settings(deadline=None, max_examples=200)
@given(PLAIN)
def test_anything_at_all(raw):
    assert (list(mismatches(Project, raw)) == []) is fits(raw)

"""Durations in the file: whatever is written as a duration is read back to the same value."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune import config
from tailtune.errors import ConfigError
from tailtune.model.codec import DURATION_PATTERN
from tailtune.model.units import Duration

TEMPLATE = """
[service]
language = "go"
port = 8080
[workloads.default]
operations = [{{ name = "get", timeout = "{}" }}]
"""


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=10**15))
def test_a_duration_survives_the_file(value):
    text = str(Duration(value))
    project = config.parse(TEMPLATE.format(text), Path("tailtune.toml"))
    assert project.workloads["default"].operations[0].timeout == value
    assert re.search(DURATION_PATTERN, text)


@settings(deadline=None)
@given(st.text(alphabet="0123456789.smunhµ -", max_size=8))
def test_the_schema_accepts_what_the_reader_accepts(text):
    try:
        Duration.parse(text)
    except ValueError:
        assert not re.search(DURATION_PATTERN, text)
    else:
        assert re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize("text", ["", "5", "ms", "-5ms", "5 parsecs", "1.5.2s", "1s!", "5MS", "1e3s"])
def test_other_text_is_refused(text):
    with pytest.raises(ConfigError, match="a duration in quotes"):
        config.parse(TEMPLATE.format(text), Path("tailtune.toml"))

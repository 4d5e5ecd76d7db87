"""Quantities: parsing and printing."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.model.units import (
    Duration,
    format_bytes,
    format_change,
    format_ns,
    format_quantile,
    format_share,
)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0s", 0),
        ("250us", 250_000),
        ("250µs", 250_000),
        ("1.5s", 1_500_000_000),
        (" 20 ms ", 20_000_000),
        ("1m30s", 90_000_000_000),
        ("1m 30s", 90_000_000_000),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0.5ns", 0),
        ("7ns", 7),
    ],
)
def test_parse(text, nanoseconds):
    assert Duration.parse(text) == nanoseconds


@pytest.mark.parametrize("text", ["", " ", "5", "s", "5 x", "-1s", "1s2", "1,5s", "five s"])
def test_parse_refuses(text):
    with pytest.raises(ValueError, match="write a number and a unit"):
        Duration.parse(text)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_text_round_trip(value):
    assert Duration.parse(str(Duration(value))) == value


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**53))
def test_text_is_no_longer_than_in_nanoseconds(value):
    assert len(str(Duration(value))) <= len(f"{value}ns")


def test_seconds():
    assert Duration.from_seconds(0.25) == 250_000_000
    assert Duration.parse("250ms").seconds == 0.25


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (38_400, "38.4 µs"),
        (999_600, "1.00 ms"),
        (9_996_000, "10.0 ms"),
        (99_960_000, "100 ms"),
        (6_812_345, "6.81 ms"),
        (123_456_789, "123 ms"),
        (2_000_000_000, "2.00 s"),
        (-1_500_000, "-1.50 ms"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_format_ns(value, text):
    assert format_ns(value) == text


@settings(deadline=None)
@given(st.floats(min_value=1, max_value=1e13))
def test_printed_time_is_near_the_time(value):
    number, unit = format_ns(value).split()
    scale = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit]
    assert math.isclose(float(number) * scale, value, rel_tol=0.006, abs_tol=0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1_572_864, "1.50 MiB"), (3 * 1024**4, "3.00 TiB")],
)
def test_format_bytes(value, text):
    assert format_bytes(value) == text


def test_format_shares_changes_and_quantiles():
    assert format_share(0.1234) == "12.3 %"
    assert format_change(0.9) == "-10.0 %"
    assert format_change(1.0) == "+0.0 %"
    assert [format_quantile(q) for q in (0.5, 0.99, 0.999, 0.9999, 1.0)] == ["p50", "p99", "p99.9", "p99.99", "max"]

"""Readings are due by the clock, more often when diagnosing, and not all the time where they take long."""

import time

import pytest

from tailtune.record.processes.pace import Pace

MS = 1_000_000


class Clock:
    """CLOCK_MONOTONIC of the test."""

    now_ns = 5_000 * MS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(time, "monotonic_ns", lambda: one.now_ns)
    return one


def first_due(pace: Pace, clock: Clock) -> int:
    """How many ms after now the next reading is due."""
    begun = clock.now_ns
    while not pace.is_due:
        clock.now_ns += MS
    return (clock.now_ns - begun) // MS


def reading(pace: Pace, clock: Clock, took_ms: int) -> None:
    pace.begin()
    clock.now_ns += took_ms * MS
    pace.end()


def test_nothing_is_due_before_a_window(clock: Clock) -> None:
    assert not Pace().is_due
    clock.now_ns *= 2
    assert not Pace().is_due


@pytest.mark.parametrize(("window", "took_ms", "due_ms"), [
    ("measure", 0, 1000), ("slice", 0, 1000), ("diagnose", 0, 100), ("diagnose", 2, 98), ("diagnose", 10, 190),
    ("measure", 100, 1900),
])  # fmt: skip
def test_the_next_reading(clock: Clock, window: str, took_ms: int, due_ms: int) -> None:
    pace = Pace()
    pace.window(window)
    reading(pace, clock, took_ms)
    assert first_due(pace, clock) == due_ms

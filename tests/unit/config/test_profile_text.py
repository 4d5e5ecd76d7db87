"""Profiles as an option of the command line."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.config.profile_text import profile_of
from tailtune.errors import UsageError
from tailtune.model.profile import Shape, Stage
from tailtune.model.units import Duration

S = Duration(1_000_000_000)


def test_stages_one_after_the_other():
    assert profile_of("100..1000 over 30s, hold 1000 for 20s,50 for 1m30s") == [
        Stage(shape=Shape.RAMP, from_per_s=100, to_per_s=1000, duration=Duration(30 * S)),
        Stage(shape=Shape.HOLD, rate=1000, duration=Duration(20 * S)),
        Stage(shape=Shape.HOLD, rate=50, duration=Duration(90 * S)),
    ]


def test_the_other_shapes():
    steps, sine, burst, random = profile_of(
        "steps 100 200 over 2s, sine 500±300 every 10s for 1m, burst 2000/0 of 200ms/800ms for 1m,"
        " random burst 2e3/100 of 200ms/800ms for 1m"
    )
    assert steps.rates == [100, 200]
    assert (sine.mean, sine.amplitude, sine.period) == (500, 300, 10 * S)
    assert (burst.on, burst.off, burst.on_for, burst.random) == (2000, 0, S / 5, None)
    assert random.random is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fast", "'fast' is not a stage"),
        ("100 for 10", "'100 for 10' is not a stage"),
        ("100..200 over 10s, ", "'' is not a stage"),
        ("sine 100±200 every 1s for 5s", "above `mean`"),
        ("0 for 5s", "profile[0].rate"),
        ("100 for 0s", "profile[0].duration"),
        ("1 for 1s," * 5000, "longer than"),
    ],
)
def test_what_is_none_is_told(text, told):
    with pytest.raises(UsageError) as caught:
        profile_of(text)
    assert told in caught.value.message
    assert "100..1000 over 30s" in caught.value.hint or "workload file" in caught.value.hint


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="0123456789.,/±+- smholdframpbursteicvy", max_size=60))
def test_any_text_gives_stages_or_a_usage_error_never_panic(text):
    with contextlib.suppress(UsageError):
        assert profile_of(text)

"""What a workload says of itself."""

import pytest

from tailtune.model.profile import Shape, Stage, cycle
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Trace, Workload

TEN = Duration.from_seconds(10)
RAMP = Stage(shape=Shape.RAMP, duration=TEN, from_per_s=100, to_per_s=300)
HOLD = Stage(shape=Shape.HOLD, duration=TEN, rate=100)
SINE = Stage(shape=Shape.SINE, duration=TEN, mean=5, amplitude=1, period=Duration.from_seconds(2))
BURST = Stage(shape=Shape.BURST, duration=TEN, on=5, on_for=Duration.from_seconds(1), off_for=Duration.from_seconds(3))


def workload(**keys: object) -> Workload:
    return Workload(operations=[Operation(name="a")], **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "demand"),
    [
        ({}, "100.0 req/s"),
        ({"profile": [RAMP], "duration": TEN}, "200.0 req/s on average"),
        ({"arrival": Arrival.SESSIONS, "rate_per_s": 7}, "7.0 sessions/s"),
        ({"arrival": Arrival.CLOSED, "connections": 64}, "64 connections"),
        ({"arrival": Arrival.CLOSED, "connections": 1}, "1 connection"),
        ({"arrival": Arrival.TRACE, "trace": Trace(file="t")}, "as recorded"),
        ({"arrival": Arrival.TRACE, "trace": Trace(file="t", speed=2.5)}, "2.5 times as fast as recorded"),
    ],
)
def test_what_is_asked_of_the_service_is_named(keys: dict[str, object], demand: str) -> None:
    assert workload(**keys).demand == demand


@pytest.mark.parametrize(
    ("profile", "seconds"),
    [([], 0), ([HOLD], 0), ([SINE], 2), ([BURST], 4), ([RAMP], 10), ([HOLD, BURST], 20)],
)
def test_a_profile_repeats_after_its_cycle(profile: list[Stage], seconds: float) -> None:
    assert cycle(profile) == Duration.from_seconds(seconds)

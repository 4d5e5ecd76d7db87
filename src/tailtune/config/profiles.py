"""Are rate profiles and sessions possible?"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tailtune.config.generators import number, pause
from tailtune.config.problem import Problem, join, listed
from tailtune.config.values import not_negative, positive
from tailtune.model.generator import Number, Pause
from tailtune.model.profile import KEYS_OF_SHAPE, Sessions, Shape, Stage
from tailtune.model.units import Duration

_ALWAYS: Final = ("shape", "duration")
_MAY_BE_ZERO: Final = ("from", "to", "off", "amplitude")


def stages(path: str, profile: list[Stage]) -> Iterator[Problem]:
    """Yield every impossible value of a rate profile."""
    for index, stage in enumerate(profile):
        yield from _stage(f"{path}[{index}]", stage)


def _stage(path: str, stage: Stage) -> Iterator[Problem]:
    yield from positive(join(path, "duration"), stage.duration, "a duration > 0")
    needed, possible = KEYS_OF_SHAPE[stage.shape]
    written = _written(stage)
    for key in needed:
        if key not in written:
            yield Problem(key=join(path, key), found="is missing", accepted=_needed(stage.shape))
    for key, value in written.items():
        if key in (*needed, *possible):
            yield from _value(join(path, key), key, value)
        elif key not in _ALWAYS:
            yield Problem(
                key=join(path, key), found=f'means nothing to shape "{stage.shape}"', accepted=_needed(stage.shape)
            )
    if stage.mean is not None and stage.amplitude is not None and stage.amplitude > stage.mean:
        found = f"is {stage.amplitude:g}, above `mean` {stage.mean:g}: the rate would fall below 0"
        yield Problem(key=join(path, "amplitude"), found=found, accepted="a rate from 0 to `mean`")
    if stage.shape is Shape.RAMP and stage.from_per_s == stage.to_per_s == 0:
        yield Problem(key=join(path, "to"), found="is 0, as `from` is", accepted="a ramp with a rate > 0 somewhere")


def _written(stage: Stage) -> dict[str, Any]:
    """Return the keys of a stage that were given, with their values."""
    fields = msgspec.structs.fields(stage)
    return {field.encode_name: value for field in fields if (value := getattr(stage, field.name)) is not None}


def _needed(shape: Shape) -> str:
    needed, possible = KEYS_OF_SHAPE[shape]
    besides = f", perhaps {listed(possible)}" if possible else ""
    return f'shape "{shape}" has `duration` and {listed(needed)}{besides}'


def _value(key: str, name: str, value: Any) -> Iterator[Problem]:  # noqa: ANN401 - any value of a stage
    if isinstance(value, list):
        if not value or not all(math.isfinite(one) and one >= 0 for one in value) or not any(value):
            yield Problem(key=key, found=f"is {value}", accepted="rates in requests per second: [100, 200, 400]")
    elif isinstance(value, Duration):
        yield from positive(key, value, "a duration > 0")
    elif isinstance(value, bool):
        return
    elif name in _MAY_BE_ZERO:
        yield from not_negative(key, value, "requests per second, 0 or more")
    else:
        yield from positive(key, value, "requests per second, > 0")


def sessions(path: str, given: Sessions) -> Iterator[Problem]:
    """Yield every impossible value of sessions."""
    key = join(path, "requests")
    if isinstance(given.requests, Number):
        yield from number(key, given.requests)
    elif not 1 <= given.requests <= 1_000_000:
        yield Problem(key=key, found=f"is {given.requests:g}", accepted="requests in a session, from 1 to 1,000,000")
    key = join(path, "think")
    if isinstance(given.think, Pause):
        yield from pause(key, given.think)
    else:
        try:
            Duration.parse(given.think)
        except ValueError:
            accepted = 'a duration with its unit, such as "2s", or a distribution such as { exponential = "2s" }'
            yield Problem(key=key, found=f'is "{given.think}"', accepted=accepted)
    yield from positive(join(path, "expected_latency"), given.expected_latency, "a duration > 0")

"""How the rate of intended starts changes over time, and how long a workload's users stay."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tailtune.model.generator import Number, Pause
from tailtune.model.units import Duration


class Shape(StrEnum):
    """The course of the rate within one stage."""

    HOLD = "hold"
    """`rate` for `duration`."""
    RAMP = "ramp"
    """In a straight line from `from` to `to`."""
    STEPS = "steps"
    """One of `rates` after the other, each for an equal part of `duration`."""
    SINE = "sine"
    """Up and down around `mean` by `amplitude`, once each `period`."""
    BURST = "burst"
    """`on` for `on_for`, then `off` for `off_for`, over and over."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One stretch of a rate profile. Rates are in requests per second; sessions: in sessions started per second."""

    shape: Shape
    duration: Duration
    """Length of the stage, above 0."""
    rate: float | None = None
    """hold: the rate."""
    from_per_s: float | None = msgspec.field(name="from", default=None)
    """ramp: the rate at the beginning."""
    to_per_s: float | None = msgspec.field(name="to", default=None)
    """ramp: the rate at the end."""
    rates: list[float] | None = None
    """steps: the rates, one after the other: `[100, 200, 400]`."""
    mean: float | None = None
    """sine: the rate in the middle."""
    amplitude: float | None = None
    """sine: how far the rate goes up and down, at most `mean`."""
    period: Duration | None = None
    """sine: length of one wave."""
    on: float | None = None
    """burst: the rate within bursts."""
    off: float | None = None
    """burst: the rate between bursts; 0 by default."""
    on_for: Duration | None = None
    """burst: length of a burst."""
    off_for: Duration | None = None
    """burst: time between bursts."""
    random: bool | None = None
    """burst: `true`: both lengths are means of exponential ones, drawn by seed; `false` by default."""

    @property
    def mean_per_s(self) -> float:
        """Mean rate of the stage."""
        match self.shape:
            case Shape.HOLD:
                return self.rate or 0.0
            case Shape.RAMP:
                return ((self.from_per_s or 0.0) + (self.to_per_s or 0.0)) / 2
            case Shape.STEPS:
                return sum(self.rates or []) / max(len(self.rates or []), 1)
            case Shape.SINE:
                return self.mean or 0.0
            case Shape.BURST:
                on_ns, off_ns = float(self.on_for or 0), float(self.off_for or 0)
                return ((self.on or 0.0) * on_ns + (self.off or 0.0) * off_ns) / max(on_ns + off_ns, 1.0)

    def times(self, factor: float) -> "Stage":
        """Return the stage with all its rates multiplied."""
        single = ("rate", "from_per_s", "to_per_s", "mean", "amplitude", "on", "off")
        rates = {name: value * factor for name in single if (value := getattr(self, name)) is not None}
        steps = None if self.rates is None else [one * factor for one in self.rates]
        return msgspec.structs.replace(self, rates=steps, **rates)


def mean_rate_per_s(profile: Sequence[Stage], duration: Duration) -> float:
    """Return the mean rate of a profile, repeated or cut to `duration` as a schedule is.

    A stage that is cut counts with the mean of the whole; 0 without a stage or a duration.
    """
    lengths = [max(int(stage.duration), 0) for stage in profile]
    if not sum(lengths) or duration <= 0:
        return 0.0
    whole, rest = divmod(int(duration), sum(lengths))
    requests = 0.0
    for stage, length in zip(profile, lengths, strict=True):
        requests += stage.mean_per_s * (whole * length + min(rest, length))
        rest -= min(rest, length)
    return requests / duration


def cycle(profile: Sequence[Stage]) -> Duration:
    """Return the length of a stretch that holds all that a profile does; zero where the rate never changes."""
    if len(profile) != 1:
        return Duration(sum(int(stage.duration) for stage in profile))
    [only] = profile
    repeats = {
        Shape.HOLD: 0,
        Shape.SINE: int(only.period or 0),
        Shape.BURST: int(only.on_for or 0) + int(only.off_for or 0),
    }
    return Duration(min(repeats.get(only.shape, int(only.duration)), int(only.duration)))


class Sessions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Users who send several requests, each after the answer to the one before and a time to think."""

    requests: float | Number = 5.0
    """How many requests a session has: a number, or a distribution of numbers."""
    think: str | Pause = "0s"
    """Time between an answer and the next request: a duration, or a distribution of durations."""
    expected_latency: Duration = Duration(10_000_000)
    """How long an answer usually takes: places intended starts within a session."""


KEYS_OF_SHAPE: Final[dict[Shape, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    Shape.HOLD: (("rate",), ()),
    Shape.RAMP: (("from", "to"), ()),
    Shape.STEPS: (("rates",), ()),
    Shape.SINE: (("mean", "amplitude", "period"), ()),
    Shape.BURST: (("on", "on_for", "off_for"), ("off", "random")),
}
"""Shape → the keys that it needs, and those that it takes besides."""

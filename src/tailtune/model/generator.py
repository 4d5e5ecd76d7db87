"""What placeholders are filled with: generators whose draws all come from the workload's seed."""

from typing import Final

import msgspec

from tailtune.model.units import Duration


class Normal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bell curve."""

    mean: float
    sd: float
    """Standard deviation, at least 0."""


class LogNormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bell curve of the logarithm: many small values, few large ones; what sizes are like."""

    median: float
    sigma: float
    """Standard deviation of the natural logarithm, at least 0."""


class Pareto(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A heavy tail: the share of values above x is (scale/x)^shape."""

    scale: float
    """Smallest value, above 0."""
    shape: float
    """Above 0; the smaller, the heavier the tail."""


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number drawn by seed: exactly one distribution, perhaps cut to limits."""

    constant: float | None = None
    """Always the same."""
    uniform: list[float] | None = None
    """Lowest and highest value, all between them equally often: `[1, 100]`."""
    normal: Normal | None = None
    """`{ mean = 100, sd = 15 }`"""
    lognormal: LogNormal | None = None
    """`{ median = 800, sigma = 1.2 }`"""
    exponential: float | None = None
    """Its mean."""
    pareto: Pareto | None = None
    """`{ scale = 100, shape = 1.5 }`"""
    min: float | None = None
    """Smaller draws become this."""
    max: float | None = None
    """Larger draws become this."""


class Generator(Number, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What fills a placeholder: exactly one of the keys that name a generator, and the keys that refine it."""

    choice: str | list[str] | None = None
    """A list of values, or a text file with one a line; each equally often."""
    zipf: float | None = None
    """Exponent, above 0: rank k is drawn with a frequency of k^-zipf. Needs `n` or `values`."""
    n: int | None = None
    """With `zipf`: how many ranks; the rank itself, from 1, is the value."""
    values: str | list[str] | None = None
    """With `zipf`: the values by rank, most popular first; a list, or a text file with one a line."""
    uuid: bool | None = None
    """`true`: a random UUID (version 4)."""
    counter: int | None = None
    """The first number; each request of the operation takes the next."""
    step: int | None = None
    """With `counter`: how far to the next number; 1 by default."""
    text: float | Number | None = None
    """Random text of so many bytes: a number, or a distribution of numbers."""
    alphabet: str | None = None
    """With `text`: the characters it is made of; letters and digits by default."""
    trace: str | None = None
    """The value of this column in the trace's row."""
    encoded: bool | None = None
    """`true`: in `path` the values stand as they are, percent-encoded already; may hold several segments."""
    digits: int | None = None
    """With a distribution of numbers: decimals that are written; 0 by default."""


class LogNormalPause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bell curve of the logarithm of a time."""

    median: Duration
    sigma: float
    """Standard deviation of the natural logarithm, at least 0."""


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A length of time drawn by seed: exactly one distribution, perhaps cut to limits."""

    constant: Duration | None = None
    """Always the same."""
    uniform: list[Duration] | None = None
    """Shortest and longest: `["1s", "5s"]`."""
    exponential: Duration | None = None
    """Its mean."""
    lognormal: LogNormalPause | None = None
    """`{ median = "2s", sigma = 1.0 }`"""
    min: Duration | None = None
    """Shorter draws become this."""
    max: Duration | None = None
    """Longer draws become this."""


NUMBERS: Final = ("constant", "uniform", "normal", "lognormal", "exponential", "pareto")
"""The keys of `Number` that name a distribution."""
GENERATORS: Final = ("choice", "zipf", "uuid", "counter", "text", "trace", *NUMBERS)
"""The keys of `Generator` that name a generator."""
PAUSES: Final = ("constant", "uniform", "exponential", "lognormal")
"""The keys of `Pause` that name a distribution."""

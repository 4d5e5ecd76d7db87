"""Conditions that fail a load, `--fail-if 'search.p99 > 5ms'`, and what came of them."""

import re
from enum import StrEnum
from typing import Final, Self

import msgspec

from tailtune.model.units import Duration

_FORM: Final = re.compile(
    r"(?:(?P<operation>.+)\.)?(?P<metric>(?:lag )?(?:p\d{1,2}(?:\.\d+)?|max)|mean|errors|rate)"
    r"\s*(?P<comparator>>=|<=|>|<)\s*(?P<limit>\S.*)"
)
_LAG: Final = re.compile(r"\blag\.(?=p\d|max)")
_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(%|req/s|/s)?")
_EXAMPLES: Final = (
    "write for example 'p99 > 5ms', 'search.p99.9 >= 20ms', 'errors > 0.1%', 'rate < 950' or 'lag p99 > 1ms'"
)
_SUFFIXES: Final = {"errors": (None, "%"), "rate": (None, "req/s", "/s")}
_FURTHEST: Final = 0.9999


class Comparator(StrEnum):
    """How the measured value is set against the limit; where it is true, the condition fails the load."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def holds(self, value: float, limit: float) -> bool:
        """Whether `value` stands to `limit` as the comparator says."""
        match self:
            case Comparator.ABOVE:
                return value > limit
            case Comparator.AT_LEAST:
                return value >= limit
            case Comparator.BELOW:
                return value < limit
            case Comparator.AT_MOST:
                return value <= limit


class Unit(StrEnum):
    """What a measured value and its limit are counted in."""

    NS = "ns"
    SHARE = "share"
    """Of all requests, in [0, 1]."""
    REQUESTS = "requests"
    PER_S = "requests/s"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One `--fail-if`, read."""

    text: str
    """As written, blanks aside."""
    operation: str
    """Name of the operation; empty for all together."""
    metric: str
    """`p99` and the like, `max`, `mean`, `errors`, `rate`, or `lag p99` and the like."""
    comparator: Comparator
    limit: float
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a condition.

        Raises:
            ValueError: if it is none; the message says what is accepted.
        """
        found = _FORM.fullmatch(_LAG.sub("lag ", " ".join(text.split())))
        if found is None:
            raise ValueError(f"{text!r} is not a condition: {_EXAMPLES}")
        metric = found["metric"]
        if metric.startswith("lag") and found["operation"]:
            raise ValueError(f"{text!r}: the send lag is the engine's, of all operations together")
        q = quantile_of(metric.removeprefix("lag "))
        if q is not None and not 0 < q <= _FURTHEST:
            raise ValueError(f"{text!r}: percentiles go from above p0 to p99.99")
        limit, unit = _limit(text, metric, found["limit"].strip())
        return cls(
            text=" ".join(text.split()),
            operation=found["operation"] or "",
            metric=metric,
            comparator=Comparator(found["comparator"]),
            limit=limit,
            unit=unit,
        )


class Outcome(StrEnum):
    """What came of a condition."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    """The load does not carry an answer; that is not a pass."""


class ConditionResult(msgspec.Struct, frozen=True, kw_only=True):
    """A condition and what was measured."""

    condition: str
    unit: Unit
    limit: float
    measured: float | None
    """Absent where the load does not carry it."""
    low: float | None
    """Bounds of its 95 % interval; absent where there is none."""
    high: float | None
    outcome: Outcome
    certain: bool
    """Whether the whole interval lies on the same side of the limit as the measured value."""
    why: str = ""
    """Why it is undecided."""


def quantile_of(metric: str) -> float | None:
    """Return the quantile that `p99.9` and the like name, in [0, 1]; None for another metric."""
    return round(float(metric[1:]) / 100, 9) if re.fullmatch(r"p\d+(\.\d+)?", metric) else None


def _limit(text: str, metric: str, limit: str) -> tuple[float, Unit]:
    if metric not in ("errors", "rate"):
        try:
            return float(Duration.parse(limit)), Unit.NS
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from None
    found = _NUMBER.fullmatch(limit)
    if found is None or found[2] not in _SUFFIXES[metric]:
        wanted = "a number or a share such as 0.1%" if metric == "errors" else "a number of requests per second"
        raise ValueError(f"{text!r}: {limit!r} is not {wanted}")
    if metric == "rate":
        return float(found[1]), Unit.PER_S
    return (float(found[1]) / 100, Unit.SHARE) if found[2] else (float(found[1]), Unit.REQUESTS)

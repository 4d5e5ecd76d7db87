"""Quantities with their units: parsing what people write, printing what people read.

Nobody else in the package formats a duration, a size or a share.
"""

import math
import re
from fractions import Fraction
from typing import Final, Self

_NS_PER: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_TERM = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|min|s|m|h)")
_BYTE_STEPS: Final = ("B", "KiB", "MiB", "GiB", "TiB")

NS_PER_S: Final = 1_000_000_000


class Duration(int):
    """A length of time in whole nanoseconds; written `250us`, `1.5s`, `1m30s`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a duration from text.

        Raises:
            ValueError: if a number or its unit is missing, or the unit is unknown.
        """
        compact = text.strip()
        terms = _TERM.findall(compact)
        if not terms or _TERM.sub("", compact).strip():
            raise ValueError(f"{text!r} is not a duration: write a number and a unit, like 250us, 1.5s or 1m30s")
        return cls(round(sum(Fraction(number) * _NS_PER[unit] for number, unit in terms)))

    @classmethod
    def from_seconds(cls, seconds: float) -> Self:
        """Return the duration nearest to `seconds`."""
        return cls(round(seconds * NS_PER_S))

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self / NS_PER_S

    def __str__(self) -> str:
        """Return the shortest text that `parse` reads back to the same value."""
        for unit in ("h", "m", "s", "ms", "us"):
            if self and self % _NS_PER[unit] == 0:
                return f"{self // _NS_PER[unit]}{unit}"
        return f"{int(self)}ns"


def format_ns(value_ns: float, digits: int = 3) -> str:
    """Print a time with `digits` significant digits in the unit that suits its size."""
    if not math.isfinite(value_ns):
        return "n/a"
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(value_ns) >= scale * 0.9995:
            return f"{_significant(value_ns / scale, digits)} {unit}"
    return f"{value_ns:.0f} ns"


def format_bytes(value: float) -> str:
    """Print a size in binary units with three significant digits."""
    step = 0
    while abs(value) >= 1024 and step < len(_BYTE_STEPS) - 1:
        value /= 1024
        step += 1
    return f"{value:.0f} B" if step == 0 else f"{_significant(value, 3)} {_BYTE_STEPS[step]}"


def format_share(share: float, digits: int = 1) -> str:
    """Print a share in [0, 1] as a percentage; next to nothing has no sign."""
    return f"{share * 100:z.{digits}f} %"


def format_change(ratio: float, digits: int = 1) -> str:
    """Print a ratio candidate/baseline as a signed percentage: 0.9 is `-10.0 %`."""
    return f"{(ratio - 1) * 100:+.{digits}f} %"


def format_quantile(q: float) -> str:
    """Print a quantile in [0, 1] as people name it: 0.999 is `p99.9`, 1 is `max`."""
    return "max" if q >= 1 else f"p{q * 100:.10g}"


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")  # 0.9996 is 1.00, not 1.000: the size is that of what is printed
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{decimals}f}"

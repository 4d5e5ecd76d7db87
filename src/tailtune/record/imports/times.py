"""Times as logs write them → nanoseconds since 1970."""

import datetime
import functools
import re
from decimal import Decimal, InvalidOperation
from typing import Final

NS_PER_S: Final = 1_000_000_000
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_COMMON: Final = re.compile(
    r"(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))? ([+-])(\d{2})(\d{2})"
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,12}))? ?(Z|z|UTC|[+-]\d{2}:?\d{2})?"
)
_NUMBER: Final = re.compile(r"\d{1,20}(?:\.\d{1,12})?")
_SCALES: Final = ((10**17, 1), (10**14, 10**3), (10**11, 10**6))
"""Numbers of this size on count nanoseconds, microseconds, milliseconds since 1970; smaller ones seconds."""


@functools.lru_cache(maxsize=64)  # many lines of a log share their second
def common_log_ns(text: str) -> int | None:
    """Read `10/Oct/2000:13:55:36 -0700`; None if it is no time."""
    found = _COMMON.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return None
    day, _, year, hour, minute, second, fraction, sign, east_hours, east_minutes = found.groups()
    minutes = (int(east_hours) * 60 + int(east_minutes)) * (1 if sign == "+" else -1)
    parts = (int(year), _MONTHS[found[2]], int(day), int(hour), int(minute), int(second))
    return _epoch_ns(parts, minutes, fraction)


def any_ns(value: object) -> int | None:
    """Read ISO 8601, the form of access logs, or a number since 1970 in s, ms, µs or ns by its size; None if neither.

    Without an offset, ISO 8601 counts as UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _number_ns(format(value, "f") if isinstance(value, float) else str(value)[:25])
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    return _number_ns(text) if _NUMBER.fullmatch(text) else _iso_ns(text) or common_log_ns(text)


def to_the_second(value: object) -> bool:
    """Whether a time that `any_ns` reads is written without a part of a second."""
    if isinstance(value, int):
        return value < _SCALES[-1][0]
    return isinstance(value, str) and not ({".", ","} & set(value)) and len(value.strip()) != len("1700000000000")


def _number_ns(text: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    scale = next((scale for least, scale in _SCALES if number >= least), NS_PER_S)
    return int(number * scale)


def _iso_ns(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    if not found:
        return None
    zone = found[8] or "Z"
    minutes = 0
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        minutes = (int(digits[:2]) * 60 + int(digits[2:])) * (1 if zone[0] == "+" else -1)
    return _epoch_ns(tuple(int(found[part]) for part in range(1, 7)), minutes, found[7])


def _epoch_ns(parts: tuple[int, ...], east_minutes: int, fraction: str | None) -> int | None:
    year, month, day, hour, minute, second = parts
    try:
        at = datetime.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=datetime.UTC)
    except ValueError:
        return None
    seconds = int(at.timestamp()) + (second == 60) - east_minutes * 60
    return seconds * NS_PER_S + (int(fraction[:9].ljust(9, "0")) if fraction else 0)

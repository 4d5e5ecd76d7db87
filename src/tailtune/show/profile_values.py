"""Values of profiles as text."""

from tailtune.model.units import format_bytes, format_ns
from tailtune.show.values import count


def amount(value: float, unit: str) -> str:
    """Write a value of a profile in its unit: nanoseconds, bytes or a number."""
    if unit == "nanoseconds":
        return format_ns(value)
    return format_bytes(value) if unit == "bytes" else count(value)

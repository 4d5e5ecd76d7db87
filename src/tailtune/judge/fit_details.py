"""What is counted of the requests of one route besides its path: statuses, parameters, types and sizes of bodies."""

import math
import re
from collections import Counter
from typing import Final

import msgspec

from tailtune.judge.fit_keys import Keys

_MOST_PARAMETERS: Final = 16
_PARAMETER: Final = re.compile(r"[A-Za-z_]{1,24}(?:[-_.][A-Za-z_]{1,24}){0,2}")
_TYPES: Final = frozenset({"application/json", "application/x-www-form-urlencoded", "application/xml", "text/plain"})


class Details(msgspec.Struct):
    """The counts; values of the log are in them only as hashes."""

    count: int = 0
    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    parameters: dict[str, Keys] = msgspec.field(default_factory=dict)
    present: Counter[str] = msgspec.field(default_factory=Counter)
    """Requests that have a parameter, by its name."""
    types: Counter[str] = msgspec.field(default_factory=Counter)
    bodies: int = 0
    log_sum: float = 0.0
    """Of the natural logarithms of the bodies' sizes, bytes."""
    log_squares: float = 0.0
    largest: int = 0
    """Bytes."""

    def merge(self, other: "Details") -> None:
        """Take over what is known of another route."""
        self.count += other.count
        self.statuses.update(other.statuses)
        self.present.update(other.present)
        self.types.update(other.types)
        for name, keys in other.parameters.items():
            self.parameters.setdefault(name, Keys()).merge(keys)
        self.bodies += other.bodies
        self.log_sum += other.log_sum
        self.log_squares += other.log_squares
        self.largest = max(self.largest, other.largest)

    def take_query(self, query: str) -> None:
        """Count the parameters of a query and their values."""
        for pair in query.split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS] if query else []:
            name, _, value = pair.partition("=")
            if not _PARAMETER.fullmatch(name):
                continue
            if name not in self.parameters and len(self.parameters) >= _MOST_PARAMETERS:
                continue
            self.parameters.setdefault(name, Keys()).add(value)
            self.present[name] += 1

    def take_body(self, size: int, content_type: str) -> None:
        """Count a body of `size` bytes, at least 1."""
        kind = content_type.partition(";")[0].strip().lower()
        self.types[kind if kind in _TYPES else ""] += 1
        self.bodies += 1
        self.log_sum += math.log(size)
        self.log_squares += math.log(size) ** 2
        self.largest = max(self.largest, size)

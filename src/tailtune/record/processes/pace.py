"""When counters are to be read the next time."""

import time
from typing import Final

from tailtune.model.recording import Phase
from tailtune.model.units import NS_PER_S

_STEP_NS: Final[dict[str, int]] = {Phase.DIAGNOSE: NS_PER_S // 10}
"""When diagnosing, what counters show is set against single requests."""
_REST: Final = 20
"""A reading begins at the earliest so many times as long after the last one as that took: 5 % of a CPU at most."""


class Pace:
    """Once a second, and ten times a second when diagnosing, where that costs little."""

    def __init__(self) -> None:
        """Nothing is due before the first window begins."""
        self._step_ns = NS_PER_S
        self._due_ns: int | None = None
        self._begun_ns = 0

    def window(self, name: str) -> None:
        """Begin a window."""
        self._step_ns = _STEP_NS.get(name, NS_PER_S)

    def begin(self) -> None:
        """Be told that a reading begins."""
        self._begun_ns = time.monotonic_ns()

    def end(self) -> None:
        """Be told that it has ended."""
        took_ns = time.monotonic_ns() - self._begun_ns
        self._due_ns = self._begun_ns + max(self._step_ns, _REST * took_ns)

    @property
    def is_due(self) -> bool:
        """Whether the next reading is due."""
        return self._due_ns is not None and time.monotonic_ns() >= self._due_ns

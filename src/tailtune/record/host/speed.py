"""How fast the service's CPUs are while a slice is measured: the time of the same piece of work, again and again."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from tailtune._native import SpeedGauge
from tailtune.record.host import machine


class Speed(NamedTuple):
    """A reading; cumulative."""

    pieces: int
    """Pieces of work that nothing interrupted."""
    piece_ns: int
    """CPU time that these took."""
    cpu_ns: int
    """CPU time of the gauge altogether."""

    def since(self, before: "Speed") -> "Speed":
        """Return what was done since another reading."""
        return Speed(*(now - then for now, then in zip(self, before, strict=True)))


class Gauge:
    """Gauges the CPUs of the service as long as it is open; where it cannot, it reads 0."""

    def __init__(self, cpus: Sequence[int]) -> None:
        """Start it."""
        try:
            self._native: SpeedGauge | None = SpeedGauge(cpus)
        except OSError:
            self._native = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._native is not None:
            self._native.close()

    def read(self) -> Speed:
        """Return what it did so far."""
        return Speed(*self._native.read()) if self._native is not None else Speed(0, 0, 0)


def gauged(
    cpus: Sequence[int], *, virtual: bool, siblings: Callable[[int], set[int]] = machine.siblings
) -> Sequence[int]:
    """Return the CPUs of a service whose speed says nothing of what the service does itself; else none.

    Two hardware threads of one core slow each other down. A candidate that uses more CPU on one would slow the gauge on
    the other, and part of what it costs would be taken for the machine's doing. One CPU has no such other; of several,
    it must be known that they are different cores, which virtual machines often do not tell.
    """
    if len(cpus) == 1:
        return cpus
    apart = not any(siblings(cpu) & (set(cpus) - {cpu}) for cpu in cpus)
    return cpus if apart and not virtual else ()

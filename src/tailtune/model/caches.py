"""How caches were simulated: what the table `caches` of a recording has to be read with."""

import msgspec


class CacheSimulation(msgspec.Struct, frozen=True, kw_only=True):
    """One simulation of the service's caches."""

    tool: str
    """With its version, as it names itself: `valgrind-3.19.0`."""
    requests: int
    """Answered requests that the counts are of, > 0: those of the start and of the first requests are taken off."""
    caches: dict[str, str]
    """Cache → size, line and ways in Cachegrind's words: `LL cache` → `33554432 B, 64 B, 16-way associative`."""

"""What profiles tell of locks, for the rules that need it."""

import re
from dataclasses import dataclass
from typing import Final

from tailtune.judge.facts import Facts
from tailtune.judge.names import is_standard, owner
from tailtune.judge.stackprofile import Stacks

IDLING: Final = re.compile(r".*\b(park(_\w+)?|[Cc]ondvar\w*|\w*_condvar|epoll\w*|findRunnable|futexsleep)\b")
"""Threads without work: that they sleep is no contention."""
_FRACTIONS: Final = (1000, 100, 10, 5)
"""Usual arguments of SetMutexProfileFraction; the profile holds multiples of it, but not the number itself."""
_FEWEST_EVENTS: Final = 5


@dataclass(frozen=True)
class MutexWait:
    """Requests waiting for the service's own Go mutexes."""

    stacks: Stacks
    """Of the mutex profile; locks of the runtime left out."""
    events: int
    """Recorded ones; the profile's numbers are scaled up from them."""
    each_ns: float
    """Per request."""
    share: float
    """Of mean latency."""


def mutex_wait(facts: Facts) -> MutexWait | None:
    """Return how long requests waited for mutexes; None where the profile is absent or holds too few events."""
    profile = facts.mutex
    if profile is None or not facts.mean_latency_ns:
        return None
    stacks = frozenset(index for index in profile.everything if holder(profile.names(index)) is not None)
    counts = [int(profile.counts[index]) for index in stacks]
    fraction = next((number for number in _FRACTIONS if all(count % number == 0 for count in counts)), 1)
    events = sum(counts) // fraction
    window = facts.summary.diagnose if ".diagnose." in profile.source else facts.measure
    requests = window.latency.requests if window else 0
    if not requests or events < _FEWEST_EVENTS:
        return None
    each = profile.value(stacks) / requests
    latency = (window.latency.mean_ns if window else None) or facts.mean_latency_ns
    return MutexWait(stacks, events, each, min(1.0, each / latency))


def holder(functions: list[str]) -> str | None:
    """Return the code that released a lock, given its stack leaf first; None for locks of the runtime itself."""
    if functions and functions[0].startswith("runtime."):
        return None
    return owner(functions) or next((name for name in functions if not is_standard(name)), None)

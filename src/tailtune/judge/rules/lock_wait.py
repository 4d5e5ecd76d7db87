"""Requests waiting for a Go mutex, by who held it."""

from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_standard, owner, short
from tailtune.judge.stackprofile import StackProfile, Stacks, relative_interval
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.01
_FEWEST_EVENTS: Final = 5
_STRONG_EVENTS: Final = 50
_FRACTIONS: Final = (1000, 100, 10, 5)
"""Usual arguments of SetMutexProfileFraction; the profile holds multiples of it, but not the number itself."""


class LockWait:
    """Go's mutex profile: each waiting time stands on the stack that released the lock."""

    id = "lock-wait"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waiting for locks takes 1 % of latency or more."""
        profile = facts.mutex
        if profile is None or not facts.mean_latency_ns:
            return []
        locks = _locks(profile)
        window = facts.summary.diagnose if ".diagnose." in profile.source else facts.measure
        requests = window.latency.requests if window else 0
        events = _recorded(profile, locks)
        if not requests or events < _FEWEST_EVENTS:
            return []
        each = profile.value(locks) / requests
        latency = (window.latency.mean_ns if window else None) or facts.mean_latency_ns
        share = min(1.0, each / latency)
        if share < _WORTH_A_FINDING:
            return []
        return [Cause(self._finding(facts, profile, share, each), share)]

    def _finding(self, facts: Facts, profile: StackProfile, share: float, each: float) -> Finding:
        locks = _locks(profile)
        events = _recorded(profile, locks)
        holders = profile.owners(locks, _holder)
        top = holders[0][0]
        return finding(
            facts,
            self.id,
            short(top),
            f"requests wait {format_ns(each)} each, {format_share(share)} of latency, for a mutex of {short(top)}",
            group=Group.CONCURRENCY,
            share=relative_interval(share, events),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG if events >= _STRONG_EVENTS else Strength.MODERATE,
            evidence=[
                Evidence(
                    text=f"{format_ns(profile.value(locks))} waited in about {profile.count(locks):,} contended "
                    f"acquisitions, {events:,} of them recorded",
                    source=profile.source,
                    count=events,
                ),
                Evidence(text=f"the lock was released in {listed(holders)}", source=profile.source),
            ],
            disproof="latency at the same rate stays when the lock is held for a copy of a pointer only",
            proposal="Do the work outside the lock and hold it only to look up and store; split the lock by key, or "
            "use a read-write lock, sync.Map or an atomic pointer for what is mostly read.",
        )


def _holder(functions: list[str]) -> str | None:
    """The code that released the lock; None for locks of the runtime itself."""
    if functions and functions[0].startswith("runtime."):
        return None
    return owner(functions) or next((name for name in functions if not is_standard(name)), None)


def _locks(profile: StackProfile) -> Stacks:
    """The stacks of the service's own locks, those of the runtime left out."""
    return frozenset(index for index in profile.everything if _holder(profile.names(index)) is not None)


def _recorded(profile: StackProfile, locks: Stacks) -> int:
    """How many events the profile's numbers, which are scaled up, rest on."""
    counts = [int(profile.counts[index]) for index in locks]
    fraction = next((number for number in _FRACTIONS if all(count % number == 0 for count in counts)), 1)
    return sum(counts) // fraction


RULE = LockWait()

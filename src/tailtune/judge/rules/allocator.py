"""The allocator itself as the place where threads wait, or that trades memory with the kernel again and again."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, changed_knob, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner
from tailtune.judge.part_names import reader_blocked
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.judge.tail_waits import TailWait, tail_wait
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.05
_INSIDE: Final = re.compile(
    r"(__libc_|__)?(malloc|calloc|realloc|memalign|posix_memalign|free|cfree)(@.*)?$|_int_(malloc|free\w*|realloc)$|"
    r"arena_get\w*|tcache_\w+|sysmalloc\w*|systrim\w*|(_rjem_|je_)\w+|mi_\w+|tc_\w+"
)
_LOCKS: Final = re.compile(
    r"(__)?lll_(lock_wait|lock_wake|mutex_lock)_private$|(__)?lll_lock_(wait|wake)(_private)?$|arena_get_retry$|"
    r"(_rjem_)?(je_)?malloc_mutex_lock_slow$|.*SpinLock::SlowLock"
)
"""Waiting for another thread that is in the same arena (glibc: malloc/arena.c)."""
_TRADES: Final = re.compile(
    r"systrim\b|heap_trim\b|shrink_heap$|grow_heap$|(__)?s?brk$|__\w+_sys_brk$|(__)?default_morecore$"
)
"""Ends of the heap taken from the kernel and given back (glibc: malloc/malloc.c)."""
_WAITS: Final = (str(Blocked.ALLOCATOR), reader_blocked(Blocked.ALLOCATOR))
_PROPOSAL: Final = (
    "Allocate less first, and free in the thread that allocated; keep work on many blocks (dropping a large structure) "
    "away from requests. Then try an allocator with caches for each thread; where it is glibc's, more arenas "
    "(arena_max) or a higher trim_threshold."
)


class Allocator:
    """Requests that wait within the allocator; CPU samples of its locks, and of it growing and trimming its heaps."""

    id = "allocator"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where waiting takes a tenth of the tail, or locks and heaps a twentieth of CPU time.

        What allocating costs beside is not its matter.
        """
        wait = tail_wait(facts, lambda part: part.part in _WAITS)
        if wait is not None:
            return [self._waited(facts, wait)]
        return self._sampled(facts, facts.cpu) if facts.cpu else []

    def _waited(self, facts: Facts, wait: TailWait) -> Cause:
        profile = facts.cpu
        waiting, trading = _parts(profile) if profile else (frozenset[int](), frozenset[int]())
        found = finding(
            facts,
            self.id,
            "locks",
            f"requests above p99 wait in the allocator, for threads that are in it{_in(wait.where)}: {wait.told()}",
            group=Group.SETTINGS,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.STRONG,
            evidence=[
                *wait.evidence(),
                *([sampled(profile, waiting, "at the allocator's locks")] if profile and waiting else []),
                *([sampled(profile, trading, "growing and trimming heaps")] if profile and trading else []),
            ],
            disproof="the tail stays with another allocator",
            proposal=_PROPOSAL,
            confirm=_other_allocators(facts),
        )
        return Cause(found, wait.share.point, explains=waiting | trading, parts=wait.names)

    def _sampled(self, facts: Facts, profile: StackProfile) -> list[Cause]:
        waiting, trading = _parts(profile)
        stacks = waiting | trading
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        locks = profile.count(waiting) >= profile.count(trading)
        what = "threads collide in the allocator" if locks else "the allocator grows and trims its heap all the time"
        callers = profile.owners(stacks, owner)
        where = f"; most for {listed(callers)}" if callers else ""
        found = finding(
            facts,
            self.id,
            "locks" if locks else "heap",
            f"{what}: {format_share(share.point)} of CPU time{where}",
            group=Group.SETTINGS,
            share=share,
            evidence=[
                *([sampled(profile, waiting, "waiting for the allocator's locks")] if waiting else []),
                *([sampled(profile, trading, "growing and trimming heaps")] if trading else []),
            ],
            disproof="CPU per request and p99 stay with another allocator",
            proposal=_PROPOSAL,
            confirm=_other_allocators(facts),
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _in(where: str) -> str:
    return f", in {where}" if where else ""


def _other_allocators(facts: Facts) -> str:
    return changed_knob(facts, "allocator", "system", "jemalloc", "mimalloc", "tcmalloc")


def _parts(profile: StackProfile) -> tuple[Stacks, Stacks]:
    """Return the stacks that wait within the allocator, and those in which it trades with the kernel."""
    inside = profile.containing(_INSIDE)
    waiting = inside & profile.containing(_LOCKS)
    return waiting, (inside & profile.containing(_TRADES)) - waiting


RULE = Allocator()

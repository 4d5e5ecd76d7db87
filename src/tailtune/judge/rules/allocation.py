"""Allocating, copying to new memory, freeing and collecting it."""

import re
from typing import Final

from tailtune.judge.cause import Cause, Rank, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.memory_frames import COLLECTING
from tailtune.judge.names import owner
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_bytes, format_share

_WORTH_A_FINDING: Final = 0.08
"""The Go guide calls 15 % in mallocgc a problem; with collecting and copying the price shows earlier."""

_KINDS: Final = {
    "allocating": re.compile(
        r"runtime\.(mallocgc|newobject|makeslice|makemap|rawstring|rawbyteslice)|"
        r"(__libc_)?(malloc|calloc|realloc|memalign|posix_memalign|aligned_alloc)$|_int_(malloc|realloc|memalign)$|"
        r"(__rustc::)?__(rust|rg|rdl)_(alloc|realloc|alloc_zeroed)|_?_rjem_|mi_(malloc|zalloc|realloc)|tc_malloc|"
        r"alloc::alloc::|alloc::raw_vec::|sysmalloc|malloc_consolidate"
    ),
    "freeing": re.compile(
        r"(__libc_|c)?free(@.*)?$|_int_free|(__rustc::)?__(rust|rg|rdl)_dealloc|mi_free|tc_free|unlink_chunk|systrim|"
        r"core::ptr::drop_in_place<alloc::(string|vec)"
    ),
    "growing and copying": re.compile(
        r"runtime\.(growslice|concatstrings|concatstring\d|slicebytetostring|stringtoslicebyte|intstring)|"
        r"<alloc::(string::String|vec::Vec<.*>|boxed::Box<.*>) as core::clone::Clone>::clone|"
        r".*::to_owned$|.*::to_string$|.*ToString.*::to_string|(alloc::slice|<\[.*\]>)::(.*::)?to_vec|"
        r"alloc::(string|vec|boxed|borrow|str)::(.*::)?(clone|into_owned|from_utf8_lossy)$|"
        r"<alloc::string::String as core::convert::From<.*>>::from|alloc::fmt::format|"
        r"alloc::str::.*::(repeat|replace|to_lowercase|to_uppercase)"
    ),
    "collecting": COLLECTING,
}


class Allocation:
    """CPU time in the allocator, in the collector, and in copies that live in new memory."""

    id = "allocation"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return one cause for all of it: fewer allocations save all its parts."""
        profile = facts.cpu
        if profile is None:
            return []
        parts = {kind: profile.containing(pattern) for kind, pattern in _KINDS.items()}
        stacks = frozenset[int]().union(*parts.values())
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        callers = _callers(facts, profile)
        where = f"; most in {listed(callers)}" if callers else ""
        found = finding(
            facts,
            self.id,
            "",
            f"allocating, copying and releasing memory takes {format_share(share.point)} of CPU time{where}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[
                *(sampled(profile, part, kind) for kind, part in parts.items() if part),
                *_allocated(facts),
            ],
            disproof="the share stays when the named functions reuse their memory",
            proposal=_proposal(facts.manifest.service.language if facts.manifest.service else ""),
        )
        return [Cause(found, facts.saving(share.point), Rank.BROAD, stacks)]


def _callers(facts: Facts, profile: StackProfile) -> list[tuple[str, float]]:
    """Who allocates: by bytes where Go tells, otherwise by samples in the allocator."""
    if facts.allocations is not None:
        return facts.allocations.owners(facts.allocations.everything, owner)
    foreground = [profile.containing(pattern) for kind, pattern in _KINDS.items() if kind != "collecting"]
    return profile.owners(frozenset[int]().union(*foreground), owner)


def _allocated(facts: Facts) -> list[Evidence]:
    """What Go's allocation profile adds: bytes a request, and by whom."""
    profile = facts.allocations
    requests = facts.measure.latency.requests
    if profile is None or not requests or ".measure." not in profile.source:
        return []
    each = format_bytes(profile.value(profile.everything) / requests)
    makers = listed(profile.owners(profile.everything, owner), 5)
    return [Evidence(text=f"{each} allocated per request: {makers}", source=profile.source)]


def _proposal(language: str) -> str:
    if language == "rust":
        return (
            "Borrow instead of cloning (&str, Cow, indices into one buffer), give collections their capacity, reuse "
            "buffers between requests; only then try another allocator."
        )
    return (
        "Write into one buffer (strings.Builder, append with capacity, sync.Pool for large ones), avoid conversions "
        "between string and []byte, use typed values instead of any and map[string]any."
    )


RULE = Allocation()

"""Memory that the kernel has to find, clear and take back again while requests are answered."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import FEWEST_SAMPLES, Facts
from tailtune.judge.names import owner, short
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.10
_FAULTS: Final = re.compile(
    r"(asm_)?exc_page_fault$|do_(user_addr|page|translation)_fault$|do_mem_abort$|_*handle_mm_fault$"
)
"""Entries of the kernel for the first touch of a page (arch/x86/mm/fault.c, arch/arm64/mm/fault.c, mm/memory.c)."""
_RETURNS: Final = re.compile(r"__\w+_sys_(munmap|madvise|brk)$|__vm_munmap$|do_vmi_(align_)?munmap$|do_madvise$")
"""System calls that give pages back (mm/mmap.c, mm/madvise.c)."""
_MAPS: Final = re.compile(r"__\w+_sys_(mmap\w*|mprotect)$|ksys_mmap_pgoff$|vm_mmap_pgoff$")


class PageFaults:
    """CPU samples in page faults, and in mapping and unmapping memory."""

    id = "page-faults"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where faults and what belongs to them take a tenth of CPU time."""
        profile = facts.cpu
        if profile is None:
            return []
        faults = profile.containing(_FAULTS)
        returns, maps = profile.containing(_RETURNS) - faults, profile.containing(_MAPS) - faults
        stacks = faults | returns | maps
        share = profile.share(stacks)
        if profile.count(faults) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        callers = profile.owners(stacks, owner)
        where = f"; most in {listed(callers)}" if callers else ""
        found = finding(
            facts,
            self.id,
            short(callers[0][0]) if callers else "",
            f"touching new memory and giving it back takes {format_share(share.point)} of CPU time{where}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[
                sampled(profile, faults, "in page faults"),
                *([sampled(profile, returns, "giving memory back")] if returns else []),
                *([sampled(profile, maps, "mapping memory")] if maps else []),
                *_counted(facts),
            ],
            disproof="page faults per request stay when the named functions keep their buffers",
            proposal="Keep large buffers and use them again (a pool, one for each thread) in place of a new one for "
            "each request. Allocators give large pieces back at once: glibc those above its mmap threshold, 128 KiB at "
            "first; the knob glibc-malloc raises it, and other allocators keep more.",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _counted(facts: Facts) -> list[Evidence]:
    if facts.faults_per_request is None:
        return []
    requests = facts.measure.latency.requests
    text = f"{facts.faults_per_request:,.1f} page faults per request"
    return [Evidence(text=text, source="tables/process.parquet", count=requests)]


RULE = PageFaults()

"""Functions in which memory is found, cleared, given back and collected, by name."""

import re
from typing import Final

FAULTS: Final = re.compile(
    r"(asm_)?exc_page_fault$|do_(user_addr|page|translation)_fault$|do_mem_abort$|_*handle_mm_fault$"
)
"""Entries of the kernel for the first touch of a page (arch/x86/mm/fault.c, arch/arm64/mm/fault.c, mm/memory.c)."""
RETURNS: Final = re.compile(r"__\w+_sys_(munmap|madvise|brk)$|__vm_munmap$|do_vmi_(align_)?munmap$|do_madvise$")
"""System calls that give pages back (mm/mmap.c, mm/madvise.c)."""
MAPS: Final = re.compile(r"__\w+_sys_(mmap\w*|mprotect)$|ksys_mmap_pgoff$|vm_mmap_pgoff$")

CLEARING: Final = re.compile(
    r"_*do_huge_pmd_(anonymous_page|wp_page\w*)$|clear_huge_page$|clear_subpage$|folio_zero_user$|clear_gigantic_page$|"
    r"copy_user_(huge_page|large_folio)$|vma_alloc_anon_folio_pmd$"
)
"""A huge page at its first touch or write (mm/huge_memory.c, mm/memory.c; `clear_huge_page` up to Linux 6.10)."""
SPLITTING: Final = re.compile(r"_*split_huge_(pmd|pud|page)\w*$|_*(folio_split|split_folio)\w*$|deferred_split_\w+$")
"""A huge page taken apart, as where a part of it is given back (mm/huge_memory.c)."""
COMPACTING: Final = re.compile(
    r"compact_zone\w*$|try_to_compact_pages$|__alloc_pages_direct_compact$|isolate_(migrate|free)pages\w*$"
)
"""Pages moved out of the way until a huge one is free, in the thread that wants it (mm/compaction.c)."""
COLLAPSING: Final = re.compile(r"madvise_collapse$|collapse_huge_page$|(hpage_collapse|collapse|khugepaged)_scan_\w+$")
"""Small pages copied into a huge one because the service asked for it (mm/khugepaged.c)."""

COLLECTING: Final = re.compile(
    r"runtime\.(gcBgMarkWorker|gcAssistAlloc|gcDrain|gcStart|gcMarkDone|gcMarkTermination|bgsweep|bgscavenge|"
    r"markroot|scanobject|sweepone|\(\*sweepLocked\)\.sweep|wbBufFlush|gcWriteBarrier|deductSweepCredit)"
)
"""Go's collector, and the help that it takes (runtime/mgc.go, mgcmark.go, mgcsweep.go)."""

"""Why a thread left its CPU, told from the functions of the stack at which it left.

A stack is read from its leaf outwards, up to the first function that is the service's own: what that called decides.
The kernel's part is there for uninterruptible waits only, so that most patterns are of the C library, the standard
libraries of Rust and Go, and well-known crates. One row a pattern, each with the reason.
"""

import re
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from tailtune.judge.idle import KINDS, idle_place, plain
from tailtune.judge.names import is_code


class Cause(StrEnum):
    """What a thread waited for; the values name parts of requests."""

    LOCK = "lock"
    QUEUE = "queue or hand-off"
    SLEEP = "sleep"
    EVENTS = "events"
    NETWORK = "network"
    DISK = "disk I/O"
    CHILD = "child process"
    PAGE_FAULT = "page fault"
    RECLAIM = "memory reclaim"
    ADDRESS_SPACE = "address space"
    """Its lock, which whoever maps and unmaps memory holds, starts a thread, or touches new memory."""
    ALLOCATOR = "allocator"
    QUOTA = "CPU quota"
    HANDED_OVER = "handed over"
    """The thread had nothing to do: the task that it had worked on waited somewhere else."""
    UNKNOWN = "blocked, cause unknown"


CAUSES: Final = tuple(Cause)


class Weight(IntEnum):
    """How much a pattern says."""

    NOTHING = 0
    BARE = 1
    """A system call that many kinds of waits end in."""
    HINT = 2
    """A way of waiting that callers use for several ends."""
    DECIDES = 3
    OVERRIDES = 4
    """Whatever the functions around it were about."""


class Pattern(NamedTuple):
    """One row of the table."""

    cause: Cause
    weight: Weight
    names: re.Pattern[str]
    """Of the whole name of a function, generic arguments, hashes and versions of symbols aside."""
    reason: str
    kernel: bool


def _kernel(cause: Cause, weight: Weight, names: str, reason: str) -> Pattern:
    return Pattern(cause, weight, re.compile(names), reason, kernel=True)


def _user(cause: Cause, weight: Weight, names: str, reason: str) -> Pattern:
    return Pattern(cause, weight, re.compile(names), reason, kernel=False)


_GLIBC: Final = r"(__GI_|__libc_|_)*"
"""What the C library puts before the names of its functions."""
_RUST_LOCKS: Final = (
    r"std::sys::(sync|(pal::)?unix::locks|sys_common)::(mutex|rwlock|reentrant_lock|once|once_lock)::.*|"
    r"std::(sync|sync::poison|sync::nonpoison)::(mutex|rwlock|reentrant_lock|once|once_lock|lazy_lock)::.*"
)
_RUST_CONDVARS: Final = (
    r"std::sys::(sync|(pal::)?unix::locks)::condvar::.*|std::sync::(poison::|nonpoison::)?condvar::.*"
)
_RUST_PARKING: Final = (
    r"std::thread::(\w+::)*park\w*|std::sys::sync::thread_parking::.*|parking::.*|"
    r"crossbeam_utils::sync::parker::.*|parking_lot_core::parking_lot::park\w*"
)
_CHANNELS: Final = r"std::sync::(mpmc|mpsc)::.*|(crossbeam_channel|flume|kanal|async_channel|thingbuf)::.*"
_RUST_FILES: Final = (
    r"std::(fs|sys::fs|sys::(pal::)?unix::fs)::.*|std::(io::stdio|sys::stdio|sys::(pal::)?unix::stdio)::.*"
)
_RUST_SOCKETS: Final = r"std::(net|os::unix::net|sys::net|sys::(pal::)?unix::net)::.*|socket2::.*"
_GO_FILES: Final = (
    r"os\.(\(\*(File|Root)\)\.\w+|Open\w*|Create\w*|ReadFile|WriteFile|Rename|Remove\w*|L?[Ss]tat|ReadDir|Mkdir\w*)|"
    r"internal/poll\.\(\*FD\)\.(Fsync|Pread|Pwrite|Fstat|ReadDirent|Ftruncate|Fchmod|Fchown)|"
    r"syscall\.(Fsync|Fdatasync|[Pp]read|[Pp]write|[Oo]penat?|Fstat|fstat\w*|Ftruncate|Rename\w*|Unlink\w*|Getdents)"
)
_GO_SOCKETS: Final = (
    r"net\.\(\*\w+\)\.\w+|net\.(cgo\w*|_C_\w+|doBlocking\w*)|"
    r"internal/poll\.\(\*FD\)\.(Accept|Connect|ReadFrom\w*|ReadMsg\w*|WriteTo\w*|WriteMsg\w*)|"
    r"syscall\.(recv\w*|send\w*|connect|Connect|Recv\w+|Send\w+|Sendto|accept4?)"
)
_C_FILES: Final = (
    r"fsync|fdatasync|sync_file_range|syncfs|p(read|write)(v2?)?(64)?|open(at)?(64)?(_nocancel)?|rename(at2?)?|"
    r"unlink(at)?|f?truncate(64)?|f?l?stat(at|x)?(64)?|getdents(64)?|readdir(64)?"
)

PATTERNS: Final = (
    _kernel(
        Cause.RECLAIM,
        Weight.OVERRIDES,
        r"(do_)?try_to_free_(mem_cgroup_)?pages|shrink_(node|lruvec|folio_list|slab)\w*|__alloc_pages_direct_\w+|"
        r"try_to_compact_pages|mem_cgroup_handle_over_high|reclaim_throttle|throttle_direct_reclaim",
        "memory had to be freed first, for whatever the thread wanted it (mm/vmscan.c)",
    ),
    _kernel(Cause.QUOTA, Weight.OVERRIDES, r"throttle_cfs_rq\w*", "the control group's CPU quota (sched/fair.c)"),
    _kernel(
        Cause.PAGE_FAULT,
        Weight.OVERRIDES,
        r"(asm_)?exc_page_fault|do_(user_addr|page|translation)_fault|do_mem_abort|_*handle_mm_fault|"
        r"filemap_fault|do_(anonymous|swap|wp|read|cow|shared)_(page|fault)|lock_mm_and_find_vma",
        "memory was touched that was not there yet, also within a system call (mm/memory.c)",
    ),
    _kernel(
        Cause.ADDRESS_SPACE,
        Weight.OVERRIDES,
        r"vm_mmap_pgoff|(__)?vm_munmap|do_(mprotect_pkey|madvise)|(__)?(x64|arm64|do)_sys_(brk|mmap|munmap|mremap|madvise)",
        "the lock of the address space, which page faults of other threads hold as well, also for the allocator (mm/)",
    ),
    _kernel(
        Cause.DISK,
        Weight.DECIDES,
        r"io_schedule\w*|folio_wait\w*|wait_on_(page|buffer)\w*|"
        r"(__)?(ext4|xfs|btrfs|jbd2|f2fs|nfs4?|fuse|ovl|v9fs|p9|blkdev|iomap|filemap|generic_file|mpage)_\w+|"
        r"submit_bio\w*|blk_\w+|vfs_fsync\w*|do_fsync|file_write_and_wait_range|balance_dirty_pages\w*",
        "a file system or a block device (fs/, block/)",
    ),
    _kernel(
        Cause.NETWORK,
        Weight.DECIDES,
        r"(__)?(tcp|udp|sk_wait|sk_stream|unix_stream|unix_dgram|inet6?)_\w+|sock_(recv|send)msg|"
        r"__sys_(recv|send|connect)\w*",
        "a socket's data, room or peer (net/)",
    ),
    _kernel(Cause.SLEEP, Weight.DECIDES, r"(do_|hrtimer_)nanosleep|common_nsleep\w*", "a timer (kernel/time)"),
    _kernel(Cause.QUEUE, Weight.DECIDES, r"(anon_)?pipe_(read|write)|eventfd_(read|write)", "another thread's data"),
    _kernel(Cause.CHILD, Weight.DECIDES, r"do_wait\w*|kernel_wait(4|id)", "a process that it started (kernel/exit.c)"),
    _kernel(
        Cause.LOCK,
        Weight.HINT,
        r"rwsem_down_\w+|_*mutex_lock\w*|_*down(_read|_write)?(_\w+)?",
        "a lock of the kernel, such as that of the address space (kernel/locking)",
    ),
    _kernel(Cause.EVENTS, Weight.BARE, r"ep_poll|do_epoll_\w+|do_(sys_)?poll|do_select|core_sys_select", "poll(2)"),
    _kernel(Cause.LOCK, Weight.BARE, r"(__)?futex_\w+|do_futex", "futex(2): mostly a lock, unless callers tell"),
    _user(
        Cause.LOCK,
        Weight.DECIDES,
        rf"{_GLIBC}lll_(lock|trylock)\w*|{_GLIBC}pthread_(mutex|rwlock|spin)_\w+",
        "a lock of the C library (nptl/)",
    ),
    _user(Cause.LOCK, Weight.DECIDES, _RUST_LOCKS, "a lock of Rust's standard library (std/src/sys/sync)"),
    _user(
        Cause.LOCK,
        Weight.DECIDES,
        r"parking_lot::((raw_)?(mutex|rwlock|fair_mutex)|remutex|once)::.*|lock_api::.*|spin::.*|once_cell::.*|"
        r"dashmap::lock::.*",
        "a lock of parking_lot, spin, once_cell or dashmap",
    ),
    _user(Cause.LOCK, Weight.DECIDES, r"runtime\.(lock2|lockWithRank\w*)", "a lock of Go's runtime (lock_futex.go)"),
    _user(
        Cause.ALLOCATOR,
        Weight.OVERRIDES,
        rf"{_GLIBC}(malloc|calloc|realloc|memalign|posix_memalign|aligned_alloc|c?free)|"
        r"_int_(malloc|free|realloc|memalign)\w*|malloc_consolidate|arena_get\w*|sysmalloc\w*|systrim|tcache_\w+|"
        r"_rjem_\w+|je_\w+|malloc_mutex_lock\w*|"
        r"mi_(malloc|zalloc|calloc|realloc|free|heap|page|segment|arena)\w*|_mi_\w+|tc_(malloc|free|new|delete)\w*|"
        r"tcmalloc::.*",
        "a lock of the allocator's, in whatever way it waits for it (malloc/malloc.c)",
    ),
    _user(
        Cause.QUEUE,
        Weight.HINT,
        rf"{_GLIBC}pthread_(cond|barrier)_\w*wait\w*|{_GLIBC}(new_)?sem_(timed|clock)?wait\w*|{_RUST_CONDVARS}|"
        r"parking_lot::condvar::.*",
        "a condition variable: what another thread has to bring",
    ),
    _user(Cause.QUEUE, Weight.HINT, _RUST_PARKING, "parked until another thread wakes it (std::thread::park)"),
    _user(Cause.QUEUE, Weight.HINT, r"runtime\.note(t?sleep)\w*", "until another thread of Go's runtime wakes it"),
    _user(Cause.QUEUE, Weight.DECIDES, _CHANNELS, "a channel that is empty or full"),
    _user(
        Cause.QUEUE,
        Weight.DECIDES,
        rf"{_GLIBC}pthread_(timed|clock)?join\w*|std::thread::.*::join\w*|std::sync::barrier::.*|"
        r"rayon_core::(latch|registry|scope|join)::.*",
        "the end of another thread's work",
    ),
    _user(
        Cause.SLEEP,
        Weight.DECIDES,
        rf"{_GLIBC}(clock_)?nanosleep\w*|u?sleep|std::thread::(\w+::)*sleep\w*|runtime\.usleep\w*",
        "it asked to sleep",
    ),
    _user(Cause.DISK, Weight.DECIDES, rf"{_GLIBC}({_C_FILES})", "a call on a file"),
    _user(Cause.DISK, Weight.DECIDES, f"{_RUST_FILES}|{_GO_FILES}", "a file or a standard stream"),
    _user(
        Cause.NETWORK,
        Weight.DECIDES,
        rf"{_GLIBC}(recv|send)(from|to|msg|mmsg)?(_nocancel)?|{_GLIBC}(connect|getaddrinfo|res_n?(send|query)\w*)|"
        rf"{_RUST_SOCKETS}|{_GO_SOCKETS}",
        "a call on a socket, or the look-up of a name",
    ),
    _user(Cause.CHILD, Weight.DECIDES, rf"{_GLIBC}wait(4|pid|id)|std::process::.*|os/exec\..*", "a process it started"),
    _user(
        Cause.NETWORK,
        Weight.BARE,
        rf"{_GLIBC}(read|write)v?(_nocancel)?|syscall\.(read|write)",
        "interruptible, so no disk: a socket, a pipe or a terminal",
    ),
    _user(
        Cause.EVENTS,
        Weight.BARE,
        rf"{_GLIBC}(epoll_p?wait2?|p?poll(64)?|p?select(64)?|accept4?)|mio::poll::.*|polling::.*|"
        r"runtime\.(netpoll|epollwait)|internal/runtime/syscall\.EpollWait",
        "until the network or a timer brings something",
    ),
    _user(
        Cause.QUEUE,
        Weight.BARE,
        rf"{_GLIBC}futex_abstimed_wait\w*",
        "joins, semaphores and condition variables of the C library, but no mutexes (nptl/futex-internal.c)",
    ),
    _user(
        Cause.LOCK,
        Weight.BARE,
        rf"{_GLIBC}futex\w*|runtime\.futex\w*|std::sys::(pal::)?(unix::)?futex::.*|parking_lot_core::.*",
        "futex(2): mostly a lock, unless callers tell",
    ),
)
"""In one frame the first that fits counts."""
_RUNTIMES: Final = ("Go", "tokio", "rayon", "smol")
"""Whose workers are known by the meaning of an idle place."""
_OVERRIDING: Final = (Cause.RECLAIM, Cause.QUOTA, Cause.PAGE_FAULT, Cause.ADDRESS_SPACE, Cause.ALLOCATOR)
"""Reclaiming within a page fault is reclaiming, and a page fault within the allocator is one."""


class Told(NamedTuple):
    """What one frame says."""

    cause: Cause
    weight: Weight
    own: bool
    """The service's or a library's: frames further out say nothing of the wait."""


@lru_cache(maxsize=65536)
def told_by(function: str, *, kernel: bool) -> Told:
    """Return what one function on a stack says of a wait."""
    name = plain(function).removeprefix("&").removeprefix("mut ")  # methods of references, which Rust names so
    found = next((row for row in PATTERNS if row.kernel is kernel and row.names.fullmatch(name)), None)
    strong = found is not None and found.weight >= Weight.DECIDES
    if not kernel and not strong and _is_runtime_place(function):
        return Told(Cause.HANDED_OVER, Weight.DECIDES, own=False)
    if found is not None:
        return Told(found.cause, found.weight, own=False)
    return Told(Cause.UNKNOWN, Weight.NOTHING, own=not kernel and is_code(function))


def cause_of(frames: Sequence[Told]) -> Cause:
    """Return why a thread left its CPU at a stack.

    Args:
        frames: what its frames say, leaf first.
    """
    overriding = [frame for frame in frames if frame.weight is Weight.OVERRIDES]
    if overriding:
        return min((frame.cause for frame in overriding), key=_OVERRIDING.index)
    best = Told(Cause.UNKNOWN, Weight.NOTHING, own=False)
    for frame in frames:
        if frame.own:
            break
        if frame.weight > best.weight:
            best = frame
        if frame.weight is Weight.DECIDES:
            break
    return best.cause


def _is_runtime_place(function: str) -> bool:
    """Whether a worker of a runtime stands there without a task to run."""
    place = idle_place(function)
    return place is not None and KINDS[place].meaning.partition(":")[0] in _RUNTIMES

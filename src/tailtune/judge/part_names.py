"""What the parts of a request's latency are called, and of which kind each is."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause
from tailtune.model.request_parts import PartKind

CLIENT_QUEUE: Final = "client queue"
WAY_IN: Final = "way in"
READER_RUNNABLE: Final = "reader runnable"
READER_WAITS_FOR_P: Final = "reader waiting for a P"
READER_ON_CPU: Final = "reader on CPU"
READER_BLOCKED: Final = "reader blocked"
ON_CPU: Final = "on CPU"
GC_ASSIST: Final = "GC assist"
"""On a CPU, marking for Go's garbage collector in return for allocations: code that allocates less has less of it."""
RUNNABLE: Final = "runnable"
WAITS_FOR_P: Final = "waiting for a P"
"""The goroutine could run, and waits for one of Go's processors (GOMAXPROCS), or until a stopped world goes on."""
GC_WAIT: Final = "GC wait"
"""The goroutine waits for Go's garbage collector."""
OTHER_ON_CPU: Final = "other thread on CPU"
"""The request was handed over, and the thread that brought it back computed: for it, or for others before it."""
OTHER_RUNNABLE: Final = "other thread runnable"
OUTSIDE: Final = "timer or network"
"""The request was handed over, and meanwhile no thread of the service had anything to do."""
OTHER_BLOCKED: Final = "other thread blocked"
TIMER: Final = "timer"
"""The request was handed over, and what went on with it was woken by a timer: a sleep, a time-out, a back-off."""
WAY_BACK: Final = "way back"
SERVER: Final = "server"
"""The server's part where no states of threads were recorded."""
HANDED_OVER: Final = str(Cause.HANDED_OVER)
RESIDUE: Final = "residue"
UNDIVIDED: Final = "not divided"
"""From send to end, where the window of a request could not be told."""

READER_UNKNOWN: Final = "reader blocked, cause unknown"
"""No stack was seen. Where switches come without wake-ups, this may be waiting for a CPU as well."""
ANOTHER_PROGRAM: Final = " (another program)"
"""Behind the name of a thread that is none of the service's, where a place is who had a CPU."""
_THE_KERNEL: Final = " (the kernel)"
_KERNEL_THREAD: Final = re.compile(
    r"(ksoftirqd|kworker|migration|irq|rcu\w*|kswapd|kcompactd|jbd2|cpuhp|swapper|idle_inject)\b"
)
_ARRIVING: Final = (Cause.EVENTS, Cause.HANDED_OVER)
"""What a reader without work waits for."""
_COMPUTING: Final = (ON_CPU, GC_ASSIST)
_UNKNOWN: Final = (str(Cause.UNKNOWN), HANDED_OVER, READER_UNKNOWN, SERVER, RESIDUE, UNDIVIDED)
_WITHOUT_WORK: Final = (*_ARRIVING, Cause.QUEUE, Cause.UNKNOWN)
"""What a thread waits for that has nothing to do for the request either, or nobody knows what."""
_READER: Final = {
    ON_CPU: READER_ON_CPU,
    GC_ASSIST: READER_ON_CPU,
    RUNNABLE: READER_RUNNABLE,
    WAITS_FOR_P: READER_WAITS_FOR_P,
    RESIDUE: WAY_IN,
}


def kind_of_part(name: str) -> PartKind:
    """Return whether a part is computing, waiting, or not known."""
    if name in _COMPUTING:
        return PartKind.COMPUTING
    return PartKind.UNKNOWN if name in _UNKNOWN else PartKind.WAITING


def who_had_it(thread: str) -> str:
    """Name who had a CPU: a thread, given its name, that is none of the service's."""
    return f"{thread}{_THE_KERNEL if _KERNEL_THREAD.match(thread) else ANOTHER_PROGRAM}"


def on_the_way_in(part: str, *, is_its_own: bool) -> str:
    """Name what a reader did before it read a request.

    Args:
        part: what it would be called in the server's part.
        is_its_own: since it turned to the request's connection; what it waited for on the network before that was not
            this request.
    """
    if part in _READER:
        return _READER[part]
    if part in _ARRIVING or (part == Cause.NETWORK and is_its_own):
        return WAY_IN
    return reader_blocked(part)


def reader_blocked(cause: str) -> str:
    """Name the part in which the reader waited for something of its own."""
    return READER_UNKNOWN if cause == Cause.UNKNOWN else f"{READER_BLOCKED}: {cause}"


def on_another_thread(part: str) -> str:
    """Name what a thread did meanwhile that a request was handed over to; what tells nothing stays handed over.

    Args:
        part: what it would be called of the request's own thread.
    """
    if part == ON_CPU:
        return OTHER_ON_CPU
    if part == RUNNABLE:
        return OTHER_RUNNABLE
    if part == RESIDUE or part in _WITHOUT_WORK:
        return HANDED_OVER
    return f"{OTHER_BLOCKED}: {part}"

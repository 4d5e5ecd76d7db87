"""Why a goroutine waits, told from the reason that Go's execution trace gives and from the goroutine's stack.

The reasons are those of `traceBlockReasonStrings` (Go 1.22 to 1.26, runtime/traceruntime.go). One reason stands for
several kinds of waits: "sync" for mutexes, wait groups and a file's lock, "select" for a channel as well as for the
answer that a client of net/http waits for. So functions at the leaf of the stack decide first.
"""

import re
from collections.abc import Sequence
from typing import Final

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.part_names import GC_WAIT

_REASONS: Final = {
    "sync": Cause.LOCK,
    "sync.(*Cond).Wait": Cause.QUEUE,
    "chan send": Cause.QUEUE,
    "chan receive": Cause.QUEUE,
    "select": Cause.QUEUE,
    "network": Cause.NETWORK,
    "sleep": Cause.SLEEP,
    "GC mark assist wait for work": GC_WAIT,
    "GC background sweeper wait": GC_WAIT,
    "GC weak to strong wait": GC_WAIT,
    "wait until GC ends": GC_WAIT,
    "preempted": GC_WAIT,  # it was suspended, so that its stack could be scanned
}
_FUNCTIONS: Final = (
    (Cause.QUEUE, re.compile(r"sync\.\(\*(WaitGroup|Cond)\)\.Wait")),
    (Cause.LOCK, re.compile(r"(internal/)?sync\.\(\*(Mutex|RWMutex)\)\.\w+|internal/poll\.\(\*fdMutex\)\.\w+")),
    (Cause.SLEEP, re.compile(r"time\.Sleep")),
    (Cause.QUEUE, re.compile(r"runtime\.(chansend1?|chanrecv[12]?|selectgo|block)")),
    (
        Cause.NETWORK,
        re.compile(r"internal/poll\.(\(\*FD\)\.\w+|runtime_pollWait|\(\*pollDesc\)\.\w+)|runtime\.netpollblock"),
    ),
    (GC_WAIT, re.compile(r"runtime\.(gcAssistAlloc|gcParkAssist|gcStart|GC)")),
)
"""By the first function from the leaf on that any of them matches as a whole."""
_CLIENTS: Final = re.compile(
    r"net/http\.\(\*(persistConn|Transport|http2Transport|http2ClientConn|http2clientStream)\)\.\w+|"
    r"net\.\(\*(Dialer|Resolver|sysDialer)\)\.\w+|"
    r"(golang\.org/x/net/http2|google\.golang\.org/grpc)\.\(\*(Transport|ClientConn|clientStream|csAttempt)\)\.\w+|"
    r"google\.golang\.org/grpc/internal/transport\.\(\*(http2Client|Stream|recvBufferReader)\)\.\w+"
)
"""Clients whose answers another goroutine reads, and hands over: what is waited for is the network."""
_PROCESSES: Final = re.compile(r"os/exec\.\(\*Cmd\)\.\w+|os\.\(\*Process\)\.\w+")
_SERVES: Final = re.compile(r"net/http\.\(\*conn\)\.serve|net/http\.serverHandler\.ServeHTTP")
"""Frames further out say nothing of the wait."""
_LEAF: Final = 4
"""Frames from the leaf on that tell how it waits; the runtime's own are mostly left out of the trace."""


def wait_of(reason: str, functions: Sequence[str]) -> str:
    """Name the part of a request in which its goroutine waits.

    Args:
        reason: as the trace gives it; empty where the wait began before the trace did.
        functions: the goroutine's stack, leaf first; may be empty.
    """
    told = next((part for name in functions[:_LEAF] for part, names in _FUNCTIONS if names.fullmatch(name)), None)
    found = str(_REASONS.get(reason) or told or Cause.UNKNOWN)
    if found == Cause.LOCK and told is not None:  # "sync" is more than locks
        found = str(told)
    if found in (Cause.QUEUE, Cause.NETWORK):
        for name in functions:
            if _SERVES.fullmatch(name):
                break
            if _PROCESSES.fullmatch(name):
                return str(Cause.CHILD)
            if _CLIENTS.fullmatch(name):
                return str(Cause.NETWORK)
    return found

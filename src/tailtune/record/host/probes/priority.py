"""May we run before others? Tried by a thread that ends at once, so that nothing has to be put back."""

import errno
import os
import resource
import threading
from typing import Final

import msgspec

_TRIED_NICE: Final = -10


class Priority(msgspec.Struct, frozen=True, kw_only=True):
    """What was permitted."""

    realtime: bool
    """SCHED_FIFO, the class in which nothing ordinary delays a thread."""
    realtime_error: str
    """Why not; empty: it is permitted."""
    nice: bool
    """A nice value of -10, the next best."""
    realtime_limit: int
    """RLIMIT_RTPRIO, the priority an ordinary user may take; -1: any."""


def try_priority() -> Priority:
    """Try both and say what the kernel answered."""
    outcome: dict[str, str] = {}
    thread = threading.Thread(target=_try, args=(outcome,))
    thread.start()
    thread.join()
    return Priority(
        realtime=not outcome["realtime"],
        realtime_error=outcome["realtime"],
        nice=not outcome["nice"],
        realtime_limit=resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
    )


def _try(outcome: dict[str, str]) -> None:
    """Ask for both in the calling thread: on Linux, 0 names the thread, not the process."""
    outcome["realtime"] = outcome["nice"] = ""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError as error:
        outcome["realtime"] = _reason(error)
    else:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _TRIED_NICE)
    except OSError as error:
        outcome["nice"] = _reason(error)


def _reason(error: OSError) -> str:
    return "not permitted" if error.errno in (errno.EPERM, errno.EACCES) else (error.strerror or str(error))

"""Which scheduling the kernel grants us, found by trying on a thread that ends at once."""

import os
import threading
from collections.abc import Callable
from typing import Final

POLICIES: Final = {
    "other": os.SCHED_OTHER,
    "batch": os.SCHED_BATCH,
    "idle": os.SCHED_IDLE,
    "fifo": os.SCHED_FIFO,
}


def why_not_nice(value: int) -> str:
    """Say why a nice value cannot be set; empty if it can. What Linux calls a process here is one thread."""
    reason = _refusal(lambda: os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), value))
    return reason and f"{reason}: it is below {os.getpriority(os.PRIO_PROCESS, 0)}, the tool's own"


def why_not_scheduling(level: str) -> str:
    """Say why a policy, `batch` or `fifo:N`, cannot be set; empty if it can."""
    name, _, priority = level.partition(":")
    parameter = os.sched_param(int(priority or 0))
    return _refusal(lambda: os.sched_setscheduler(threading.get_native_id(), POLICIES[name], parameter))


def _refusal(attempt: Callable[[], object]) -> str:
    """Try something that changes one thread, on a new thread; return why it is refused."""
    told = list[str]()

    def run() -> None:
        try:
            attempt()
        except OSError as error:
            told.append(error.strerror or "refused")

    thread = threading.Thread(target=run, name="tailtune-permission")
    thread.start()
    thread.join()
    return told[0] if told else ""

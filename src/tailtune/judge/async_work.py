"""What a thread of an asynchronous runtime works on, told from its stack."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final


class Work(Enum):
    """Kinds of work."""

    TASK = "a task, which should never wait in its thread: others need it"
    JOB = "a job of the blocking pool, whose threads are there to wait"


_TASK: Final = re.compile(
    r"<?(tokio::(runtime::task|task::local)::|async_executor::|async_task::|async_std::task::|futures_executor::|"
    r"glommio::|monoio::)"
)
"""Frames through which a worker polls a task."""
_JOB: Final = re.compile(r"<?(tokio::runtime::blocking::(pool|task)::|blocking::)")


def work_of(functions: Iterable[str]) -> Work | None:
    """Return what a thread works on, given its stack, leaf first; None without a known runtime on it.

    The innermost frame counts: tokio's workers are jobs of its blocking pool themselves, and jobs are polled as
    tasks are.
    """
    for function in functions:
        if _JOB.match(function):
            return Work.JOB
        if _TASK.match(function):
            return Work.TASK
    return None

"""What a thread of an asynchronous runtime works on, told from its stack."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from tailtune.judge.names import owner, short_owner
from tailtune.judge.stackprofile import StackProfile, Stacks


class Work(Enum):
    """Kinds of work."""

    TASK = "a task, which should never wait in its thread: others need it"
    JOB = "a job of the blocking pool, whose threads are there to wait"


_TASK: Final = re.compile(
    r"<?(tokio::(runtime::task|task::local)::|async_executor::|async_task::|async_std::task::|futures_executor::|"
    r"glommio::|monoio::)"
)
"""Frames through which a worker polls a task."""
_MOSTLY: Final = 0.5
_JOB: Final = re.compile(r"<?(tokio::runtime::blocking::(pool|sharded|task)::|blocking::)")


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


def polled_functions(profile: StackProfile) -> frozenset[str]:
    """Return the functions whose waits mostly stand below a worker's poll of a task."""
    polled: dict[str, float] = {}
    every: dict[str, float] = {}
    for stack in profile.everything:
        functions, value = profile.names(stack), float(profile.values[stack])
        name = short_owner(functions)
        every[name] = every.get(name, 0.0) + value
        if work_of(functions) is Work.TASK:
            polled[name] = polled.get(name, 0.0) + value
    return frozenset(name for name, value in polled.items() if name and value > _MOSTLY * every[name])


def jobs_of_pool(profile: StackProfile) -> Stacks:
    """Return the stacks on which a thread of a pool is blocked in the service's own code, not for want of a job."""
    names = {stack: profile.names(stack) for stack in profile.everything}
    return frozenset(
        stack for stack, functions in names.items() if work_of(functions) is Work.JOB and owner(functions) is not None
    )

"""Slow requests that wait for another thread: their own thread does, or a task that was handed over to it."""

import re
from typing import Final

from tailtune.judge.async_work import jobs_of_pool
from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_code, short_owner
from tailtune.judge.part_names import OTHER_BLOCKED
from tailtune.judge.tail_waits import (
    TailWait,
    cause_of,
    follows_goroutines,
    is_behind_others,
    is_on_pool,
    joins,
    ordinary,
    tail_wait,
    usual_wait_ns,
)
from tailtune.model.request_parts import PartShare

_MOSTLY: Final = 0.5
_TIMES: Final = 4.0
"""What an ordinary request waits: what all wait alike, such as for their own job in a pool, is no queue."""
_WAITED: Final = 8.0
"""Times what ordinary requests take: a pool that all requests share is a queue before any busy service."""
_JOINS: Final = re.compile(r"(__)?pthread_(timed|clock)?join\w*|<?std::thread::(.*::)?(join|scope)\b|rayon_core::")


class ThreadHandOff:
    """Threads that left their CPU at a channel while they worked on a request above p99; tasks behind a busy thread."""

    id = "thread-hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time; waits for own threads are left out."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.QUEUE or _is_behind(part))
        if (
            wait is None
            or follows_goroutines(facts)
            or (joins(facts.off_cpu, wait.where, _JOINS) and not _is_long_queue(facts, wait))
            or is_on_pool(wait)
            or wait.mean_ns < _TIMES * usual_wait_ns(facts, wait.names)
            or _is_of_pool(facts, wait.where)
            or _is_own_work(wait)
        ):
            return []
        kind = wait.parts[0].part.removeprefix(f"{OTHER_BLOCKED}: ")
        told = cause_of(
            facts,
            self.id,
            wait,
            f"wait for another thread that is blocked ({kind})"
            if _is_behind(wait.parts[0])
            else f"wait for another thread{' that works for others first' if _is_queued(wait.parts[0]) else ''}",
            disproof="the tail stays with several threads at the other end, or with none between",
            proposal="Let the thread that has the request do the work, or let more threads take from the queue; keep "
            "what is slow, such as a flush, out of the thread that all others wait for.",
        )
        return [told]


def _is_behind(part: PartShare) -> bool:
    return part.part.startswith(OTHER_BLOCKED) and is_behind_others(part)


def _is_queued(part: PartShare) -> bool:
    """Whether the thread that a request waited for mostly had something else to do when the request began to wait."""
    return part.part == Blocked.QUEUE and part.at_once is not None and part.at_once < _MOSTLY


def _is_long_queue(facts: Facts, wait: TailWait) -> bool:
    """Whether a request stood in a pool's queue for much longer than ordinary requests take altogether."""
    usual = ordinary(facts)
    return usual is not None and _is_queued(wait.parts[0]) and wait.mean_ns >= _WAITED * usual.mean_ns


def _is_own_work(wait: TailWait) -> bool:
    """Whether threads worked for the request at once, and nothing shows where it waited: a join without callers."""
    part = wait.parts[0]
    return part.part == Blocked.QUEUE and not is_code(wait.where) and (part.at_once or 0.0) >= _MOSTLY


def _is_of_pool(facts: Facts, where: str) -> bool:
    """Whether a function waits in jobs of a runtime's blocking pool: a rule of its own is about those."""
    profile = facts.off_cpu
    return profile is not None and bool(profile.owned_by(where, short_owner) & jobs_of_pool(profile))


RULE = ThreadHandOff()

"""Slow requests that wait for another thread: their own thread does, or a task that was handed over to it."""

import re
from typing import Final

from tailtune.judge.async_work import jobs_of_pool
from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.names import short_owner
from tailtune.judge.part_names import OTHER_BLOCKED
from tailtune.judge.tail_waits import cause_of, follows_goroutines, is_behind_others, is_on_pool, joins, tail_wait
from tailtune.model.request_parts import PartShare

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
            or joins(facts.off_cpu, wait.where, _JOINS)
            or is_on_pool(wait)
            or _is_of_pool(facts, wait.where)
        ):
            return []
        kind = wait.parts[0].part.removeprefix(f"{OTHER_BLOCKED}: ")
        told = cause_of(
            facts,
            self.id,
            wait,
            f"wait for another thread that is blocked ({kind})"
            if _is_behind(wait.parts[0])
            else "wait for another thread",
            disproof="the tail stays with several threads at the other end, or with none between",
            proposal="Let the thread that has the request do the work, or let more threads take from the queue; keep "
            "what is slow, such as a flush, out of the thread that all others wait for.",
        )
        return [told]


def _is_behind(part: PartShare) -> bool:
    return part.part.startswith(OTHER_BLOCKED) and is_behind_others(part)


def _is_of_pool(facts: Facts, where: str) -> bool:
    """Whether a function waits in jobs of a runtime's blocking pool: a rule of its own is about those."""
    profile = facts.off_cpu
    return profile is not None and bool(profile.owned_by(where, short_owner) & jobs_of_pool(profile))


RULE = ThreadHandOff()

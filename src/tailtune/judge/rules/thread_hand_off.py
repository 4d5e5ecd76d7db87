"""Slow requests whose thread waits for what another thread is to bring."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, short
from tailtune.judge.tail_waits import cause_of, tail_wait

_JOINS: Final = re.compile(r"(__)?pthread_(timed|clock)?join\w*|<?std::thread::(.*::)?(join|scope)\b|rayon_core::")
_MOSTLY: Final = 0.5


class ThreadHandOff:
    """Threads that left their CPU at a channel or condition variable while they worked on a request above p99."""

    id = "thread-hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time; waits for own threads are left out."""
        wait = tail_wait(facts, lambda part: part.part == Blocked.QUEUE)
        if wait is None or _joins(facts, wait.where):
            return []
        told = cause_of(
            facts,
            self.id,
            wait,
            "wait for another thread",
            disproof="the tail stays with several threads at the other end, or with none between",
            proposal="Let the thread that has the request do the work, or let more threads take from the queue; keep "
            "what is slow, such as a flush, out of the thread that all others wait for.",
        )
        return [told]


def _joins(facts: Facts, where: str) -> bool:
    """Whether a function mostly waits for the end of threads that it has started: they work for the request."""
    profile = facts.off_cpu
    if profile is None or not where:
        return False
    names = {stack: profile.names(stack) for stack in profile.everything}
    there = frozenset(stack for stack, functions in names.items() if short(owner(functions) or "") == where)
    return profile.value(there & profile.containing(_JOINS)) > _MOSTLY * profile.value(there)


RULE = ThreadHandOff()

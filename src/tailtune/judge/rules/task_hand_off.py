"""Slow requests whose tasks wait for one other task: many go on at the same moment."""

from tailtune.judge.cause import Cause
from tailtune.judge.facts import Facts
from tailtune.judge.outside_waits import outside_wait
from tailtune.judge.tail_waits import cause_of
from tailtune.model.finding import Evidence


class TaskHandOff:
    """Tasks of requests above p99 that waited for a timer or the network, and then went on together.

    Each request's own wait ends by itself. Where many end at once, one of them, or a task of none, waited for that
    event, and the others for it.
    """

    id = "task-hand-off"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail's time."""
        found = outside_wait(facts)
        if found is None or not found.is_shared:
            return []
        what = "a timer" if found.is_timer else "a timer or the network"
        together = f"{found.together:.0f} requests went on since the same moment, on average"
        told = cause_of(
            facts,
            self.id,
            found.wait,
            f"wait for one other task, which waits for {what}, and go on together, {found.together:.0f} at a time,",
            disproof="the tail stays when nothing is awaited under the lock, or by the task that all go through",
            proposal="Look for a lock that is held across an await (tokio::sync::Mutex, RwLock, a semaphore), and for "
            "a task that all requests send to and that awaits in its loop (an actor). Await before the lock is taken "
            "or behind it, let the actor start a task for what takes long, or have several of them.",
            further=[Evidence(text=together, source="tables/wait_ends.parquet")],
        )
        return [told]


RULE = TaskHandOff()

"""Slow requests that lie unread, since the thread that is to read them is blocked in something else."""

from collections.abc import Callable
from typing import Final

from tailtune.judge.async_work import polled_functions
from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.part_names import READER_BLOCKED
from tailtune.judge.tail_waits import follows_goroutines, tail_wait
from tailtune.model.finding import Group, Strength
from tailtune.model.request_parts import PartShare

_BLOCKING: Final = (Blocked.LOCK, Blocked.QUEUE, Blocked.SLEEP, Blocked.NETWORK, Blocked.DISK, Blocked.CHILD)


class BlockingCall:
    """Threads that serve many connections, such as a runtime's workers, and were blocked by one of their requests."""

    id = "blocking-call"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where that takes a tenth of the tail: of the requests that wait, and of those that block."""
        wait = tail_wait(facts, _blocks(facts))
        if wait is None or follows_goroutines(facts):
            return []
        kind = wait.parts[0].part.removeprefix(f"{READER_BLOCKED}: ")
        where = f" in {wait.where}" if wait.where else ""
        found = finding(
            facts,
            self.id,
            wait.where,
            f"requests above p99 wait for a thread that serves several connections and is blocked{where} ({kind}): "
            f"{wait.told()}",
            group=Group.CONCURRENCY,
            share=wait.share,
            share_of=TAIL,
            strength=Strength.STRONG,
            evidence=wait.evidence(),
            disproof="the tail stays when that call is made on a thread of its own",
            proposal="Make the call asynchronous, or move it off the workers (spawn_blocking, a thread of its own that "
            "works ahead); lock with the runtime's own locks where the lock is held across a wait.",
        )
        return [Cause(found, wait.share.point, parts=wait.names)]


def _blocks(facts: Facts) -> Callable[[PartShare], bool]:
    """Return what tells whether a part is a worker's wait: before it reads the request, or while it serves it."""
    polled = polled_functions(facts.off_cpu) if facts.off_cpu else frozenset[str]()

    def is_meant(part: PartShare) -> bool:
        if part.part.startswith(READER_BLOCKED):
            return True
        return part.part in _BLOCKING and bool(part.places) and part.places[0].function in polled

    return is_meant


RULE = BlockingCall()

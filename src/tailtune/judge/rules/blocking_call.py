"""Slow requests that lie unread, since the thread that is to read them is blocked in something else."""

from dataclasses import replace

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import TAIL, Cause, finding
from tailtune.judge.facts import Facts
from tailtune.judge.request_parts import READER_BLOCKED
from tailtune.judge.tail_waits import TailWait, tail_wait
from tailtune.model.finding import Group, Strength


class BlockingCall:
    """Threads that serve many connections, such as a runtime's workers, and were blocked by one of their requests."""

    id = "blocking-call"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where that takes a tenth of the tail's time."""
        wait = tail_wait(facts, lambda part: part.startswith(READER_BLOCKED))
        if wait is None:
            return []
        wait = _with_its_own(wait)
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
        return [Cause(found, wait.share.point)]


def _with_its_own(wait: TailWait) -> TailWait:
    """Add what the requests that made the call waited in it themselves: the same kind of wait in the same function."""
    kinds = {str(kind) for kind in Blocked}
    own = [
        part for part in wait.band.parts if part.part in kinds and part.places and part.places[0].function == wait.where
    ]
    return replace(wait, parts=[*wait.parts, *own])


RULE = BlockingCall()

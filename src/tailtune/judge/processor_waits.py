"""When requests waited for one of Go's processors (P), and who had them meanwhile.

A goroutine that is ready waits for a P. So does a request that nobody has read: the network is asked by a thread that
finds no goroutine ready, or else every 10 ms by the runtime's monitor (`findRunnable` and `sysmon` in runtime/proc.go,
Go 1.22 to 1.27). As long as all processors run goroutines, a goroutine that waits for the network waits for them.
"""

from typing import Final

import numpy as np

from tailtune.judge.blocked_causes import Cause
from tailtune.judge.goroutine_parts import off_threads
from tailtune.judge.goroutine_table import ASSISTING, RUNNING
from tailtune.judge.goroutine_times import GoroutineTimes
from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.part_names import READER_WAITS_FOR_P, WAITS_FOR_P, WAY_IN
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.shared_waits import RequestWaits, SharedWaits, near
from tailtune.judge.stretches import Stretches, no_stretches

PROCESSOR_PARTS: Final = (WAITS_FOR_P, READER_WAITS_FOR_P, WAY_IN)
"""Parts of latency that may be waits for a P."""


def waits_for_processor(parts: RequestParts, members: Flags) -> RequestWaits:
    """Return the waits for a P, or for the network before they were read, of the followed requests in `members`."""
    followed = parts.followed
    if followed is None:
        return RequestWaits.named(dict.fromkeys(PROCESSOR_PARTS, no_stretches()))
    windows = followed.windows
    rows = np.flatnonzero(members & followed.is_followed)
    reader, arrival = windows.reader[rows], windows.arrival_ns[rows]
    found = {}
    for part, within, wait in (
        (WAITS_FOR_P, followed.spans.chosen(members[followed.spans.request]), WAITS_FOR_P),
        (READER_WAITS_FOR_P, Stretches(rows, reader, windows.requests["sent_ns"][rows], arrival), WAITS_FOR_P),
        (WAY_IN, Stretches(rows, reader, windows.turned_to_it(rows), arrival), str(Cause.NETWORK)),
    ):
        pieces = off_threads(followed, within, wait)
        request, goroutine = within.request[pieces.stretch], within.tid[pieces.stretch]
        found[part] = Stretches(request, goroutine, pieces.begin_ns, pieces.end_ns)
    return RequestWaits.named(found)


class Processors(SharedWaits):
    """The intervals in which goroutines ran while requests waited, and how long was waited for each."""

    def __init__(self, times: GoroutineTimes, waits: Stretches, processors: int) -> None:
        """Sum up.

        Args:
            times: of all goroutines.
            waits: of requests; some may overlap.
            processors: GOMAXPROCS; 0: not known, the most goroutines that ran at the same time.
        """
        rows = np.flatnonzero(np.isin(times.state, (RUNNING, ASSISTING)))
        self.row: Integers = rows[near(times.rows.t_ns[rows], times.end_ns[rows], waits)]
        """Of `times`: intervals of goroutines that have a P."""
        super().__init__(times.rows.t_ns[self.row], times.end_ns[self.row], waits, processors)

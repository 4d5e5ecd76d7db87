"""How large each request was: the bytes that the service read on its connection while it was in flight."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.bundle.schema import SOCKET_KINDS
from tailtune.judge.tail import Integers, SizedTimes, answered, column, of_window

_FEWEST: Final = 500
_EARLY_NS: Final = 1_000_000
"""A read may end before the engine's send does: bytes on loopback are there first."""


def sized_times(bundle: Bundle, window: str) -> SizedTimes | None:
    """Return times and sizes of a window's answered requests; None where reads were not seen, or are too few.

    With several requests at once on a connection, their sizes cannot be told apart; those are left out, as are requests
    of which no read was seen.
    """
    rows = answered(bundle.table("requests"), window)
    reads = of_window(bundle.table("socket_calls"), window)
    reads = reads.filter(pc.and_(pc.equal(reads["kind"], SOCKET_KINDS.index("read")), pc.greater(reads["bytes"], 0)))
    if rows.num_rows < _FEWEST or not reads.num_rows:
        return None
    intended, sent, done = (column(rows, name) for name in ("intended_ns", "sent_ns", "done_ns"))
    port = _ports(of_window(bundle.table("connections"), window), column(rows, "connection"))
    begin = np.maximum(intended, sent - _EARLY_NS)
    size = _read_between(reads, port, begin, done)
    kept = (size > 0) & (port > 0) & _alone(port, sent, done)
    if np.count_nonzero(kept) < _FEWEST:
        return None
    latency, service = ((done - since)[kept].astype(np.float64) for since in (intended, sent))
    return SizedTimes(latency, service, size[kept].astype(np.float64))


def _ports(connections: pa.Table, wanted: Integers) -> Integers:
    """Return the engine's port of each connection; 0 where it is not known."""
    numbers, ports = (column(connections, name).tolist() for name in ("connection", "local_port"))
    known = dict(zip(numbers, ports, strict=True))
    return np.array([known.get(connection, 0) for connection in wanted.tolist()], dtype=np.int64)


def _read_between(reads: pa.Table, port: Integers, begin: Integers, end: Integers) -> Integers:
    """Return the bytes read on each port from begin to end."""
    t_ns, peer = column(reads, "t_ns"), column(reads, "peer_port")
    order = np.lexsort((t_ns, peer))
    times = np.unique(t_ns)

    def key(ports: Integers, rank: Integers) -> Integers:
        return ports * (len(times) + 1) + rank

    keys = key(peer[order], np.searchsorted(times, t_ns[order]))
    until = np.concatenate([[0], np.cumsum(column(reads, "bytes")[order])])
    first = np.searchsorted(keys, key(port, np.searchsorted(times, begin)))
    behind = np.searchsorted(keys, key(port, np.searchsorted(times, end, side="right")))
    read: Integers = until[behind] - until[first]
    return read


def _alone(port: Integers, sent: Integers, done: Integers) -> npt.NDArray[np.bool_]:
    """Return which requests share their connection's time with no other."""
    order = np.lexsort((sent, port))
    same = port[order][1:] == port[order][:-1]
    meets = same & (sent[order][1:] < done[order][:-1])
    alone = np.ones(len(port), dtype=np.bool_)
    alone[order[1:][meets]] = False
    alone[order[:-1][meets]] = False
    return alone

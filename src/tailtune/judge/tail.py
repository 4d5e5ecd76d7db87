"""The slowest requests of a run: how long they took, and which code had the CPUs while they were in flight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.judge.stackprofile import Frame, StackProfile
from tailtune.model.estimate import Estimate

TAIL_QUANTILE: Final = 0.99
"""The tail is what lies above."""
_FEWEST_REQUESTS: Final = 500
"""Fewer have no tail worth the name."""
_FEWEST_IN_TAIL: Final = 5
_CONFIDENCE: Final = 0.95
_FRAME_FIELDS: Final = ("function", "file", "module", "line", "inlined", "kernel")

Integers = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RequestTimes:
    """Requests that were answered as expected, one by one; ns."""

    latency_ns: Times
    service_ns: Times
    """From the actual send to the same end."""

    @property
    def in_tail(self) -> npt.NDArray[np.bool_]:
        """Which requests lie above p99."""
        above: npt.NDArray[np.bool_] = self.latency_ns > np.quantile(self.latency_ns, TAIL_QUANTILE)
        return above


@dataclass(frozen=True, eq=False)
class Tail:
    """Requests above p99, and what was sampled on the CPUs while they were in flight."""

    requests: int
    wall_ns: float
    """The latencies of these requests, summed."""
    stretches: int
    """Pieces of time in which at least one of them was in flight: they are independent, the requests are not."""
    meanwhile: StackProfile
    """A sample counts once if any of them was in flight; its value is its CPU time for each one that was."""
    always: StackProfile
    """The same stacks, weighed by all their CPU time."""
    window_ns: float
    """Length of the window."""
    queued: int = 0
    """Go: the most goroutines that were seen waiting for a processor; snapshots are a second apart."""
    procs: int = 0
    """Go: GOMAXPROCS; 0 if unknown."""


@dataclass(frozen=True, eq=False)
class SizedTimes(RequestTimes):
    """The same, of those whose bytes were seen to arrive."""

    size_bytes: Times
    """Of the request as the service read it, with its head."""


def share_of_tail(times: RequestTimes, part_ns: Times) -> Estimate:
    """Return which share a part has of the time of the requests above p99.

    Args:
        times: all requests.
        part_ns: the part of each; what exceeds a request's latency is left out.

    The interval is that of a mean over requests (Student's t): of the tail's own scatter, not of the way in which the
    part was told.
    """
    from scipy import stats

    latency = times.latency_ns[times.in_tail]
    part = np.minimum(part_ns[times.in_tail], latency)
    n = len(latency)
    if n < _FEWEST_IN_TAIL:
        return Estimate(point=0.0, low=None, high=None, confidence=_CONFIDENCE, n=n)
    point = float(part.sum() / latency.sum())
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, n - 1) * (part / latency).std(ddof=1) / math.sqrt(n))
    return Estimate(point=point, low=max(0.0, point - half), high=min(1.0, point + half), confidence=_CONFIDENCE, n=n)


def sum_of_shares(shares: Sequence[Estimate]) -> Estimate:
    """Return the share of several parts, at least one, that are taken to err in the same direction; at most 1."""
    point = min(1.0, sum(share.point for share in shares))
    bounds = [(share.low, share.high) for share in shares if share.low is not None and share.high is not None]
    first = shares[0]
    if len(bounds) < len(shares):
        return Estimate(point=point, low=None, high=None, confidence=first.confidence, n=first.n)
    low, high = (min(1.0, sum(edges)) for edges in zip(*bounds, strict=True))
    return Estimate(point=point, low=low, high=high, confidence=first.confidence, n=first.n)


def request_times(bundle: Bundle, window: str) -> RequestTimes | None:
    """Return the times of a window's answered requests; None where they were not logged, or are too few."""
    rows = answered(bundle.table("requests"), window)
    if rows.num_rows < _FEWEST_REQUESTS:
        return None
    intended, sent, done = (column(rows, name) for name in ("intended_ns", "sent_ns", "done_ns"))
    return RequestTimes((done - intended).astype(np.float64), (done - sent).astype(np.float64))


def tail_of(bundle: Bundle, window: str, sample_ns: float) -> Tail | None:
    """Return a window's tail; None without stacks, or with too few requests.

    Args:
        bundle: the recording.
        window: the window, one in which stacks were sampled.
        sample_ns: CPU time that a sample stands for.
    """
    rows, samples = of_window(bundle.table("requests"), window), of_window(bundle.table("samples"), window)
    if rows.num_rows < _FEWEST_REQUESTS or not samples.num_rows:
        return None
    begin, end = column(rows, "intended_ns"), column(rows, "done_ns")
    latency = end - begin
    slow = latency > np.quantile(latency, TAIL_QUANTILE)
    if not slow.any():
        return None
    t_ns = column(samples, "t_ns")
    stacks, place = np.unique(column(samples, "stack"), return_inverse=True)
    frames, paths = _paths(bundle, stacks)
    in_flight = _in_flight(begin[slow], end[slow], t_ns)
    place = place.ravel()

    def weighed(counts: npt.NDArray[np.bool_], weights: Integers) -> StackProfile:
        counted = np.bincount(place, counts, len(stacks)).astype(np.int64)
        values = np.bincount(place, weights, len(stacks)).astype(np.float64) * sample_ns
        return StackProfile("tables/samples.parquet", frames, paths, counted, values)

    queued, procs = _longest_queue(bundle, int(begin.min()))
    return Tail(
        requests=int(slow.sum()),
        wall_ns=float(latency[slow].sum()),
        stretches=_stretches(begin[slow], end[slow]),
        meanwhile=weighed(in_flight > 0, in_flight),
        always=weighed(np.ones(len(t_ns), np.bool_), np.ones(len(t_ns), np.int64)),
        window_ns=float(end.max() - begin.min()),
        queued=queued,
        procs=procs,
    )


def answered(requests: pa.Table, window: str) -> pa.Table:
    """Return the rows of a window's requests that were answered as expected."""
    rows = of_window(requests, window)
    return rows.filter(pc.equal(rows["outcome"], 0))


def of_window(table: pa.Table, window: str) -> pa.Table:
    """Return the rows of one window, as they come."""
    return table.filter(pc.equal(table["window"].cast(pa.string()), window))


def column(table: pa.Table, name: str) -> Integers:
    """Return a column of whole numbers."""
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _in_flight(begin: Integers, end: Integers, t_ns: Integers) -> Integers:
    """Return for each time how many of the requests were in flight."""
    began = np.searchsorted(np.sort(begin), t_ns, side="right")
    ended = np.searchsorted(np.sort(end), t_ns, side="right")
    return (began - ended).astype(np.int64)


def _stretches(begin: Integers, end: Integers) -> int:
    order = np.argsort(begin)
    until = np.maximum.accumulate(end[order])
    return 1 + int(np.count_nonzero(begin[order][1:] > until[:-1]))


def _paths(bundle: Bundle, stacks: Integers) -> tuple[list[Frame], list[tuple[int, ...]]]:
    """Return the frames of the recording, and for each of the stacks its frames, leaf first."""
    table = bundle.table("frames")
    columns = [table[name].to_pylist() for name in _FRAME_FIELDS]
    frames = [Frame(*values) for values in zip(*columns, strict=True)]
    index = {number: at for at, number in enumerate(table["frame"].to_pylist())}
    rows = bundle.table("stacks")
    rows = rows.filter(pc.is_in(rows["stack"], pa.array(stacks, rows["stack"].type))).sort_by(
        [("stack", "ascending"), ("depth", "ascending")]
    )
    found: dict[int, list[int]] = {int(stack): [] for stack in stacks}
    for stack, frame in zip(rows["stack"].to_pylist(), rows["frame"].to_pylist(), strict=True):
        if frame in index:
            found[stack].append(index[frame])
    return frames, [tuple(path) for path in found.values()]


def _longest_queue(bundle: Bundle, since_ns: int) -> tuple[int, int]:
    """Return the longest queue of goroutines that schedtrace saw, and GOMAXPROCS; zeros for other languages."""
    rows = bundle.table("sched")
    rows = rows.filter(pc.greater_equal(rows["t_ns"], since_ns))
    if not rows.num_rows:
        return 0, 0
    queued = column(rows, "run_queue") + column(rows, "local_run_queue")
    return int(queued.max()), int(column(rows, "gomaxprocs").max())

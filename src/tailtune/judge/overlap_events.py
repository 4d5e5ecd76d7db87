"""What happened while requests were in flight, from what anybody may read: gctrace, /proc and the control group."""

from typing import Final

import numpy as np
import pyarrow as pa

from tailtune.bundle import Bundle
from tailtune.judge.overlap import Event, Overlap, Spans, overlaps
from tailtune.judge.request_tables import LATEST_NS
from tailtune.judge.resources import rows_of
from tailtune.judge.tail import column, of_window
from tailtune.model.request_parts import RequestBands

_GC_TOLERANCE_NS: Final = 2_000_000
"""gctrace tells a cycle's start in whole ms, counted from when the runtime was ready, a little after the process."""
_MOST_THROTTLED_NS: Final = 100_000_000
"""The kernel counts a throttled period when it is over, so it began before the reading that first shows it."""
_TIMES_USUAL: Final = 2.0
"""A counter that grows so many times as fast as it does in half of the readings has a burst."""
_FEWEST_READINGS: Final = 10
_COUNTERS: Final = {
    Event.RUN_QUEUE: ("run_delay_ns",),
    Event.FAULTS: ("minor_faults", "major_faults"),
    Event.SWITCHES: ("voluntary_switches", "involuntary_switches"),
}


def seen_together(bundle: Bundle, measure: str, diagnose: str) -> list[Overlap]:
    """Return how often slow requests and each kind of event came together.

    Collections are told exactly, so they are taken from the window `measure`, which is longer; counters are read more
    often in `diagnose`, and taken from there if it was recorded.

    Raises:
        RecordingError: if a file of the recording is damaged.
    """
    requests = bundle.table("requests")
    found = _in_window(requests, measure, {Event.COLLECTION: collections(bundle.table("gc"))})
    process, host = bundle.table("process"), bundle.table("host")
    window = diagnose if of_window(process, diagnose).num_rows else measure
    rows = rows_of(process, window)
    events = {kind: bursts(rows, names) for kind, names in _COUNTERS.items()}
    events[Event.THROTTLING] = throttled(rows_of(host, window))
    return found + _in_window(requests, window, events)


def tells_requests(bands: RequestBands | None) -> bool:
    """Whether the time of most single requests was divided into parts: then nothing needs to be told by overlap."""
    return bands is not None and 2 * bands.divided >= bands.requests > 0


def collections(gc: pa.Table) -> Spans:
    """Return when Go's collector was at work, from the table `gc`."""
    begin = column(gc, "t_ns")
    phases = [np.clip(column(gc, name), 0, LATEST_NS) for name in ("stw_sweep_ns", "mark_ns", "stw_mark_ns")]
    return Spans.joined(begin, begin + sum(phases, np.full_like(begin, _GC_TOLERANCE_NS)))


def throttled(host: pa.Table) -> Spans:
    """Return when the control group was stopped for its quota, from one window of the table `host`, ordered by time."""
    t_ns, periods, stopped = (column(host, name) for name in ("t_ns", "throttled_periods", "throttled_ns"))
    grew = np.flatnonzero(np.diff(periods) > 0)
    before = np.clip(np.diff(stopped)[grew], 0, _MOST_THROTTLED_NS)
    return Spans.joined(t_ns[:-1][grew] - before, t_ns[1:][grew])


def bursts(process: pa.Table, names: tuple[str, ...]) -> Spans:
    """Return when counters grew much faster than usual, from one window of the table `process`, ordered by time.

    Nothing where there are too few readings to say what is usual.
    """
    t_ns = column(process, "t_ns")
    total = np.sum([column(process, name) for name in names], axis=0)
    length, growth = np.diff(t_ns), np.diff(total)
    known = np.flatnonzero(length > 0)
    if len(known) < _FEWEST_READINGS:
        return Spans.joined(t_ns[:0], t_ns[:0])
    rate = np.maximum(0, growth[known]) / length[known]
    fast = known[(rate > _TIMES_USUAL * np.median(rate)) & (rate > 0)]
    return Spans.joined(t_ns[:-1][fast], t_ns[1:][fast])


def _in_window(requests: pa.Table, window: str, events: dict[Event, Spans]) -> list[Overlap]:
    rows = of_window(requests, window)
    return overlaps(column(rows, "intended_ns"), column(rows, "done_ns"), events, window)

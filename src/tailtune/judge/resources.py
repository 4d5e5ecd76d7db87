"""CPU, memory, scheduling and garbage collection of one window, from its counters."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.judge.distribution import Distribution
from tailtune.judge.quantiles import join_sizes, persistence
from tailtune.model.estimate import Estimate
from tailtune.model.recording import Phase
from tailtune.model.summary import CpuSummary, GcSummary, SchedulingSummary, StatesSummary
from tailtune.model.units import NS_PER_S

Edges = tuple[int, int] | None
"""Begin and end of a window, CLOCK_MONOTONIC ns."""

_CONFIDENCE = 0.95
_FEWEST_BATCHES = 3


def rows_of(table: pa.Table, window: str) -> pa.Table:
    """Return the rows of one window, in time."""
    return table.filter(pc.equal(table["window"].cast(pa.string()), window)).sort_by("t_ns")


def edges_of(bundle: Bundle, window: str) -> Edges:
    """Return when a window began and ended: by its first and last process reading, otherwise by its phase."""
    rows = rows_of(bundle.table("process"), window)
    if rows.num_rows >= 2:
        return rows["t_ns"][0].as_py(), rows["t_ns"][-1].as_py()
    for phase in bundle.manifest.phases:
        if phase.phase == Phase(window):
            return phase.started_ns, phase.ended_ns
    return None


def seconds_of(edges: Edges) -> float:
    """Return the length of a window in seconds; 0 if unknown."""
    return (edges[1] - edges[0]) / NS_PER_S if edges else 0.0


def cpu(process: pa.Table, window: str, intervals: Sequence[Distribution], completed: int) -> CpuSummary | None:
    """Return CPU time per request.

    Args:
        process: the PROCESS table.
        window: its window.
        intervals: the requests of each consecutive second of the window, which give the point its interval.
        completed: requests that were answered, which the time is divided by.
    """
    rows = rows_of(process, window)
    if rows.num_rows < 2 or not completed:
        return None
    user, system = growth(rows, "cpu_user_ns"), growth(rows, "cpu_system_ns")
    wall = growth(rows, "t_ns")
    return CpuSummary(
        per_request_ns=_per_request(rows, [interval.n for interval in intervals], (user + system) / completed),
        user_ns_per_request=user / completed,
        system_ns_per_request=system / completed,
        cores=(user + system) / wall if wall else 0.0,
    )


def _per_request(rows: pa.Table, requests: list[int], point: float) -> Estimate:
    """CPU per request with the interval of a ratio estimated from batches of seconds (Cochran, Sampling Techniques)."""
    from scipy import stats

    sizes = join_sizes(requests)
    times = rows["t_ns"].to_numpy().astype(np.float64)
    spent = (rows["cpu_user_ns"].to_numpy() + rows["cpu_system_ns"].to_numpy()).astype(np.float64)
    seconds_each = len(requests) // len(sizes) if sizes else 1
    marks = times[0] + np.arange(len(sizes) + 1) * seconds_each * NS_PER_S
    costs = np.diff(np.interp(marks, times, spent))
    count = len(sizes)
    total = sum(requests)
    if count < _FEWEST_BATCHES:
        return Estimate(point=point, low=None, high=None, confidence=_CONFIDENCE, n=total)
    weights = np.array(sizes, dtype=np.float64)
    residuals = costs - weights * (costs.sum() / weights.sum())
    variance = float(residuals @ residuals) * count / (count - 1) * persistence(residuals)
    error = math.sqrt(variance) / weights.sum()
    half = error * float(stats.t.ppf((1 + _CONFIDENCE) / 2, count - 1))
    low, high = float(max(0.0, point - half)), float(point + half)
    return Estimate(point=point, low=low, high=high, confidence=_CONFIDENCE, n=total)


def scheduling(bundle: Bundle, window: str, requests: int) -> SchedulingSummary | None:
    """Return what kept the service's threads from running; None where they were not observed."""
    process = rows_of(bundle.table("process"), window)
    if process.num_rows < 2 or not requests:
        return None
    host = rows_of(bundle.table("host"), window)
    capacity = growth(host, "t_ns") * max(1, bundle.manifest.environment.logical_cpus)
    return SchedulingSummary(
        run_delay_ns_per_request=growth(process, "run_delay_ns") / requests,
        involuntary_switches_per_request=growth(process, "involuntary_switches") / requests,
        throttled_ns=growth(host, "throttled_ns"),
        throttled_periods=growth(host, "throttled_periods"),
        steal_share=growth(host, "steal_ns") / capacity if capacity else 0.0,
    )


def page_faults(process: pa.Table, window: str, requests: int) -> float | None:
    """Return page faults per request, minor and major; None where the service's processes were not observed."""
    rows = rows_of(process, window)
    if rows.num_rows < 2 or not requests:
        return None
    return (growth(rows, "minor_faults") + growth(rows, "major_faults")) / requests


def go_processors(sched: pa.Table) -> int:
    """Return GOMAXPROCS as Go's scheduler told it last; 0 for other languages."""
    return int(sched["gomaxprocs"][-1].as_py()) if sched.num_rows else 0


def states(threads: pa.Table, window: str) -> StatesSummary | None:
    """Return the average number of threads in each state; None where states were not recorded.

    Args:
        threads: the THREAD_STATES table.
        window: its window, whose length is the longest life of a thread in it.
    """
    rows = threads.filter(pc.equal(threads["window"].cast(pa.string()), window))
    alive = int(pc.sum(rows["wall_ns"]).as_py() or 0)
    length = int(pc.max(rows.filter(pc.not_equal(rows["tid"], 0))["wall_ns"]).as_py() or 0)
    if not length:
        return None
    kinds = ("on_cpu", "runnable", "blocked", "residue")
    spent = {kind: int(pc.sum(rows[f"{kind}_ns"]).as_py()) for kind in kinds}
    return StatesSummary(
        **{kind: time_ns / length for kind, time_ns in spent.items()}, residue_share=spent["residue"] / alive
    )


def peak_rss(process: pa.Table, window: str) -> int | None:
    """Return the largest resident size up to the end of the window, bytes; None where not observed."""
    rows = rows_of(process, window)
    return int(pc.max(rows["peak_rss_bytes"]).as_py()) if rows.num_rows else None


def collections(gc: pa.Table, edges: Edges, spent: CpuSummary | None) -> GcSummary | None:
    """Return Go's garbage collections within a window; None for a service without gctrace."""
    if gc.num_rows == 0 or edges is None or spent is None:
        return None
    inside = pc.and_(pc.greater_equal(gc["t_ns"], edges[0]), pc.less_equal(gc["t_ns"], edges[1]))
    rows = gc.filter(inside).sort_by("t_ns")
    seconds = seconds_of(edges)
    cpu_ns = spent.cores * seconds * NS_PER_S
    pauses = _column(rows, "stw_sweep_ns") + _column(rows, "stw_mark_ns")
    assist = _column(rows, "assist_cpu_ns")
    work = (
        assist
        + _column(rows, "background_cpu_ns")
        + _column(rows, "stw_sweep_cpu_ns")
        + _column(rows, "stw_mark_cpu_ns")
    )
    last = rows if rows.num_rows else gc
    return GcSummary(
        cycles=rows.num_rows,
        cycles_per_s=rows.num_rows / seconds if seconds else 0.0,
        cpu_share=min(1.0, float(work.sum()) / cpu_ns) if cpu_ns else 0.0,
        assist_share=min(1.0, float(assist.sum()) / cpu_ns) if cpu_ns else 0.0,
        pause_mean_ns=float(pauses.mean()) if len(pauses) else 0.0,
        pause_max_ns=float(pauses.max()) if len(pauses) else 0.0,
        heap_live_bytes=last["heap_live_bytes"][-1].as_py(),
        heap_goal_bytes=last["heap_goal_bytes"][-1].as_py(),
    )


def growth(rows: pa.Table, column: str) -> int:
    """Return by how much a cumulative counter grew over the rows; 0 for fewer than two, and where it fell."""
    return max(0, int(rows[column][-1].as_py() - rows[column][0].as_py())) if rows.num_rows >= 2 else 0


def _column(rows: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Return a column of times, which a damaged recording alone has below 0."""
    return np.maximum(0.0, np.asarray(rows[name].to_numpy(), dtype=np.float64))

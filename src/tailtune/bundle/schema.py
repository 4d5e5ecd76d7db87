"""The tables of a recording: names, columns, units. Times are CLOCK_MONOTONIC nanoseconds.

Counters are cumulative since the process started; readers take differences. A new column is
added at the end, and `tables` must then say what it holds in older recordings, which lack it; a
change of meaning raises FORMAT_VERSION.
"""

from typing import Final

import pyarrow as pa

_WINDOW: Final = pa.field("window", pa.dictionary(pa.int8(), pa.string()), nullable=False)
"""`measure` or `diagnose` in a run, `slice` in an experiment."""
_SLICE: Final = pa.field("slice", pa.int32(), nullable=False)
"""Number of the slice in an experiment; -1 in a run."""


def _fields(kind: pa.DataType, *names: str) -> list[pa.Field]:
    return [pa.field(name, kind, nullable=False) for name in names]


REQUESTS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.uint16(), "operation", "status"),
        *_fields(pa.uint8(), "outcome"),  # index into OUTCOMES
        *_fields(pa.uint32(), "connection", "response_bytes"),
        *_fields(pa.int64(), "intended_ns", "sent_ns", "first_byte_ns", "done_ns"),
    ]
)
"""One row a request that ended; sent and first byte are 0 where it did not get so far.

`done_ns` is when the answer was complete or the request was given up. `connection` numbers connections in
the order of opening, 2³²−1 for a request that never got one; `response_bytes` includes the head.
"""

OUTCOMES: Final = ("ok", "unexpected-status", "timeout", "connection-error", "unexpected-body")

CONNECTIONS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.uint32(), "connection"),
        *_fields(pa.uint16(), "local_port"),
        *_fields(pa.int64(), "opened_ns", "closed_ns"),
    ]
)
"""One row a connection of the load engine, also of those that came to nothing; numbers as in REQUESTS.

`local_port` is the engine's end, 0 where it has none or it is not known: two connections may have the same, one after
the other. It was being opened from `opened_ns`; `closed_ns` is 0 where it was there to the end.
"""

SOCKET_CALLS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.int64(), "t_ns"),
        *_fields(pa.int32(), "tid", "pid"),
        *_fields(pa.uint8(), "kind"),  # index into SOCKET_KINDS
        *_fields(pa.uint16(), "peer_port"),
        *_fields(pa.int64(), "bytes"),
    ]
)
"""Calls of the service's processes on connections with its own port, in the order of `t_ns`, when they ended; and when
they opened connections to others.

`peer_port` is the other end's port: `local_port` of CONNECTIONS. `bytes` were moved; a read of 0 is the end of the
stream, a negative number an error's. Calls that would have had to wait and returned at once are left out, as is looking
ahead (MSG_PEEK). With TLS, bytes are encrypted ones.

A write to the same machine hands its bytes over before it returns, so the receiver's time of them may lie before it.
A close may be a shutdown, and is told at its beginning. Nothing is recorded of accept: it is the kernel that completes
a connection, at a time when any thread may be on the CPU.

A connect is told at its beginning, by the thread that makes it; `peer_port` is then the port that is connected to, and
`bytes` is 0. Where the service closes such a connection before it has received anything, there is a second row with
−125 (ECANCELED). Older recordings have no connects.
"""

SOCKET_KINDS: Final = ("read", "write", "accept", "close", "connect")

LATENCY: Final = pa.schema(
    [
        _WINDOW,
        _SLICE,
        *_fields(pa.uint16(), "operation"),
        *_fields(pa.int32(), "interval"),  # second of the intended start, from the window's zero
        pa.field("kind", pa.dictionary(pa.int8(), pa.string()), nullable=False),  # KINDS
        *_fields(pa.int64(), "value_ns", "count"),
    ]
)
"""Log-linear histograms, one row a non-empty bucket; `value_ns` is the bucket's middle, at most 0.1 % off.

A request that got no answer counts with a latency of at least its operation's time-out, and has no service time.
"""

OUTCOME_COUNTS: Final = pa.schema(
    [
        _WINDOW,
        _SLICE,
        *_fields(pa.uint16(), "operation"),
        *_fields(pa.int32(), "interval"),  # second of the intended start, from the window's zero
        *_fields(pa.uint8(), "outcome"),  # index into OUTCOMES
        *_fields(pa.int64(), "count"),
    ]
)
"""How many requests ended in which way: what is left of REQUESTS where the request log is not kept."""

KINDS: Final = ("latency", "service-time", "send-lag")

PROCESS: Final = pa.schema(
    [
        _WINDOW,
        _SLICE,
        *_fields(
            pa.int64(),
            *("t_ns", "cpu_user_ns", "cpu_system_ns", "rss_bytes", "peak_rss_bytes"),
            *("minor_faults", "major_faults", "voluntary_switches", "involuntary_switches"),
            *("run_delay_ns", "threads"),
        ),
    ]
)
"""The service's processes summed; the first and last row of a window stand at its edges."""

THREADS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.int32(), "tid"),
        *_fields(pa.string(), "name"),
        *_fields(pa.int64(), "cpu_ns", "run_delay_ns", "timeslices"),
    ]
)
"""One row a thread: differences over the window, not cumulative."""

HOST: Final = pa.schema(
    [
        _WINDOW,
        _SLICE,
        *_fields(
            pa.int64(),
            *("t_ns", "steal_ns", "busy_ns", "psi_cpu_some_ns", "psi_memory_some_ns", "psi_io_some_ns"),
            *("throttled_periods", "throttled_ns", "probe_delay_ns"),
        ),
        *_fields(pa.float64(), "load_1m"),
    ]
)
"""Interference seen from outside the variants; 0 where the host does not tell."""

SAMPLES: Final = pa.schema(
    [_WINDOW, *_fields(pa.int64(), "t_ns"), *_fields(pa.int32(), "tid", "cpu"), *_fields(pa.uint32(), "stack")]
)
"""On-CPU samples; `stack` refers to STACKS."""

WAITS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.int64(), "t_ns"),
        *_fields(pa.int32(), "tid"),
        *_fields(pa.uint32(), "stack"),
        *_fields(pa.int64(), "blocked_ns", "runnable_ns"),
    ]
)
"""Intervals off the CPU: a thread left it at `t_ns` with `stack` (of STACKS), waited for something for
`blocked_ns`, then for a CPU for `runnable_ns`. The first row of a thread may have no stack but a remark."""

WAIT_ENDS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.int64(), "t_ns"),
        *_fields(pa.int32(), "tid", "woken_by"),
        *_fields(pa.uint8(), "woken_in"),  # index into WOKEN_IN
        *_fields(pa.int32(), "behind_pid"),
        pa.field("behind", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)
"""How intervals of WAITS ended, which have the same `t_ns` and `tid`; those of which nothing is known have no row.

`woken_by` is the thread that had the CPU when the wait ended; 0: none. `behind_pid` and `behind` are the process and
the name of the thread that had the CPU right before the waiting one came to it; 0: nobody had; -1: not known. That
thread was waited for where the waiting one was ready before.
"""

WOKEN_IN: Final = ("unknown", "thread", "sender", "timer", "interrupt")
"""What woke a thread: nobody, or not known; another thread; that thread in a call that sends to its own machine, for it
then receives its own packets; a timer; a device, or packets that came from elsewhere: then the thread is any one.

A timer is one of the kernel's high-resolution timers (`hrtimer`): the end of a sleep, a deadline of a futex, `epoll`,
`poll` or `select`, `timerfd`, or a timer that sends a signal. Deadlines of sockets (`SO_RCVTIMEO`) and of the kernel's
own waits are on the timer wheel, where TCP's timers are, too, which wake threads for other reasons: interrupts, here.
"""

THREAD_STATES: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.int32(), "tid", "pid"),
        *_fields(pa.string(), "name"),
        *_fields(
            pa.int64(),
            *("wall_ns", "on_cpu_ns", "runnable_ns", "blocked_ns", "switches", "residue_ns"),
        ),
    ]
)
"""What each thread did while it lived in the window: the four parts add up to `wall_ns`; the residue could not be
attributed. Many ended threads are summed in one row with tid 0."""

STACKS: Final = pa.schema(_fields(pa.uint32(), "stack", "depth", "frame"))
"""One row a frame of a stack; depth 0 is the leaf."""

FRAMES: Final = pa.schema(
    [
        *_fields(pa.uint32(), "frame"),
        *_fields(pa.string(), "function", "file", "module"),
        *_fields(pa.int32(), "line"),
        *_fields(pa.bool_(), "inlined", "kernel"),
    ]
)

ATOMIC_STACKS: Final = pa.schema(_fields(pa.uint32(), "stack"))
"""Stacks of on-CPU samples whose leaf is an atomic read-modify-write instruction of the service's executable, or is
directly behind one; none where its code could not be read, or is of a machine that is not known."""

GC: Final = pa.schema(
    [
        *_fields(pa.int64(), "t_ns", "cycle"),
        *_fields(
            pa.int64(),
            *("stw_sweep_ns", "mark_ns", "stw_mark_ns", "assist_cpu_ns", "background_cpu_ns", "idle_cpu_ns"),
            *("stw_sweep_cpu_ns", "stw_mark_cpu_ns"),
            *("heap_start_bytes", "heap_end_bytes", "heap_live_bytes", "heap_goal_bytes", "procs"),
        ),
        *_fields(pa.bool_(), "forced"),
    ]
)
"""Go garbage collections as gctrace prints them, from the start of the process."""

SCHED: Final = pa.schema(
    _fields(pa.int64(), "t_ns", "gomaxprocs", "idle_procs", "threads", "run_queue", "local_run_queue")
)
"""Go scheduler states as schedtrace prints them; the local queues are summed."""

SLICES: Final = pa.schema(
    [
        *_fields(pa.int32(), "epoch", "slice", "pair", "position"),
        *_fields(pa.string(), "variant", "schedule_sha256", "validity", "reasons"),
        *_fields(
            pa.int64(),
            *("seed", "started_ns", "ended_ns", "requests", "completed", "unexpected", "cpu_user_ns", "cpu_system_ns"),
            *("peak_rss_bytes", "steal_ns", "other_busy_ns", "throttled_ns", "probe_delay_ns"),
            *("rss_bytes", "minor_faults", "major_faults", "voluntary_switches", "involuntary_switches"),
            *("children_cpu_ns", "gc_cpu_ns", "allocated_bytes", "suspended_ns", "gauge_pieces", "gauge_ns"),
        ),
    ]
)
"""One row a slice. `other_busy_ns`: CPU time of everything but both variants and the engine; `children_cpu_ns`: of
processes that the service started; `suspended_ns`: how long the machine slept. -1: not measured. `gauge_ns`: CPU time
of `gauge_pieces` pieces of the same work on the service's CPUs, of which there are none where nothing was gauged."""

SATURATION: Final = pa.schema(
    [
        *_fields(pa.int32(), "epoch", "pair", "position"),
        *_fields(pa.string(), "variant", "validity"),
        *_fields(pa.int64(), "seed", "connections", "completed", "elapsed_ns"),
    ]
)
"""One row a stretch of closed load, in which the service answers as fast as it can."""

EPOCHS: Final = pa.schema(
    [
        *_fields(pa.int32(), "epoch", "start_order"),
        *_fields(pa.string(), "variant", "reason"),
        *_fields(pa.bool_(), "steady"),
        *_fields(pa.float64(), "warm_up_seconds"),
    ]
)
"""One row a process start; `start_order` 0 was started first."""

CACHES: Final = pa.schema(
    [
        *_fields(pa.string(), "function", "file"),
        *_fields(pa.int32(), "line"),
        *_fields(pa.int64(), "ir", "i1mr", "ilmr", "dr", "d1mr", "dlmr", "dw", "d1mw", "dlmw"),
    ]
)
"""Events on simulated caches, by line of code, summed over the requests that the manifest's `caches` tells.

Names as Cachegrind's: instructions read, data read and data written, with their misses of the first (`1`) and of the
last level (`l`). `function` is the one that was compiled, `file` and `line` are those of what was inlined into it;
`???` and 0 where they are not known.
"""

COUNTERS: Final = pa.schema(
    [
        _WINDOW,
        *_fields(pa.string(), "event"),
        *_fields(pa.int64(), "count", "counted", "enabled_ns", "running_ns"),
        *_fields(pa.bool_(), "kernel"),
    ]
)
"""One row an event that the processor counts, by perf's name: over the window, of all the service's threads together.

`counted` happened in `running_ns`, while the event had a counter of the processor, which the kernel lends in turn;
`count` is that extended, thread by thread, to `enabled_ns`, all the time in which threads ran. `kernel`: what the
kernel did for the service is in it.
"""

TABLES: Final[dict[str, pa.Schema]] = {
    "requests": REQUESTS,
    "latency": LATENCY,
    "outcomes": OUTCOME_COUNTS,
    "process": PROCESS,
    "threads": THREADS,
    "host": HOST,
    "samples": SAMPLES,
    "waits": WAITS,
    "wait_ends": WAIT_ENDS,
    "thread_states": THREAD_STATES,
    "stacks": STACKS,
    "frames": FRAMES,
    "atomic_stacks": ATOMIC_STACKS,
    "gc": GC,
    "sched": SCHED,
    "slices": SLICES,
    "saturation": SATURATION,
    "epochs": EPOCHS,
    "connections": CONNECTIONS,
    "socket_calls": SOCKET_CALLS,
    "caches": CACHES,
    "counters": COUNTERS,
}

ADDED: Final[dict[str, dict[str, int]]] = {
    "slices": dict.fromkeys(
        (
            *("rss_bytes", "minor_faults", "major_faults", "voluntary_switches", "involuntary_switches"),
            *("children_cpu_ns", "gc_cpu_ns", "allocated_bytes", "suspended_ns"),
        ),
        -1,
    )
    | {"gauge_pieces": 0, "gauge_ns": 0}
}
"""Columns that older recordings lack, and what stands for them there."""

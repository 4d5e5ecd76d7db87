"""Recordings of requests whose every nanosecond is known, told event by event."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tests.support.recordings import latency, load_report, manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.goroutine_table import NOBODY, GoroutineStacks, GoroutineTable
from tailtune.judge.request_tables import WindowTables, gather
from tailtune.model.recording import Kind

READ, WRITE, ACCEPT, CLOSE, CONNECT = range(5)
MS = 1_000_000
OK, TIMEOUT = 0, 2
MAIN = "shop::handler::answer"
LOCK = ("syscall", "std::sys::pal::unix::futex::futex_wait", "std::sys::sync::mutex::futex::Mutex::lock_contended")
SLEEP = ("clock_nanosleep", "std::thread::functions::sleep")
RECEIVE = ("recv", "std::net::tcp::TcpStream::read")
DISK = ("io_schedule", "ext4_file_read_iter", "vfs_read")
PARKED = ("runtime.futex", "runtime.futexsleep", "runtime.notesleep", "runtime.stopm", "runtime.findRunnable")


class Story:
    """Collects the rows of all tables; times in ns, in any order."""

    def __init__(self, window: str = "diagnose") -> None:
        self.window = window
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._stacks: dict[tuple[str, ...], int] = {}
        self._frames: dict[str, int] = {}
        self.intervals: list[tuple[int, ...]] = []
        self._reasons: dict[str, int] = {}
        self._go_stacks: dict[tuple[str, ...], int] = {}

    def connection(self, number: int, port: int, opened: int = 0, closed: int = 0) -> None:
        self._add("connections", connection=number, local_port=port, opened_ns=opened, closed_ns=closed)

    def request(
        self, intended: int, sent: int, done: int, connection: int = 0, outcome: int = OK, operation: int = 0
    ) -> None:
        times = {"intended_ns": intended, "sent_ns": sent, "done_ns": done}
        self._add("requests", **times, connection=connection, outcome=outcome, status=200, operation=operation)

    def call(self, kind: int, t: int, tid: int, port: int, size: int = 100) -> None:
        self._add("socket_calls", t_ns=t, tid=tid, pid=1, kind=kind, peer_port=port, bytes=size)

    def wait(self, tid: int, t: int, stack: tuple[str, ...], blocked: int, runnable: int = 0) -> None:
        self._add("waits", t_ns=t, tid=tid, stack=self.stack(*stack), blocked_ns=blocked, runnable_ns=runnable)

    def woken(self, tid: int, t: int, by: int, how: int, behind_pid: int = -1, behind: str = "") -> None:
        """How the wait of a thread that began at `t` ended."""
        row = {"woken_by": by, "woken_in": how, "behind_pid": behind_pid, "behind": behind}
        self._add("wait_ends", t_ns=t, tid=tid, **row)

    def sample(self, tid: int, t: int, *stack: str, cpu: int = 1) -> None:
        self._add("samples", t_ns=t, tid=tid, cpu=cpu, stack=self.stack(*stack))

    def thread(self, tid: int, name: str, wall: int, on_cpu: int) -> None:
        self._add("thread_states", tid=tid, pid=1, name=name, wall_ns=wall, on_cpu_ns=on_cpu)

    def goroutine(
        self,
        number: int,
        begin: int,
        end: int,
        state: int,
        *stack: str,
        tid: int = NOBODY,
        reason: str = "",
        waker: int = NOBODY,
    ) -> None:
        """An interval of Go's execution trace."""
        why = self._reasons.setdefault(reason, len(self._reasons))
        where = self._go_stacks.setdefault(stack, len(self._go_stacks))
        self.intervals.append((number, begin, end, state, why, tid, where, waker))

    def goroutines(self) -> GoroutineTable:
        """The intervals as read from a trace."""
        number, begin, end, state, why, tid, where, waker = np.array(self.intervals, dtype=np.int64).reshape(-1, 8).T
        functions = [one for stack in self._go_stacks for one in stack]
        ends = np.cumsum([len(stack) for stack in self._go_stacks]).tolist()
        stacks = GoroutineStacks(ends, range(len(functions)), functions)
        reasons = list(self._reasons)
        return GoroutineTable(number, begin, end, state, why, tid, where, waker, reasons=reasons, stacks=stacks)

    def stack(self, *functions: str) -> int:
        """Number of a stack, leaf first; those of DISK are the kernel's."""
        if functions not in self._stacks:
            number = self._stacks[functions] = len(self._stacks)
            for depth, function in enumerate(functions):
                frame = self._frames.setdefault(function, len(self._frames))
                self._add("stacks", stack=number, depth=depth, frame=frame)
        return self._stacks[functions]

    def table(self, name: str) -> pa.Table:
        if name == "frames":
            named = self._frames.items()
            return table(name, [{"frame": at, "function": one, "kernel": one in DISK} for one, at in named])
        return table(name, self.rows[name])

    def tables(self) -> WindowTables:
        found = gather(lambda name: [self.table(name)], self.window)
        return replace(found, goroutines=self.goroutines()) if self.intervals else found

    def _add(self, name: str, /, **row: Any) -> None:
        self.rows[name].append({"window": self.window, **row})


def one_connection(waits: bool = True) -> Story:
    """A thread 7 serves connection 0 from port 4000; a request of known parts, 1000 to 1900 ns."""
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1010, 1900)
    story.call(ACCEPT, 900, 7, 4000, 0)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1850, 7, 4000)
    if waits:
        story.wait(7, 950, (*RECEIVE, MAIN), 80, 40)  # until 1070: 20 of the way in asleep, 40 runnable, 30 on CPU
        story.wait(7, 1200, (*LOCK, "shop::cache::get", MAIN), 300, 50)
        story.wait(7, 1600, (*SLEEP, MAIN), 100)
        story.wait(7, 1900, (*RECEIVE, MAIN), 5000)
    return story


def service(requests: int = 2000, slow: int = 50) -> Story:
    """Requests of 1 ms CPU time; one of `slow` waits for a lock, 2 ms and a little more each time."""
    story = Story()
    story.connection(0, 4000)
    story.wait(7, 1, (*RECEIVE, MAIN), 1)
    at = 10 * MS
    for number in range(requests):
        waits = 2 * MS + number // slow * MS // 10 if number % slow == 7 else 0
        story.wait(7, at - 1, (*RECEIVE, MAIN), MS // 10)
        story.call(READ, at + MS // 10, 7, 4000)
        if waits:
            story.wait(7, at + MS // 2, (*LOCK, "shop::cache::get", MAIN), waits)
        done = at + MS // 10 + MS + waits
        story.call(WRITE, done, 7, 4000)
        story.request(at, at, done)
        at = done + MS
    story.wait(7, at, (*RECEIVE, MAIN), MS)
    return story


def recorded(tmp_path: Path, story: Story) -> Bundle:
    """A run of which this was recorded."""
    with BundleWriter.create(Workspace(tmp_path), Kind.RUN) as writer:
        writer.add_table("latency", latency(range(1, 2001)))
        for name in ("requests", "connections", "socket_calls", "waits", "stacks", "frames"):
            writer.add_table(name, story.table(name))
        return Bundle.open(writer.finish(manifest(load=load_report())))

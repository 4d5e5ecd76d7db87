"""Servers and plays for tests of the load engine."""

import contextlib
import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tailtune.bundle.schema import OUTCOMES
from tailtune.model.endpoint import Endpoint
from tailtune.model.load import LoadReport
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.engine.load import EngineProcess, compile_workload, read_output

Columns = dict[str, Any]
_ROOT = Path(__file__).resolve().parents[2]


class Played(NamedTuple):
    """A report with its tables as numpy columns; latency rows hold (kind, value, count)."""

    report: LoadReport
    requests: Columns
    latency: Columns

    def outcomes(self) -> dict[str, int]:
        return {name: int((self.requests["outcome"] == number).sum()) for number, name in enumerate(OUTCOMES)}

    def latency_ns(self) -> Any:
        return self.requests["done_ns"] - self.requests["intended_ns"]


def workload(seconds: float = 1.0, **fields: Any) -> Workload:
    """Return a workload of one operation; `timeout` in seconds and `path` go to the operation."""
    timeout = Duration.from_seconds(fields.pop("timeout", 10.0))
    operation = Operation(name="get", path=fields.pop("path", "/"), timeout=timeout)
    operations = fields.pop("operations", [operation])
    return Workload(operations=operations, duration=Duration.from_seconds(seconds), **fields)


def play(
    engine: EngineProcess, chosen: Workload, port: int, directory: Path, poll: Callable[[], None] = lambda: None
) -> Played:
    """Compile and play a workload; the log of an earlier play in `directory` is replaced."""
    schedule = directory / "schedule"
    compile_workload(chosen, directory, schedule)
    report = engine.play(schedule, Endpoint(port=port), directory, lambda interval: None, poll)
    return Played(report, *logged(directory))


def logged(directory: Path) -> tuple[Columns, Columns]:
    """Return the tables `requests` and `latency` as columns."""
    tables = read_output(directory, "measure")
    return columns(tables["requests"]), columns(tables["latency"])


def columns(table: Any) -> Columns:
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


@contextlib.contextmanager
def null_server(*, delay_us: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (pid, port) of a running null server."""
    command = [sys.executable, "-m", "tailtune.record.engine.null_server", f"--delay-us={delay_us}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


@contextlib.contextmanager
def socket_server(converse: Callable[[socket.socket, int], None]) -> Iterator[int]:
    """Yield the port of a server that hands each connection, with its number, to `converse`."""
    count = iter(range(1_000_000))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                converse(self.request, next(count))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def read_head(connection: socket.socket) -> bytes:
    """Return one request head without a body; empty at the end of the stream."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        data = connection.recv(65_536)
        if not data:
            return b""
        received += data
    return received


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_json(*command: str) -> Any:
    """Run a command, in the root of the checkout, that prints one JSON value."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

"""Socket calls of real services: threads, forked workers, resets, and joined with what the load engine logged."""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.support.load import columns, play, workload
from tests.support.subjects import subject
from tests.support.waiting import wait_until

from tailtune._native import SocketCalls
from tailtune.bundle.schema import SOCKET_CALLS, SOCKET_KINDS
from tailtune.errors import NativeError
from tailtune.record.collectors.sockets import SocketCollector
from tailtune.record.engine.load import EngineProcess, read_connections

pytestmark = pytest.mark.real

READ, WRITE, _, CLOSE, CONNECT = range(len(SOCKET_KINDS))
ECONNRESET = 104
ECANCELED = 125
REQUEST = b"GET / HTTP/1.1\r\n\r\n"

SERVICE = """
import os, socket, sys, threading

def serve(connection):
    with connection:
        try:
            while connection.recv(65536):
                if sys.argv[1] == "asks":
                    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as other:
                        if sys.argv[3] == "waits":
                            other.recv(1)
                connection.sendall(b"%d %d\\n" % (os.getpid(), threading.get_native_id()))
        except ConnectionResetError:
            pass

def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
if sys.argv[1] != "workers":
    accept()
for _ in range(2):
    if os.fork() == 0:
        accept()
sys.stdin.readline()
if os.fork() == 0:
    listener.close()
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
    accept()
sys.stdin.readline()
"""

REFUSED = """
import json, os
from pathlib import Path
from tailtune.model.recording import Artifact
from tailtune.record.collectors.sockets import SocketCollector
from tailtune.record.ports import Subject

artifact = Artifact(
    variant="base", path="", sha256="", build_id="", build_command=[], build_seconds=0, size_bytes=0
)
subject = Subject(
    pid=os.getpid(), port=1, language="go", pprof="", artifact=artifact, stderr=Path(os.devnull), started_ns=0
)
collector = SocketCollector()
collector.prepare(subject)
collector.begin("diagnose")
capture = collector.end()
record = collector.record()
print(json.dumps({
    "tables": len(capture.tables), "warnings": capture.warnings, "mode": record.mode, "lost": record.lost,
}))
"""
PLAIN = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


class Running(NamedTuple):
    """A service and its port."""

    process: subprocess.Popen[bytes]
    port: int


class Call(NamedTuple):
    """A row of the table."""

    t_ns: int
    tid: int
    pid: int
    kind: int
    peer_port: int
    bytes: int


class Answer(NamedTuple):
    """What a request met, and when."""

    pid: int
    tid: int
    peer_port: int
    sent_ns: int
    received_ns: int


@contextlib.contextmanager
def service(*arguments: str) -> Iterator[Running]:
    command = [sys.executable, "-I", "-S", "-c", SERVICE, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield Running(process, int(process.stdout.readline()))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def ask(connection: socket.socket) -> Answer:
    sent_ns = time.monotonic_ns()
    connection.sendall(REQUEST)
    pid, tid = map(int, connection.recv(100).split())
    return Answer(pid, tid, connection.getsockname()[1], sent_ns, time.monotonic_ns())


@contextlib.contextmanager
def recording(running: Running) -> Iterator[list[Call]]:
    """Record while the block lasts; the list is filled at its end."""
    collector = SocketCollector()
    collector.prepare(subject(pid=running.process.pid, port=running.port))
    if not collector.record().mode:
        pytest.skip(collector.record().lost)
    collector.begin("diagnose")
    found: list[Call] = []
    try:
        yield found
    finally:
        capture = collector.end()
        collector.close()
    table = capture.tables["socket_calls"]
    assert table.schema == SOCKET_CALLS
    assert capture.warnings == []
    assert set(table["window"].to_pylist()) <= {"diagnose"}
    found += [Call(**{name: row[name] for name in Call._fields}) for row in table.to_pylist()]
    assert found == sorted(found, key=lambda call: call.t_ns)


def of(calls: list[Call], answer: Answer) -> list[Call]:
    """The calls on the connection of an answer."""
    return [call for call in calls if call.peer_port == answer.peer_port]


def test_each_request_has_its_read_and_its_write() -> None:
    with service("threads") as running, recording(running) as calls, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(running.port)) for _ in range(3)]
        answers = [ask(connection) for _ in range(5) for connection in connections]
    assert len({answer.tid for answer in answers}) == 3
    for answer in answers:
        [read] = [
            call for call in of(calls, answer) if call.kind == READ and answer.sent_ns < call.t_ns < answer.received_ns
        ]
        assert (read.pid, read.tid, read.bytes) == (answer.pid, answer.tid, len(REQUEST))
        write = next(call for call in of(calls, answer) if call.t_ns > read.t_ns)
        length = len(f"{answer.pid} {answer.tid}\n")
        assert (write.kind, write.pid, write.tid, write.bytes) == (WRITE, answer.pid, answer.tid, length)
    kinds = [call.kind for call in of(calls, answers[0]) if call.bytes > 0]
    assert kinds == [READ, WRITE] * 5


def test_the_end_of_a_connection_is_seen() -> None:
    with service("threads") as running, recording(running) as calls:
        with connected(running.port) as connection:
            answer = ask(connection)
        assert wait_until(lambda: threads(running.process.pid) == 1, 20)
    assert [(call.kind, call.bytes) for call in of(calls, answer)][2:4] == [(READ, 0), (CLOSE, 0)]


def test_a_reset_is_an_error_of_the_read() -> None:
    with service("threads") as running, recording(running) as calls:
        with connected(running.port) as connection:
            answer = ask(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert wait_until(lambda: threads(running.process.pid) == 1, 20)
    reset = [call for call in of(calls, answer) if call.bytes < 0]
    assert [(call.kind, call.bytes, call.tid) for call in reset] == [(READ, -ECONNRESET, answer.tid)]


def test_workers_are_seen_that_were_there_and_that_come_later() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        late_port = probe.getsockname()[1]
    with service("workers", str(late_port)) as running:
        assert running.process.stdin is not None
        workers = wait_until(lambda: len(children(running.process.pid)) == 2, 20)
        assert workers
        with recording(running) as calls:
            answers = []
            for _ in range(20):
                with connected(running.port) as connection:
                    answers.append(ask(connection))
        for answer in answers:
            assert {call.pid for call in of(calls, answer)} == {answer.pid}
            assert {call.tid for call in of(calls, answer)} == {answer.tid}
        with recording(Running(running.process, late_port)) as calls:
            running.process.stdin.write(b"\n")
            running.process.stdin.flush()
            assert wait_until(lambda: listens(late_port), 20)
            with connected(late_port) as connection:
                answer = ask(connection)
        assert answer.pid not in {*(one.pid for one in answers), running.process.pid}
        assert [call.kind for call in of(calls, answer) if call.bytes > 0] == [READ, WRITE]


@pytest.mark.parametrize(("does", "told"), [("waits", [0]), ("leaves", [0, -ECANCELED])])
def test_connections_to_others_are_seen_where_they_are_opened(does: str, told: list[int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with service("asks", str(port), does) as running, recording(running) as calls, connected(running.port) as one:
            sent_ns = time.monotonic_ns()
            one.sendall(REQUEST)
            asked, _ = other.accept()
            with asked:
                if does == "waits":
                    asked.sendall(b"x")
                pid, tid = map(int, one.recv(100).split())
            received_ns = time.monotonic_ns()
    opened = [call for call in calls if call.kind == CONNECT]
    expected = [(pid, tid, port, number) for number in told]
    assert [(call.pid, call.tid, call.peer_port, call.bytes) for call in opened] == expected
    assert all(sent_ns < call.t_ns < received_ns for call in opened)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def listens(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), connected(port):
        return True
    return False


def test_a_service_may_end_while_it_is_recorded() -> None:
    with service("threads") as running, recording(running) as calls, connected(running.port) as connection:
        answer = ask(connection)
        running.process.kill()
        running.process.wait()
    assert [call.kind for call in of(calls, answer) if call.bytes > 0] == [READ, WRITE]


def test_the_engines_requests_are_found_in_what_the_service_did(engine: EngineProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tailtune.record.engine.work_server", "--rounds", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with recording(Running(process, port)) as calls:
                played = play(engine, workload(1.0, rate_per_s=500, max_connections=8), port, tmp_path)
        finally:
            process.kill()
    links = [row for batch in read_connections(tmp_path, "measure") for row in batch.to_pylist()]
    ports = {row["connection"]: row["local_port"] for row in links}
    assert len(ports) == played.report.peak_connections
    assert played.report.completed_requests == played.report.scheduled_requests
    assert_joined(played.requests, ports, calls)


def assert_joined(requests: dict[str, Any], ports: dict[int, int], calls: list[Call]) -> None:
    """Each request has one read between sending and end, and one write after that read and before the next."""
    by_port: dict[int, list[Call]] = {}
    for call in calls:
        if call.bytes > 0:
            by_port.setdefault(call.peer_port, []).append(call)
    used = set(requests["connection"].tolist())
    assert by_port.keys() == {ports[connection] for connection in used}
    for connection in used:
        chosen = np.flatnonzero(requests["connection"] == connection)
        order = chosen[np.argsort(requests["sent_ns"][chosen])]
        done = by_port[ports[connection]]
        assert [call.kind for call in done] == [READ, WRITE] * len(order)
        assert len({call.tid for call in done}) == 1
        reads = np.array([call.t_ns for call in done[::2]])
        assert (requests["sent_ns"][order] < reads).all()
        assert (reads < requests["done_ns"][order]).all()


def test_connections_are_columns_like_the_others(engine: EngineProcess, tmp_path: Path) -> None:
    with service("threads") as running:
        played = play(engine, workload(0.2, rate_per_s=50, timeout=0.1), running.port, tmp_path)
    [batch] = read_connections(tmp_path, "diagnose")
    links = columns(batch)
    assert set(links["window"]) == {"diagnose"}
    assert (links["local_port"] > 0).all()
    assert (links["opened_ns"] < played.report.started_ns + 10**9).all()
    sent = played.requests["connection"][played.requests["sent_ns"] > 0]
    assert set(sent) <= set(links["connection"])


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs capabilities to give up")
def test_without_permission_it_says_why_and_what_remains() -> None:
    done = subprocess.run([*PLAIN, sys.executable, "-c", REFUSED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["tables"], said["mode"], said["warnings"]) == (0, "", [])
    assert "Operation not permitted" in said["lost"]
    assert "CAP_BPF" in said["lost"]
    assert "can still be told" in said["lost"]


def test_it_is_started_once() -> None:
    try:
        calls = SocketCalls(os.getpid(), 1)
    except NativeError as error:
        pytest.skip(error.message)
    with pytest.raises(NativeError, match="is not running"):
        calls.stop()
    calls.start()
    with pytest.raises(NativeError, match="was started before"):
        calls.start()
    columns, lost = calls.stop()
    assert (columns, lost) == ((b"",) * 6, 0)

"""The load engine in its own process against real sockets: servers that freeze, refuse, hang and lie."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.support.load import (
    closed_port,
    null_server,
    play,
    read_head,
    socket_server,
    workload,
)

from tailtune.errors import NativeError
from tailtune.model.endpoint import Endpoint
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation
from tailtune.record.engine.load import EngineProcess, compile_workload
from tailtune.record.ports import Interval

pytestmark = pytest.mark.real

OK_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO_CONNECTION = 2**32 - 1
WAIT_SECONDS = 20.0


def test_a_schedule_is_sent_whole_and_alike_in_two_plays(engine: EngineProcess, tmp_path: Path) -> None:
    chosen = workload(1.0, rate_per_s=800)
    with null_server() as (_, port):
        first, second = (play(engine, chosen, port, tmp_path) for _ in range(2))
    for report in (first.report, second.report):
        assert report.sent_requests == report.completed_requests == report.scheduled_requests > 700
        assert report.achieved_rate_per_s == pytest.approx(report.scheduled_rate_per_s, rel=1e-3)
        assert report.little_error < 0.01
        assert not report.interrupted
        assert report.scheduling == "fifo" or report.warnings
    assert first.report.schedule_sha256 == second.report.schedule_sha256
    one, other = (np.sort(played.requests["intended_ns"]) - played.report.started_ns for played in (first, second))
    assert np.array_equal(one, other)


def test_log_and_histograms_agree(engine: EngineProcess, tmp_path: Path) -> None:
    with null_server() as (_, port):
        played = play(engine, workload(1.0, rate_per_s=400), port, tmp_path)
    rows, buckets = played.requests, played.latency
    assert set(rows["status"]) == {200}
    assert played.outcomes()["ok"] == played.report.scheduled_requests
    for earlier, later in [("intended_ns", "sent_ns"), ("sent_ns", "first_byte_ns"), ("first_byte_ns", "done_ns")]:
        assert (rows[earlier] <= rows[later]).all()
    spans = {
        "latency": rows["done_ns"] - rows["intended_ns"],
        "service-time": rows["done_ns"] - rows["sent_ns"],
        "send-lag": rows["sent_ns"] - rows["intended_ns"],
    }
    for kind, exact in spans.items():
        chosen = buckets["kind"] == kind
        values = np.repeat(buckets["value_ns"][chosen], buckets["count"][chosen])
        np.testing.assert_allclose(np.sort(values), np.sort(exact), rtol=0.001)


def test_intervals_are_told_live(engine: EngineProcess, tmp_path: Path) -> None:
    compile_workload(workload(2.3, rate_per_s=200), tmp_path, tmp_path / "schedule")
    seconds: list[Interval] = []
    with null_server() as (_, port):
        report = engine.play(tmp_path / "schedule", Endpoint(port=port), None, seconds.append, lambda: None)
    assert all(isinstance(second, Interval) for second in seconds)
    assert [second.index for second in seconds] == [0, 1, 2]
    assert [second.seconds for second in seconds[:2]] == [1, 1]
    assert 0 < seconds[2].seconds < 1
    assert sum(second.completed for second in seconds) == report.completed_requests
    assert sum(second.sent for second in seconds) == report.sent_requests
    assert all(0 < second.p50_ns <= second.p99_ns for second in seconds)


@pytest.mark.alone
def test_a_frozen_server_shows_in_every_request_that_should_have_been_sent(
    engine: EngineProcess, tmp_path: Path
) -> None:
    frozen: dict[str, int] = {}

    with null_server() as (pid, port):

        def freeze() -> None:
            os.kill(pid, signal.SIGSTOP)
            frozen["from"] = time.monotonic_ns()
            time.sleep(2.0)
            frozen["to"] = time.monotonic_ns()
            os.kill(pid, signal.SIGCONT)

        timer = threading.Timer(2.0, freeze)
        timer.start()
        played = play(engine, workload(8.0, rate_per_s=400, max_connections=64), port, tmp_path)
        timer.join()
    intended, latency = played.requests["intended_ns"], played.latency_ns()
    stalled = (intended >= frozen["from"]) & (intended < frozen["to"])
    predicted = np.where(stalled, frozen["to"] - intended, 0)
    assert played.outcomes()["ok"] == played.report.scheduled_requests
    assert latency.max() == pytest.approx(frozen["to"] - frozen["from"], rel=0.03)
    assert np.quantile(latency, 0.9) == pytest.approx(np.quantile(predicted, 0.9), rel=0.03)
    assert played.report.peak_client_queue > 0
    assert played.report.peak_connections == 64
    assert played.report.little_error < 0.01


def test_a_target_that_refuses_costs_one_attempt_a_request(engine: EngineProcess, tmp_path: Path) -> None:
    played = play(engine, workload(1.0, rate_per_s=300, timeout=2.0), closed_port(), tmp_path)
    assert played.outcomes()["connection-error"] == played.report.scheduled_requests
    assert played.report.operations[0].connection_errors == played.report.scheduled_requests
    assert played.report.sent_requests == played.report.completed_requests == 0
    assert set(played.requests["connection"]) == {NO_CONNECTION}
    assert set(played.requests["sent_ns"]) == {0}
    counted = played.latency["kind"] == "latency"
    assert (played.latency["value_ns"][counted] >= 2.0e9 * 0.999).all()


def test_connections_that_die_are_replaced_and_their_requests_counted(engine: EngineProcess, tmp_path: Path) -> None:
    def converse(connection, number: int) -> None:
        for answered in range(number % 5 + 1):
            if not read_head(connection) or (number % 3 == 0 and answered == number % 5):
                return
            connection.sendall(OK_ANSWER)

    with socket_server(converse) as port:
        played = play(engine, workload(1.5, rate_per_s=150, timeout=5.0), port, tmp_path)
    counts = played.outcomes()
    assert sum(counts.values()) == played.report.scheduled_requests
    assert counts["ok"] > 0
    assert counts["connection-error"] > 0
    assert counts["timeout"] == counts["unexpected-status"] == 0
    failed = played.requests["outcome"] == 3
    assert (played.requests["sent_ns"][failed] > 0).all()  # written, never sent again
    assert played.report.completed_requests == counts["ok"]


def test_requests_without_an_answer_time_out_and_stay_in_the_distribution(
    engine: EngineProcess, tmp_path: Path
) -> None:
    with null_server(delay_us=600_000) as (_, port):
        played = play(engine, workload(0.5, rate_per_s=100, timeout=0.2), port, tmp_path)
    assert played.outcomes()["timeout"] == played.report.scheduled_requests > 0
    assert (played.latency_ns() >= 200_000_000).all()
    kinds, counts = played.latency["kind"], played.latency["count"]
    assert counts[kinds == "latency"].sum() == played.report.scheduled_requests
    assert counts[kinds == "service-time"].sum() == 0


def test_each_operation_has_a_time_out_of_its_own(engine: EngineProcess, tmp_path: Path) -> None:
    operations = [
        Operation(name="patient", timeout=Duration.parse("5s")),
        Operation(name="hasty", timeout=Duration.parse("50ms")),
    ]
    with null_server(delay_us=200_000) as (_, port):
        played = play(engine, workload(1.0, rate_per_s=60, operations=operations), port, tmp_path)
    patient, hasty = played.report.operations
    assert (patient.timeouts, hasty.timeouts) == (0, hasty.requests)
    assert min(patient.requests, hasty.requests) > 0


def test_at_the_cap_requests_wait_visibly_with_their_intended_time(engine: EngineProcess, tmp_path: Path) -> None:
    chosen = workload(1.0, rate_per_s=100, arrival=Arrival.CONSTANT, max_connections=2)
    with null_server(delay_us=40_000) as (_, port):
        played = play(engine, chosen, port, tmp_path)
    report, rows = played.report, played.requests
    assert report.completed_requests == 100
    assert report.peak_connections == 2
    assert report.peak_client_queue > 30
    # Two connections answer at most 50 requests a second, so the last waits for about a second.
    lag = rows["sent_ns"] - rows["intended_ns"]
    assert lag.max() > 0.9e9
    assert report.send_lag_ns["max"] == lag.max()
    assert report.timer_lag_ns["p50"] < report.send_lag_ns["p50"] / 100  # the wait is not the pacer's


def test_every_way_to_end_a_body_is_understood(engine: EngineProcess, tmp_path: Path) -> None:
    answers = {
        "/length": OK_ANSWER,
        "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "/close": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "/none": b"HTTP/1.1 204 No Content\r\n\r\n",
        "/missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "/garbage": b"what did you say?\r\n",
        "/head": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    }

    def converse(connection, number: int) -> None:
        while head := read_head(connection):
            path = head.split()[1].decode()
            for byte in answers[path]:  # in the smallest pieces
                connection.sendall(bytes([byte]))
            if path == "/close":
                return

    operations = [
        Operation(
            name=path,
            path=path,
            method="HEAD" if path == "/head" else "GET",
            expected_status=204 if path == "/none" else 200,
        )
        for path in answers
    ]
    with socket_server(converse) as port:
        played = play(engine, workload(2.0, rate_per_s=50, operations=operations), port, tmp_path)
    for index, (path, counts) in enumerate(zip(answers, played.report.operations, strict=True)):
        assert counts.requests > 0
        assert counts.timeouts == 0
        assert counts.unexpected_status == (counts.requests if path == "/missing" else 0)
        assert counts.connection_errors == (counts.requests if path == "/garbage" else 0)
        if path != "/garbage":
            sizes = played.requests["response_bytes"][played.requests["operation"] == index]
            assert set(sizes) == {len(answers[path])}


def test_the_null_server_refuses_a_taken_port() -> None:
    with null_server() as (_, port):
        command = [sys.executable, "-m", "tailtune.record.engine.null_server", f"--port={port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == NativeError.exit_code
    assert f"127.0.0.1:{port}" in done.stderr


def test_the_null_server_answers_pipelined_requests_with_bodies() -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    with null_server() as (_, port), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(WAIT_SECONDS)
        connection.sendall(request * 3 + request[:-1])
        received = b""
        while received.count(b"HTTP/1.1 200") < 3:
            received += connection.recv(4096)
        connection.sendall(request[-1:])
        while received.count(b"HTTP/1.1 200") < 4:
            received += connection.recv(4096)
        connection.sendall(b"not http\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(4096) == b""

"""The servers of which it is known what they do: what they answer, and what they keep of it."""

import socket
from pathlib import Path

import numpy as np
import pytest
from tests.support.load import play, workload

from tailtune.errors import NativeError, RecordingError
from tailtune.record.engine.load import EngineProcess
from tailtune.record.engine.servers import null_server, queue_server, read_arrivals, read_services

pytestmark = pytest.mark.real

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
WAIT_SECONDS = 20.0


def test_the_server_counts_what_the_engine_sent_and_saw_it_after_it_left(engine: EngineProcess, tmp_path: Path) -> None:
    with null_server(journal=tmp_path / "journal") as server:
        played = play(engine, workload(1.0, rate_per_s=500), server.port, tmp_path)
        count, arrived = read_arrivals(tmp_path / "journal")
    assert count == len(arrived) == played.report.sent_requests == played.report.scheduled_requests
    sent, done = np.sort(played.requests["sent_ns"]), np.sort(played.requests["done_ns"])
    arrived = np.sort(arrived)
    slack = 100_000  # two clocks, one of them adjusted while it runs
    assert (arrived >= sent - slack).all()
    assert (arrived <= done + slack).all()


def test_a_full_journal_keeps_the_last_and_counts_all(engine: EngineProcess, tmp_path: Path) -> None:
    with null_server(journal=tmp_path / "journal", records=50) as server:
        played = play(engine, workload(0.5, rate_per_s=300), server.port, tmp_path)
        count, arrived = read_arrivals(tmp_path / "journal")
    assert count == played.report.sent_requests > 50 == len(arrived)
    assert arrived.min() >= np.sort(played.requests["sent_ns"])[-60]


def test_connections_are_closed_in_place_of_every_nth_answer(engine: EngineProcess, tmp_path: Path) -> None:
    with null_server(close_every=10) as server:
        played = play(engine, workload(1.0, rate_per_s=300), server.port, tmp_path)
    counts = played.outcomes()
    assert counts["connection-error"] == played.report.sent_requests // 10
    assert counts["ok"] + counts["connection-error"] == played.report.scheduled_requests


@pytest.mark.parametrize("law", ["constant", "exponential", "hyperexponential"])
def test_the_queue_serves_one_at_a_time_in_the_order_of_arrival(
    law: str, engine: EngineProcess, tmp_path: Path
) -> None:
    with queue_server(law, 1_000, scv=3.0, journal=tmp_path / "journal") as server:
        played = play(engine, workload(1.0, rate_per_s=600), server.port, tmp_path)
        served = read_services(tmp_path / "journal")
    assert len(served) == played.report.scheduled_requests
    assert (np.diff(served["arrived_ns"]) >= -1_000_000).all()
    free = np.concatenate([[0], served["due_ns"][:-1]])
    assert np.array_equal(served["begun_ns"], np.maximum(served["arrived_ns"], free))
    assert (served["answered_ns"] >= served["due_ns"] - 100_000).all()  # begun early by what writing takes
    lengths = served["due_ns"] - served["begun_ns"]
    if law == "constant":
        assert set(lengths) == {1_000_000}
    else:
        assert lengths.mean() == pytest.approx(1_000_000, rel=0.4)
    assert (np.sort(played.requests["done_ns"]) >= np.sort(served["due_ns"]) - 100_000).all()


def test_service_times_are_those_of_the_seed(tmp_path: Path) -> None:
    drawn = []
    for seed in (1, 1, 2):
        with (
            queue_server("exponential", 100, seed=seed, journal=tmp_path / "journal") as server,
            socket.create_connection(("127.0.0.1", server.port)) as connection,
        ):
            connection.settimeout(WAIT_SECONDS)
            for _ in range(5):
                connection.sendall(REQUEST)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            connection.sendall(REQUEST)
            connection.recv(4096)  # the fifth is in the journal by now
            served = read_services(tmp_path / "journal")[:5]
        drawn.append((served["due_ns"] - served["begun_ns"]).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_cannot_be_served_is_refused_by_name(tmp_path: Path) -> None:
    with (
        pytest.raises(NativeError, match="did not start") as caught,
        queue_server("hyperexponential", 1_000, scv=0.5),
    ):
        pass
    assert "scv 0.5" in caught.value.detail
    with pytest.raises(NativeError) as caught, null_server(journal=tmp_path / "missing" / "journal"):
        pass
    assert "missing" in caught.value.detail


def test_a_file_that_is_no_journal_is_refused_by_name(tmp_path: Path) -> None:
    for content in (b"", b"x" * 64):
        (tmp_path / "journal").write_bytes(content)
        with pytest.raises(RecordingError, match="journal"):
            read_services(tmp_path / "journal")
    with pytest.raises(RecordingError, match="absent"):
        read_arrivals(tmp_path / "absent")

"""Every protocol and transport through the whole engine, against servers of Go's library, and Redis."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.support.load import Played, logged
from tests.support.servers import go_server, redis

from tailtune.model.endpoint import Endpoint
from tailtune.model.units import Duration
from tailtune.model.workload import Framing, Operation, Protocol, Tls, Workload
from tailtune.record.engine.load import EngineProcess, compile_workload

pytestmark = pytest.mark.real

LENGTH_PREFIXED_LIE = "lie!"
ECHO_PROTO = Path(__file__).resolve().parents[1] / "servers/echo.proto"


def play(
    engine: EngineProcess,
    protocol: Protocol,
    endpoint: Endpoint,
    directory: Path,
    *operations: Operation,
    **fields: object,
) -> Played:
    """Play a second of load."""
    settings = {"rate_per_s": 200.0, "duration": Duration.from_seconds(1.0), "max_connections": 8} | fields
    chosen = Workload(operations=list(operations), protocol=protocol, **settings)  # type: ignore[arg-type]
    compile_workload(chosen, directory, directory / "schedule")
    report = engine.play(directory / "schedule", endpoint, directory, lambda interval: None, lambda: None)
    return Played(report, *logged(directory))


def operation(path: str = "/ok", **fields: object) -> Operation:
    settings = {"name": "one", "path": path, "timeout": Duration.from_seconds(10.0)} | fields
    return Operation(**settings)  # type: ignore[arg-type]


def assert_all(played: Played, outcome: str = "ok") -> None:
    total = played.report.scheduled_requests
    assert total > 100
    assert {name: count for name, count in played.outcomes().items() if count} == {outcome: total}, (
        played.report.warnings
    )


@pytest.mark.parametrize("protocol", [Protocol.HTTP1, Protocol.HTTP2])
@pytest.mark.parametrize("transport", ["tcp", "unix", "tls", "tls over unix"])
def test_http_is_spoken_over_every_transport(
    engine: EngineProcess, tmp_path: Path, protocol: Protocol, transport: str
) -> None:
    version = "2" if protocol is Protocol.HTTP2 else "1"
    tls = tmp_path / "authority.pem" if "tls" in transport else None
    unix = tmp_path / "socket" if "unix" in transport else None
    with go_server("http", "--http", version, tls=tls, unix=unix) as endpoint:
        played = play(
            engine,
            protocol,
            endpoint,
            tmp_path,
            operation(
                "/echo", name="echo", method="POST", body="hello {n}", data={"n": ["1", "2"]}, expected_body="hello"
            ),
            operation("/bytes/300000", name="long", weight=0.2),
            operation("/status/404", name="missing", expected_status=404),
            operation("/early-hints", name="interim", expected_body="final"),
            operation("/trailers", name="trailers", expected_body="body"),
        )
    assert_all(played)
    assert set(played.requests["status"]) == {200, 404}
    assert played.report.protocol == protocol.value
    for earlier, later in [("sent_ns", "first_byte_ns"), ("first_byte_ns", "done_ns")]:
        assert (played.requests[earlier] <= played.requests[later]).all()


def test_answers_larger_than_the_windows_of_the_engine(engine: EngineProcess, tmp_path: Path) -> None:
    """TLS and many buffers at a time: what is decrypted must not be left lying."""
    with go_server("http", tls=tmp_path / "authority.pem") as endpoint:
        sizes = [1_000_000, 1_048_576, 1_060_000, 2_200_000]
        operations = [operation(f"/bytes/{size}", name=str(size)) for size in sizes]
        played = play(
            engine,
            Protocol.HTTP1,
            endpoint,
            tmp_path,
            *operations,
            rate_per_s=60.0,
            duration=Duration.from_seconds(2.5),
        )
    assert_all(played)


def test_http_2_shares_connections(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("http", "--http", "2") as endpoint:
        played = play(engine, Protocol.HTTP2, endpoint, tmp_path, operation(), rate_per_s=1000.0, max_connections=1)
    assert_all(played)
    assert set(played.requests["connection"]) == {0}


def test_http_2_bodies_wait_for_the_windows(engine: EngineProcess, tmp_path: Path) -> None:
    body = "x" * 100_000
    with go_server("http", "--http", "2", "--window", "20000", "--streams", "5") as endpoint:
        posted = operation("/size", method="POST", body=body, expected_body=str(len(body)))
        played = play(engine, Protocol.HTTP2, endpoint, tmp_path, posted)
    assert_all(played)


def test_http_2_going_away_costs_no_answers(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("http", "--http", "2") as endpoint:
        played = play(engine, Protocol.HTTP2, endpoint, tmp_path, operation("/last/20"), max_connections=4)
    outcomes = played.outcomes()
    # A request may cross the farewell; most do not.
    assert outcomes["ok"] + outcomes["connection-error"] == played.report.scheduled_requests
    assert outcomes["ok"] > 0.8 * played.report.scheduled_requests
    assert len(set(played.requests["connection"])) > 3


def test_a_reset_stream_fails_alone(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("http", "--http", "2") as endpoint:
        operations = [operation("/reset-within", name="reset"), operation("/ok", name="fine")]
        played = play(engine, Protocol.HTTP2, endpoint, tmp_path, *operations, max_connections=1)
    failed = played.requests["outcome"] != 0
    assert (played.requests["operation"] == 0).sum() == failed.sum() > 50
    assert set(played.requests["connection"]) == {0}


@pytest.mark.parametrize("path", ["/endless", "/never"])
def test_answers_without_end_time_out_alone(engine: EngineProcess, tmp_path: Path, path: str) -> None:
    with go_server("http", "--http", "2") as endpoint:
        hanging = operation(path, name="hanging", timeout=Duration.from_seconds(0.1), weight=0.05)
        played = play(
            engine,
            Protocol.HTTP2,
            endpoint,
            tmp_path,
            hanging,
            operation(name="fine"),
            max_connections=2,
            rate_per_s=100.0,
        )
    timed_out = played.requests["operation"] == 0
    assert played.outcomes()["timeout"] == timed_out.sum() > 0
    assert (played.requests["outcome"][~timed_out] == 0).all()
    assert len(set(played.requests["connection"])) <= 2


def test_failures_of_tls_are_told(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("http", "--certificate", "expired", tls=tmp_path / "authority.pem") as endpoint:
        played = play(engine, Protocol.HTTP1, endpoint, tmp_path, operation())
        assert_all(played, "connection-error")
        assert any("expired" in warning for warning in played.report.warnings)
        accepting = Endpoint(host=endpoint.host, port=endpoint.port, tls=Tls(insecure=True))
        assert_all(play(engine, Protocol.HTTP1, accepting, tmp_path, operation()))
        spoken = play(engine, Protocol.HTTP2, accepting, tmp_path, operation())
        assert_all(spoken, "connection-error")
        assert any("h2" in warning for warning in spoken.report.warnings)


def test_a_server_of_another_version_is_found_out(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("http", "--http", "1") as endpoint:
        played = play(engine, Protocol.HTTP2, endpoint, tmp_path, operation())
    assert_all(played, "connection-error")
    assert any("HTTP/2" in warning for warning in played.report.warnings)


@pytest.mark.parametrize("encrypted", [False, True])
def test_grpc_calls(engine: EngineProcess, tmp_path: Path, encrypted: bool) -> None:
    shutil.copy(ECHO_PROTO, tmp_path)
    say = "tailtune.test.Echo/Say"
    cases = [("said", {"value": "hello {n}"}, 0), ("not-found", {"value": "fail 5"}, 5)]
    operations = [
        operation(
            name=name,
            method=say,
            body=json.dumps(message).replace("{n}", "1"),
            expected_status=status,
            expected_body="hello 1" if status == 0 else "",
        )
        for name, message, status in cases
    ]
    with go_server("grpc", tls=tmp_path / "authority.pem" if encrypted else None) as endpoint:
        played = play(engine, Protocol.GRPC, endpoint, tmp_path, *operations, proto="echo.proto")
    assert_all(played)
    assert set(played.requests["status"]) == {0, 5}


def test_a_server_that_speaks_first(engine: EngineProcess, tmp_path: Path) -> None:
    framing = Framing(hello='CONNECT {"verbose":true}\r\n', greeting_lines=2)
    with go_server("framed", "--speak", "nats") as endpoint:
        published = operation(body="PUB subject 5\r\nhello\r\n", expected_status=0, expected_body="+OK")
        played = play(engine, Protocol.LINE, endpoint, tmp_path, published, framing=framing)
    assert_all(played)


def test_messages_with_their_length(engine: EngineProcess, tmp_path: Path) -> None:
    with go_server("framed", "--speak", "length-prefixed") as endpoint:
        sound = operation(body="hello", expected_status=0, expected_body="hello")
        assert_all(play(engine, Protocol.LENGTH_PREFIXED, endpoint, tmp_path, sound))
        lie = operation(body=LENGTH_PREFIXED_LIE, expected_status=0)
        played = play(engine, Protocol.LENGTH_PREFIXED, endpoint, tmp_path, lie)
    assert_all(played, "connection-error")
    assert any("is announced" in warning for warning in played.report.warnings)


def test_redis(engine: EngineProcess, tmp_path: Path) -> None:
    with redis(tmp_path) as endpoint:
        played = play(
            engine,
            Protocol.RESP,
            endpoint,
            tmp_path,
            operation(
                name="set", body="SET key{n} {n}", data={"n": ["1", "2", "3"]}, expected_status=0, expected_body="OK"
            ),
            operation(name="ping", body="PING", expected_status=0, expected_body="PONG"),
            operation(name="wrong", body="NONSENSE", expected_status=1, expected_body="unknown command"),
        )
    assert_all(played)
    assert np.unique(played.requests["operation"]).size == 3

"""Answers kept by the engine in every protocol, from servers of Go's library, and Redis."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.support.servers import go_server, redis

from tailtune.model.answers import Answer
from tailtune.model.endpoint import Endpoint
from tailtune.model.units import Duration
from tailtune.model.workload import Framing, Operation, Protocol, Workload
from tailtune.record.engine.answers import read_answers
from tailtune.record.engine.load import EngineProcess, compile_workload
from tailtune.record.ports import Asked, Quota

pytestmark = pytest.mark.real

ECHO_PROTO = Path(__file__).resolve().parents[1] / "servers/echo.proto"
QUOTA = Quota(requests=30, each=5)


def ask(
    engine: EngineProcess,
    protocol: Protocol,
    endpoint: Endpoint,
    directory: Path,
    *operations: Operation,
    quota: Quota = QUOTA,
    **fields: object,
) -> tuple[Asked, list[Answer]]:
    chosen = Workload(operations=list(operations), protocol=protocol, rate_per_s=100.0, **fields)  # type: ignore[arg-type]
    compile_workload(chosen, directory, directory / "schedule", duration=Duration.from_seconds(2.0))
    asked = engine.ask(directory / "schedule", endpoint, directory / "answers.bin", quota, lambda: None)
    return asked, read_answers(directory / "answers.bin")


def by_operation(answers: list[Answer]) -> dict[int, set[tuple[int, bytes]]]:
    found: dict[int, set[tuple[int, bytes]]] = {}
    for one in answers:
        assert one.outcome == "ok"
        found.setdefault(one.operation, set()).add((one.status, one.body))
    return found


@pytest.mark.parametrize(
    ("protocol", "encrypted"), [("http1", False), ("http1", True), ("http2", False), ("http2", True)]
)
def test_http(engine: EngineProcess, tmp_path: Path, protocol: str, encrypted: bool) -> None:
    tls = tmp_path / "authority.pem" if encrypted else None
    with go_server("http", "--http", protocol[-1], tls=tls) as endpoint:
        asked, answers = ask(
            engine,
            Protocol(protocol),
            endpoint,
            tmp_path,
            Operation(name="echo", path="/echo", method="POST", body="hello {n}", data={"n": ["1", "2"]}),
            Operation(name="missing", path="/status/404", expected_status=404),
            Operation(name="long", path="/bytes/300000"),
        )
    assert (asked.early, asked.trouble, asked.asked) == (False, "", len(answers))
    found = by_operation(answers)
    assert found[0] == {(200, b"hello 1"), (200, b"hello 2")}
    assert {status for status, _ in found[1]} == {404}
    [(_, start)] = found[2]
    long = next(one for one in answers if one.operation == 2)
    assert (len(start), long.length, long.cut) == (65_536, 300_000, True)
    assert [one.number for one in answers] == sorted(one.number for one in answers)


def test_grpc(engine: EngineProcess, tmp_path: Path) -> None:
    shutil.copy(ECHO_PROTO, tmp_path)
    say = "tailtune.test.Echo/Say"
    operations = [
        Operation(name="said", method=say, body=json.dumps({"value": "hello"})),
        Operation(name="not-found", method=say, body=json.dumps({"value": "fail 5"}), expected_status=5),
    ]
    with go_server("grpc") as endpoint:
        _, answers = ask(engine, Protocol.GRPC, endpoint, tmp_path, *operations, proto="echo.proto")
    found = by_operation(answers)
    [(status, body)] = found[0]
    assert status == 0
    assert b"hello" in body
    assert {status for status, _ in found[1]} == {5}


def test_lines_and_frames(engine: EngineProcess, tmp_path: Path) -> None:
    framing = Framing(hello='CONNECT {"verbose":true}\r\n', greeting_lines=2)
    with go_server("framed", "--speak", "nats") as endpoint:
        published = Operation(name="pub", body="PUB subject 5\r\nhello\r\n")
        _, answers = ask(engine, Protocol.LINE, endpoint, tmp_path, published, framing=framing)
    assert by_operation(answers) == {0: {(0, b"+OK\r\n")}}
    with go_server("framed", "--speak", "length-prefixed") as endpoint:
        _, answers = ask(
            engine, Protocol.LENGTH_PREFIXED, endpoint, tmp_path, Operation(name="said", body="hello")
        )  # fmt: skip
    assert by_operation(answers) == {0: {(0, b"hello")}}
    assert answers[0].sha256 == hashlib.sha256(b"hello").digest()


def test_redis(engine: EngineProcess, tmp_path: Path) -> None:
    with redis(tmp_path) as endpoint:
        counted = Operation(name="incr", body="INCR visits")
        _, answers = ask(engine, Protocol.RESP, endpoint, tmp_path, counted, quota=Quota(requests=9, each=0))
    assert [one.body for one in answers] == [str(number).encode() for number in range(1, 10)]


def test_hanging_answers_end_by_their_timeout_and_lies_are_told(engine: EngineProcess, tmp_path: Path) -> None:
    few = Quota(requests=4, each=1)
    with go_server("http", "--http", "2") as endpoint:
        hanging = Operation(name="endless", path="/endless", timeout=Duration.from_seconds(0.2))
        asked, answers = ask(
            engine, Protocol.HTTP2, endpoint, tmp_path, hanging, Operation(name="ok", path="/ok"), quota=few
        )  # fmt: skip
    assert {(one.operation, one.outcome) for one in answers} == {(0, "timeout"), (1, "ok")}
    with go_server("framed", "--speak", "length-prefixed") as endpoint:
        asked, answers = ask(
            engine, Protocol.LENGTH_PREFIXED, endpoint, tmp_path, Operation(name="lie", body="lie!"), quota=few
        )  # fmt: skip
    assert {one.outcome for one in answers} == {"connection-error"}
    assert "is announced" in asked.trouble

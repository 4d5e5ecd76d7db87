"""The engine's files as tables: every column, and files that are cut short or not the engine's."""

import struct
from pathlib import Path

import pytest

from tailtune.bundle.schema import CONNECTIONS, LATENCY, REQUESTS
from tailtune.errors import RecordingError
from tailtune.record.engine.load import read_connections, read_output, read_requests

REQUEST = struct.Struct("<5q2I2HB3x")
BUCKET = struct.Struct("<2qiHBx")
CONNECTION = struct.Struct("<2qIH2x")


def write(directory: Path, *, requests: bytes = b"", latency: bytes = b"", connections: bytes = b"") -> None:
    (directory / "requests.bin").write_bytes(struct.pack("<8sII", b"TTREQS\n", 1, REQUEST.size) + requests)
    (directory / "latency.bin").write_bytes(struct.pack("<8sII", b"TTHIST\n", 1, BUCKET.size) + latency)
    head = struct.pack("<8sII", b"TTCONN\n", 1, CONNECTION.size)
    (directory / "connections.bin").write_bytes(head + connections)


def test_every_field_comes_out_in_its_column(tmp_path: Path) -> None:
    write(
        tmp_path,
        requests=REQUEST.pack(10, 11, 12, 13, 14, 15, 16, 17, 418, 3),
        latency=BUCKET.pack(20, 21, 22, 23, 0) + BUCKET.pack(30, 31, 32, 33, 2),
    )
    tables = read_output(tmp_path, "slice", 7)
    assert tables["requests"].to_pylist() == [
        {
            "window": "slice",
            "operation": 17,
            "status": 418,
            "outcome": 3,
            "connection": 15,
            "response_bytes": 16,
            "intended_ns": 10,
            "sent_ns": 12,
            "first_byte_ns": 13,
            "done_ns": 14,
        }
    ]
    rows = tables["latency"].to_pylist()
    assert rows[0] == {
        "window": "slice",
        "slice": 7,
        "operation": 23,
        "interval": 22,
        "kind": "latency",
        "value_ns": 20,
        "count": 21,
    }
    assert (rows[1]["kind"], rows[1]["count"]) == ("send-lag", 31)


def test_tables_without_rows_have_the_schema(tmp_path: Path) -> None:
    write(tmp_path)
    tables = read_output(tmp_path, "measure")
    assert tables["requests"].schema == REQUESTS
    assert tables["latency"].schema == LATENCY


def test_a_record_cut_short_is_left_out(tmp_path: Path) -> None:
    whole = REQUEST.pack(*range(9), 0)
    write(tmp_path, requests=whole + whole[:-1])
    assert read_output(tmp_path, "measure")["requests"].num_rows == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "requests.bin: No such file"),
        (b"", "cut short"),
        (b"TTREQS\n\0\1\0\0", "cut short"),
        (struct.pack("<8sII", b"TTHIST\n", 1, 56), "not a load's log"),
        (struct.pack("<8sII", b"TTREQS\n", 2, 56), "not a load's log"),
        (struct.pack("<8sII", b"TTREQS\n", 1, 55), "not a load's log"),
    ],
)
def test_what_the_engine_did_not_write_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    write(tmp_path)
    (tmp_path / "requests.bin").unlink()
    if content is not None:
        (tmp_path / "requests.bin").write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        read_output(tmp_path, "measure")


def test_requests_are_counted_by_second_and_outcome_without_being_kept(tmp_path: Path) -> None:
    def request(intended_ns: int, operation: int, outcome: int) -> bytes:
        return REQUEST.pack(intended_ns, 0, 0, 0, 0, 0, 0, operation, 200, outcome)

    start, second = 5_000_000_000, 1_000_000_000
    rows = [request(start, 0, 0), request(start + 1, 0, 0), request(start + second, 0, 2), request(start, 1, 0)]
    write(tmp_path, requests=b"".join(rows))
    counted = read_requests(tmp_path, "measure", start).to_pylist()
    assert [(one["operation"], one["interval"], one["outcome"], one["count"]) for one in counted] == [
        (0, 0, 0, 2),
        (0, 1, 2, 1),
        (1, 0, 0, 1),
    ]


def test_a_long_log_comes_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailtune.record.engine.output._BATCH_RECORDS", 2)
    write(tmp_path, requests=REQUEST.pack(*range(9), 0) * 5)
    batches: list[int] = []
    read_requests(tmp_path, "measure", 0, lambda batch: batches.append(batch.num_rows))
    assert batches == [2, 2, 1]


def test_connections_come_in_batches_with_every_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailtune.record.engine.output._BATCH_RECORDS", 2)
    write(tmp_path, connections=CONNECTION.pack(10, 0, 7, 40_000) * 3 + b"cut short")
    batches = list(read_connections(tmp_path, "diagnose"))
    assert [batch.num_rows for batch in batches] == [2, 1]
    assert batches[0].schema == CONNECTIONS
    assert batches[1].to_pylist() == [
        {"window": "diagnose", "connection": 7, "local_port": 40_000, "opened_ns": 10, "closed_ns": 0}
    ]


def test_a_log_of_requests_is_none_of_connections(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "requests.bin").rename(tmp_path / "connections.bin")
    with pytest.raises(RecordingError, match="not a load's log"):
        list(read_connections(tmp_path, "measure"))

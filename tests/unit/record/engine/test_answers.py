import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.errors import RecordingError
from tailtune.record.engine.answers import read_answers

HEADER = struct.pack("<8sII", b"TTANSW\n\0", 1, 64)


def record(body: bytes, *, kept: int | None = None, outcome: int = 0, cut: bool = False) -> bytes:
    kept = len(body) if kept is None else kept
    digest = hashlib.sha256(body).digest()
    return struct.pack("<QQ32sIHHB?6x", 7, len(body), digest, kept, 1, 200, outcome, cut) + body[:kept]


def test_answers_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.bin"
    path.write_bytes(HEADER + record(b"hello") + record(b"a long one", kept=6, outcome=1, cut=True))
    first, second = read_answers(path)
    assert (first.number, first.operation, first.status, first.outcome) == (7, 1, 200, "ok")
    assert (first.body, first.length, first.cut) == (b"hello", 5, False)
    assert first.sha256 == hashlib.sha256(b"hello").digest()
    assert (second.body, second.length, second.cut) == (b"a long", 10, True)
    assert second.outcome == "unexpected-status"


def test_what_is_no_file_of_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot read"):
        read_answers(tmp_path / "absent")
    (tmp_path / "other").write_bytes(b"TTREQS\n\0" + HEADER[8:])
    with pytest.raises(RecordingError, match="not a file of answers"):
        read_answers(tmp_path / "other")


@given(st.integers(0, 200), st.binary(max_size=80))
def test_damaged_files_never_panic(tmp_path_factory: pytest.TempPathFactory, length: int, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("answers") / "answers.bin"
    path.write_bytes((HEADER + record(b"hello") + record(b"more"))[: 16 + length] + noise)
    for answer in read_answers(path):
        assert len(answer.body) <= 300

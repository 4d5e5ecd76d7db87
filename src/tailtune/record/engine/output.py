"""The files that the engine leaves after a play, read into tables of the recording."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailtune.bundle.schema import CONNECTIONS, KINDS, LATENCY, OUTCOME_COUNTS, REQUESTS
from tailtune.errors import RecordingError
from tailtune.model.units import NS_PER_S

_HEADER: Final = np.dtype([("magic", "S8"), ("version", "<u4"), ("record_bytes", "<u4")])
_VERSION: Final = 1
_BATCH_RECORDS: Final = 131_072
"""About 7 MiB of the request log."""
_REQUESTS: Final = np.dtype(
    [
        ("intended_ns", "<i8"),
        ("noticed_ns", "<i8"),
        ("sent_ns", "<i8"),
        ("first_byte_ns", "<i8"),
        ("done_ns", "<i8"),
        ("connection", "<u4"),
        ("response_bytes", "<u4"),
        ("operation", "<u2"),
        ("status", "<u2"),
        ("outcome", "u1"),
        ("unused", "V3"),
    ]
)
_CONNECTIONS: Final = np.dtype(
    [
        ("opened_ns", "<i8"),
        ("closed_ns", "<i8"),
        ("connection", "<u4"),
        ("local_port", "<u2"),
        ("unused", "V2"),
    ]
)
_LATENCY: Final = np.dtype(
    [
        ("value_ns", "<i8"),
        ("count", "<i8"),
        ("interval", "<i4"),
        ("operation", "<u2"),
        ("kind", "u1"),
        ("unused", "V1"),
    ]
)


Keep = Callable[[pa.Table], None]
"""Takes a batch of the table `requests`."""


def read_output(output: Path, window: str, slice_index: int = -1) -> dict[str, pa.Table]:
    """Return the tables `requests` and `latency` of a play, also of an interrupted one, in memory.

    Args:
        output: Directory that was given to the play.
        window: Value of the column `window`.
        slice_index: Value of the column `slice`.

    Raises:
        RecordingError: If a file is missing or is not what the engine writes.
    """
    batches: list[pa.Table] = []
    read_requests(output, window, 0, batches.append)
    return {
        "requests": pa.concat_tables([REQUESTS.empty_table(), *batches]),
        "latency": read_latency(output, window, slice_index),
    }


def read_latency(output: Path, window: str, slice_index: int = -1) -> pa.Table:
    """Return the table `latency` of a play; its size does not depend on the number of requests.

    Raises:
        RecordingError: If the file is missing or is not what the engine writes.
    """
    records = np.concatenate([np.empty(0, _LATENCY), *_records(output / "latency.bin", b"TTHIST\n", _LATENCY)])
    return _table(
        LATENCY,
        records,
        {
            "window": _constant(window, len(records)),
            "slice": pa.array(np.full(len(records), slice_index, np.int32)),
            "kind": pa.DictionaryArray.from_arrays(pa.array(records["kind"].astype(np.int8)), list(KINDS)),
        },
    )


def read_requests(output: Path, window: str, started_ns: int, keep: Keep | None = None) -> pa.Table:
    """Read the request log of a play once, in bounded memory, and return the table `outcomes`.

    Args:
        output: Directory that was given to the play.
        window: Value of the column `window`.
        started_ns: CLOCK_MONOTONIC of the play's zero, from which its seconds are counted.
        keep: Given the requests in batches; nothing: they are only counted.

    Raises:
        RecordingError: If the file is missing or is not what the engine writes.
    """
    counts: Counter[tuple[int, int, int]] = Counter()
    for records in _records(output / "requests.bin", b"TTREQS\n", _REQUESTS):
        _count(records, started_ns, counts)
        if keep is not None:
            keep(_table(REQUESTS, records, {"window": _constant(window, len(records))}))
    keys = np.array(sorted(counts), np.int64).reshape(-1, 3)
    columns = {
        "window": _constant(window, len(keys)),
        "slice": pa.array(np.full(len(keys), -1, np.int32)),
        "operation": pa.array(keys[:, 0].astype(np.uint16)),
        "interval": pa.array(keys[:, 1].astype(np.int32)),
        "outcome": pa.array(keys[:, 2].astype(np.uint8)),
        "count": pa.array(np.array([counts[key] for key in sorted(counts)], np.int64)),
    }
    return pa.Table.from_arrays([columns[name] for name in OUTCOME_COUNTS.names], schema=OUTCOME_COUNTS)


def read_connections(output: Path, window: str) -> Iterator[pa.Table]:
    """Yield the table `connections` of a play in batches; there may be as many connections as requests.

    Raises:
        RecordingError: If the file is missing or is not what the engine writes.
    """
    for records in _records(output / "connections.bin", b"TTCONN\n", _CONNECTIONS):
        yield _table(CONNECTIONS, records, {"window": _constant(window, len(records))})


def _count(records: npt.NDArray[np.void], started_ns: int, counts: Counter[tuple[int, int, int]]) -> None:
    """Add requests to the counts by operation, second of the intended start, and outcome."""
    seconds = np.maximum(0, records["intended_ns"] - started_ns) // NS_PER_S
    keys = seconds << 24 | records["operation"].astype(np.int64) << 8 | records["outcome"]
    found, numbers = np.unique(keys, return_counts=True)
    for key, number in zip(found.tolist(), numbers.tolist(), strict=True):
        counts[key >> 8 & 0xFFFF, key >> 24, key & 0xFF] += number


def _records(path: Path, magic: bytes, kind: np.dtype[np.void]) -> Iterator[npt.NDArray[np.void]]:
    """Yield the records of a file in batches; a piece of one at its end, left by a full disk, is left out."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.itemsize)
            if len(head) < _HEADER.itemsize:
                raise RecordingError(f"the load's log {path} is cut short", hint="The disk may be full.")
            header = np.frombuffer(head, _HEADER, count=1)[0]
            if (header["magic"], header["version"], header["record_bytes"]) != (magic, _VERSION, kind.itemsize):
                raise RecordingError(f"{path} is not a load's log of version {_VERSION}")
            while data := file.read(kind.itemsize * _BATCH_RECORDS):
                yield np.frombuffer(data, kind, count=len(data) // kind.itemsize)
    except OSError as error:
        raise RecordingError(f"cannot read the load's log {path}: {error.strerror}") from None


def _constant(text: str, length: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int8)), [text])


def _table(schema: pa.Schema, records: npt.NDArray[np.void], given: dict[str, pa.Array]) -> pa.Table:
    names = records.dtype.names or ()
    columns = {name: pa.array(np.ascontiguousarray(records[name])) for name in schema.names if name in names}
    return pa.Table.from_arrays([(columns | given)[name] for name in schema.names], schema=schema)

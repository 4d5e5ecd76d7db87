"""The files that the engine leaves after a play, read into tables of the recording."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailtune.bundle.schema import KINDS, LATENCY, REQUESTS
from tailtune.errors import RecordingError

_HEADER: Final = np.dtype([("magic", "S8"), ("version", "<u4"), ("record_bytes", "<u4")])
_VERSION: Final = 1
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


def read_output(output: Path, window: str, slice_index: int = -1) -> dict[str, pa.Table]:
    """Return the tables `requests` and `latency` of a play, also of an interrupted one.

    Args:
        output: Directory that was given to the play.
        window: Value of the column `window`.
        slice_index: Value of the column `slice`.

    Raises:
        RecordingError: If a file is missing or is not what the engine writes.
    """
    requests = _records(output / "requests.bin", b"TTREQS\n", _REQUESTS)
    latency = _records(output / "latency.bin", b"TTHIST\n", _LATENCY)
    return {
        "requests": _table(REQUESTS, requests, {"window": _constant(window, len(requests))}),
        "latency": _table(
            LATENCY,
            latency,
            {
                "window": _constant(window, len(latency)),
                "slice": pa.array(np.full(len(latency), slice_index, np.int32)),
                "kind": pa.DictionaryArray.from_arrays(pa.array(latency["kind"].astype(np.int8)), list(KINDS)),
            },
        ),
    }


def _records(path: Path, magic: bytes, kind: np.dtype[np.void]) -> npt.NDArray[np.void]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"cannot read the load's log {path}: {error.strerror}") from None
    if len(data) < _HEADER.itemsize:
        raise RecordingError(f"the load's log {path} is cut short", hint="The disk may be full.")
    header = np.frombuffer(data, _HEADER, count=1)[0]
    if (header["magic"], header["version"], header["record_bytes"]) != (magic, _VERSION, kind.itemsize):
        raise RecordingError(f"{path} is not a load's log of version {_VERSION}")
    # A write that was cut short by a full disk leaves a piece of a record behind.
    whole = (len(data) - _HEADER.itemsize) // kind.itemsize
    return np.frombuffer(data, kind, count=whole, offset=_HEADER.itemsize)


def _constant(text: str, length: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int8)), [text])


def _table(schema: pa.Schema, records: npt.NDArray[np.void], given: dict[str, pa.Array]) -> pa.Table:
    names = records.dtype.names or ()
    columns = {name: pa.array(np.ascontiguousarray(records[name])) for name in schema.names if name in names}
    return pa.Table.from_arrays([(columns | given)[name] for name in schema.names], schema=schema)

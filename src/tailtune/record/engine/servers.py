"""Starting the proving servers, and reading what they kept of it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailtune.errors import NativeError, RecordingError

_HEADER: Final = np.dtype(
    [("magic", "S8"), ("version", "<u4"), ("record_bytes", "<u4"), ("capacity", "<u8"), ("count", "<u8")]
)
_VERSION: Final = 1
_ARRIVAL: Final = np.dtype([("arrived_ns", "<i8")])
_SERVICE: Final = np.dtype([("arrived_ns", "<i8"), ("begun_ns", "<i8"), ("due_ns", "<i8"), ("answered_ns", "<i8")])


class ProvingServer(msgspec.Struct, frozen=True):
    """A running server of ours on 127.0.0.1."""

    pid: int
    port: int


@contextlib.contextmanager
def null_server(
    *,
    delay_us: int = 0,
    close_every: int = 0,
    real_time: bool = False,
    cpu: int | None = None,
    journal: Path | None = None,
    records: int = 1_000_000,
) -> Iterator[ProvingServer]:
    """Run a server that does nothing but answer, as long as the block lasts.

    Args:
        delay_us: Each answer is held back by this.
        close_every: In place of every n-th answer the connection is closed; 0: never.
        real_time: Whether it runs before others, where permitted.
        cpu: CPU to run on.
        journal: File for `read_arrivals`.
        records: Room of the journal.

    Raises:
        NativeError: If it does not start.
    """
    options = [f"--delay-us={delay_us}", f"--close-every={close_every}", f"--records={records}"]
    options += ["--real-time"] if real_time else []
    options += [] if cpu is None else [f"--cpu={cpu}"]
    with _running("null_server", options, journal) as server:
        yield server


@contextlib.contextmanager
def queue_server(
    law: str,
    mean_us: float,
    *,
    scv: float = 1.0,
    seed: int = 1,
    cpu: int | None = None,
    journal: Path | None = None,
    records: int = 1_000_000,
) -> Iterator[ProvingServer]:
    """Run a single server with a queue, as long as the block lasts.

    Args:
        law: `constant`, `exponential` or `hyperexponential`.
        mean_us: Mean service time.
        scv: Squared coefficient of variation of the hyperexponential.
        seed: Fixes the service times.
        cpu: CPU to run on.
        journal: File for `read_services`.
        records: Room of the journal.

    Raises:
        NativeError: If it does not start.
    """
    options = [f"--law={law}", f"--mean-us={mean_us}", f"--scv={scv}", f"--seed={seed}", f"--records={records}"]
    options += [] if cpu is None else [f"--cpu={cpu}"]
    with _running("queue_server", options, journal) as server:
        yield server


@contextlib.contextmanager
def _running(module: str, options: list[str], journal: Path | None) -> Iterator[ProvingServer]:
    command = [sys.executable, "-m", f"tailtune.record.engine.{module}", *options]
    command += [] if journal is None else [f"--journal={journal}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            port = process.stdout.readline()
            if not port:
                raise NativeError(f"the {module.replace('_', ' ')} did not start", detail=process.stderr.read())
            yield ProvingServer(process.pid, int(port))
        finally:
            process.kill()


def read_arrivals(journal: Path) -> tuple[int, npt.NDArray[np.int64]]:
    """Return how many requests a null server received, and when (CLOCK_MONOTONIC, ns), in its order.

    Times are those of the last requests that the journal had room for.

    Raises:
        RecordingError: If it is not such a journal.
    """
    count, records = _read(journal, _ARRIVAL)
    return count, records["arrived_ns"]


def read_services(journal: Path) -> npt.NDArray[np.void]:
    """Return what a queue server did, in its order: `arrived_ns`, `begun_ns`, `due_ns`, `answered_ns`.

    A service runs from `begun_ns` to `due_ns`; `answered_ns` is when the answer left, later by the server's own wake.

    Raises:
        RecordingError: If it is not such a journal.
    """
    return _read(journal, _SERVICE)[1]


def _read(path: Path, kind: np.dtype[np.void]) -> tuple[int, npt.NDArray[np.void]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"cannot read the server's journal {path}: {error.strerror}") from None
    header = np.frombuffer(data, _HEADER, count=1)[0] if len(data) >= _HEADER.itemsize else None
    if header is None or (header["magic"], header["version"], header["record_bytes"]) != (
        b"TTSERV\n",
        _VERSION,
        kind.itemsize,
    ):
        raise RecordingError(f"{path} is not a server's journal of version {_VERSION}")
    count, capacity = int(header["count"]), int(header["capacity"])
    kept = np.frombuffer(data, kind, count=min(count, capacity), offset=_HEADER.itemsize)
    return count, np.roll(kept, -(count % capacity)) if count > capacity else kept

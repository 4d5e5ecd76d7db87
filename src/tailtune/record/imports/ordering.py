"""Requests in the order of their starts, with memory that does not grow with the log.

A log's lines are written when requests end, so starts are out of order by as much as requests last.
Small disorder is put right on the way; any disorder can be put right by sorting in pieces on disk.
"""

import heapq
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import UsageError
from tailtune.model.units import NS_PER_S, Duration
from tailtune.record.ports import ImportNotes, Recorded

MOST_HELD: Final = 100_000
"""Requests in memory at once."""
_CHUNK_BYTES: Final = 1 << 20


def to_one_host(requests: Iterable[Recorded], host: str, notes: ImportNotes) -> Iterator[Recorded]:
    """Keep the requests to one host: the one asked for, else the first; others are noted."""
    wanted = host.lower()
    for request in requests:
        authority = request.origin.authority
        wanted = wanted or authority
        if authority and authority != wanted:
            text = f"{request.method} {authority}{request.path}".encode()
            notes.skip(request.line, f"to another host than {wanted} (choose one with --host)", text)
        else:
            yield request


def put_in_order(requests: Iterable[Recorded], tolerance: Duration) -> Iterator[Recorded]:
    """Yield requests by their times, as long as none is late by more than `tolerance`.

    Raises:
        UsageError: if one is; the message names its line.
    """
    held: list[tuple[int, int, Recorded]] = []
    newest = last = -(2**63)
    for count, request in enumerate(requests):
        at_ns = request.at_ns or 0
        # Beyond the tolerance it is refused even where nothing after it has been yielded yet.
        if at_ns < max(last, newest - tolerance):
            raise UsageError(
                f"line {request.line}: the time goes backwards by {_seconds(newest - at_ns)}, more than"
                f" {tolerance} (--tolerance) allow",
                hint="sort the requests with --sort, or allow more",
            )
        heapq.heappush(held, (at_ns, count, request))
        newest = max(newest, at_ns)
        while held and (held[0][0] <= newest - tolerance or len(held) > MOST_HELD):
            last, _, first = heapq.heappop(held)
            yield first
    while held:
        yield heapq.heappop(held)[2]


def _seconds(span_ns: int) -> str:
    return f"{span_ns / NS_PER_S:.3g} s"


def sort_all(requests: Iterable[Recorded]) -> Iterator[Recorded]:
    """Yield requests by their times, whatever their order: sorted in pieces on disk, which are merged.

    Raises:
        OSError: if the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="tailtune-") as folder:
        pieces: list[Path] = []
        source = iter(requests)
        while piece := list(itertools.islice(source, MOST_HELD)):
            piece.sort(key=_start)
            path = Path(folder) / str(len(pieces))
            write_spool(path, piece)
            pieces.append(path)
        yield from heapq.merge(*map(read_spool, pieces), key=_start)


def _start(request: Recorded) -> int:
    return request.at_ns or 0


def write_spool(path: Path, requests: Iterable[Recorded]) -> int:
    """Write requests for `read_spool`; return how many there were."""
    encoder = msgspec.json.Encoder()
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(encoder.encode(request) + b"\n")
            count += 1
    return count


def read_spool(path: Path) -> Iterator[Recorded]:
    """Yield what `write_spool` wrote."""
    decoder = msgspec.json.Decoder(Recorded)
    with path.open("rb", buffering=_CHUNK_BYTES) as file:
        for line in file:
            yield decoder.decode(line)


def spread(requests: Iterable[Recorded]) -> Iterator[Recorded]:
    """Spread requests that are known to the second only evenly over their second; the order stays.

    Otherwise a replay would send each second's requests all at once.
    """
    last_ns = -(2**63)
    for request in _spread_seconds(requests):
        last_ns = max(last_ns, request.at_ns or 0)  # where exact times stand among others
        yield request if request.at_ns == last_ns else msgspec.structs.replace(request, at_ns=last_ns)


def _spread_seconds(requests: Iterable[Recorded]) -> Iterator[Recorded]:
    same: list[Recorded] = []
    for request in requests:
        if same and (request.at_ns != same[0].at_ns or not request.whole_seconds or len(same) >= MOST_HELD):
            yield from _spread_one(same)
            same = []
        if request.whole_seconds:
            same.append(request)
        else:
            yield request
    yield from _spread_one(same)


def _spread_one(same: list[Recorded]) -> Iterator[Recorded]:
    for index, request in enumerate(same):
        offset = NS_PER_S * (2 * index + 1) // (2 * len(same))
        yield msgspec.structs.replace(request, at_ns=(request.at_ns or 0) + offset)

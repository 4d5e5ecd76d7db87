"""How large each request was."""

from pathlib import Path
from typing import Any

import numpy as np
from tests.support.recordings import manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.request_sizes import sized_times
from tailtune.model.recording import Kind

MS = 1_000_000
START = 5_000 * MS
PORTS = {0: 40_000, 1: 50_000}


def recorded(folder: Path, *, overlapping: bool = False) -> Bundle:
    """1,000 requests on two connections in turns, one each 10 ms; request n has 100 + n bytes, read in two calls."""
    requests, calls = [], []
    for number in range(1000):
        begin = START + 10 * MS * number
        lasts = 25 * MS if overlapping else 5 * MS
        times = {"intended_ns": begin, "sent_ns": begin + 1000, "done_ns": begin + lasts}
        requests.append({"window": "diagnose", "connection": number % 2, **times})
        for size, late in [(60, 0), (40 + number, MS)]:
            port = PORTS[number % 2]
            call = {"window": "diagnose", "t_ns": begin + 500 + late, "kind": 0, "peer_port": port, "bytes": size}
            calls.append(call)
        calls.append({**call, "t_ns": begin + 2 * MS, "kind": 1, "bytes": 7000})
    connections = [{"window": "diagnose", "connection": one, "local_port": port} for one, port in PORTS.items()]
    rows: dict[str, list[dict[str, Any]]] = {"requests": requests, "socket_calls": calls, "connections": connections}
    workspace = Workspace(folder)
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        for name, content in rows.items():
            writer.add_table(name, table(name, content))
        writer.finish(manifest())
    return Bundle.open(workspace.run(writer.id))


def test_a_request_is_as_large_as_what_was_read_meanwhile(tmp_path: Path) -> None:
    sized = sized_times(recorded(tmp_path), "diagnose")
    assert sized is not None
    assert sized.size_bytes.tolist() == [100 + number for number in range(1000)]
    assert np.all(sized.latency_ns == 5 * MS)
    assert np.all(sized.service_ns == 5 * MS - 1000)


def test_requests_that_share_a_connection_have_no_size(tmp_path: Path) -> None:
    assert sized_times(recorded(tmp_path, overlapping=True), "diagnose") is None


def test_a_window_without_reads_has_no_sizes(tmp_path: Path) -> None:
    assert sized_times(recorded(tmp_path), "measure") is None

"""Whole recordings with contents that cannot be: explained as far as they go, and never a crash."""

import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.go_traces import FILES
from tests.support.recordings import latency, load_report, manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.bundle.schema import TABLES
from tailtune.judge.request_windows import Untold
from tailtune.lab.explain import explain
from tailtune.lab.facts import facts_of
from tailtune.model.recording import Kind, Phase, PhaseRecord

S = 1_000_000_000
TRACE = "profiles/go-trace.diagnose.trace"
JUDGED = (
    *("requests", "connections", "socket_calls", "waits", "samples", "thread_states", "stacks", "frames"),
    *("process", "host", "threads", "gc", "sched", "outcomes"),
)
PHASES = [
    PhaseRecord(phase=phase, started_ns=begin * S, ended_ns=end * S)
    for phase, begin, end in ((Phase.MEASURE, 1, 11), (Phase.DIAGNOSE, 12, 20))
]


def record(folder: Path, tables: dict[str, pa.Table], files: dict[str, bytes] | None = None) -> Bundle:
    with BundleWriter.create(Workspace(folder), Kind.RUN) as writer:
        for name, content in tables.items():
            writer.add_table(name, content)
        for name, data in (files or {}).items():
            writer.add_file(name, data)
        for window in ("measure", "diagnose"):
            writer.add_table("latency", latency(range(1, 2001), window))
        return Bundle.open(writer.finish(manifest(load=load_report(), diagnose_load=load_report(), phases=PHASES)))


def served(times: Iterable[tuple[int, int, int]], threads: int = 1) -> dict[str, pa.Table]:
    """Requests on one connection, each read and written by a thread in its first and last tenth."""
    requests, calls = list[dict[str, Any]](), list[dict[str, Any]]()
    for number, (intended, sent, done) in enumerate(times):
        requests.append(
            {"window": "diagnose", "intended_ns": intended, "sent_ns": sent, "done_ns": done, "status": 200}
        )
        call = {"window": "diagnose", "tid": 100 + number % threads, "pid": 1, "peer_port": 4000, "bytes": 10}
        calls += [
            {**call, "t_ns": sent + (done - sent) // 10, "kind": 0},
            {**call, "t_ns": done - (done - sent) // 10, "kind": 1},
        ]
    calls.sort(key=lambda row: row["t_ns"])
    link = {"window": "diagnose", "connection": 0, "local_port": 4000, "opened_ns": 1}
    rows = {"requests": requests, "socket_calls": calls, "connections": [link]}
    return {name: table(name, content) for name, content in rows.items()}


def regular(count: int = 1000, step: int = 8_000_000, takes: int = 1_000_000) -> list[tuple[int, int, int]]:
    return [(12 * S + at * step, 12 * S + at * step + 1, 12 * S + at * step + takes) for at in range(count)]


def by_reason(folder: Path) -> dict[str, int]:
    found = explain(folder, "latest").requests
    assert found is not None
    return {one.reason: one.requests for one in found.undivided}


def hostile(name: str, seed: int, rows: int) -> pa.Table:
    """Rows of a table in which every number may be anything that its type holds, small, huge, negative or right."""
    draw = np.random.default_rng(seed)
    schema, columns = TABLES[name], []
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string(kind):
            words = ["measure", "diagnose"] if field.name == "window" else ["", "main.work", "\x1b[31m", "ü" * 9]
            values: Any = draw.choice(words, rows).tolist()
        elif pa.types.is_boolean(kind):
            values = draw.integers(0, 2, rows).astype(bool)
        elif pa.types.is_floating(kind):
            values = draw.choice([0.0, -1.0, 1e300, math.inf, math.nan], rows)
        else:
            limits = np.iinfo(kind.to_pandas_dtype())
            wide = draw.integers(limits.min, limits.max, rows, dtype=kind.to_pandas_dtype(), endpoint=True)
            near = draw.integers(0, min(40, limits.max), rows)
            right = np.minimum(draw.integers(12 * S, 20 * S, rows), limits.max)
            values = np.choose(draw.integers(0, 3, rows), [wide, near, right]).astype(kind.to_pandas_dtype())
        columns.append(pa.array(values, type=kind))
    return pa.table(columns, names=schema.names).cast(schema)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([0, 7, 800]), st.sets(st.sampled_from(JUDGED), max_size=3))
@example(1752, 7, set())  # counts whose double is no integer of 64 bits
def test_no_content_of_any_table_crashes_an_explanation(seed: int, rows: int, absent: set[str]):
    tables = {name: hostile(name, seed + at, rows) for at, name in enumerate(JUDGED) if name not in absent}
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder), tables, {TRACE: b"go 1.22 trace\0\0\0damaged"})
        told = explain(Path(folder), "latest")
        assert all(0 <= finding.share.point <= 1 for finding in told.findings)
        assert told.requests is None or told.requests.requests <= rows


def test_a_clock_that_steps_back_takes_only_the_requests_across_it(tmp_path: Path):
    times = regular()
    back = [(a - S, b - S, c - S) for a, b, c in times[500:]]
    across = (times[499][0], times[499][1], times[499][1] - S)
    record(tmp_path, served([*times[:499], across, *back]))
    told = explain(tmp_path, "latest")
    assert told.requests is not None
    assert told.requests.requests == 1000
    assert told.requests.divided >= 500
    assert "clocks disagree" in " ".join(told.warnings)


def test_requests_longer_than_the_window_are_divided_as_far_as_they_were_seen(tmp_path: Path):
    record(tmp_path, served([*regular(), (12 * S + 9 * S, 12 * S + 9 * S, 3_600 * S)]))
    told = explain(tmp_path, "latest")
    assert told.requests is not None
    assert told.requests.bands[-1].most_ns == 3_600 * S - 21 * S


def test_several_in_flight_on_one_connection_are_said_to_be_undivided(tmp_path: Path):
    record(tmp_path, served(regular(takes=80_000_000)))
    assert by_reason(tmp_path) == {Untold.IN_FLIGHT: 1000}


def test_a_service_that_goes_on_under_another_process_number_is_followed(tmp_path: Path):
    tables = served(regular(), threads=500)
    record(tmp_path, tables)
    assert by_reason(tmp_path) == {}


def test_calls_that_end_in_the_middle_leave_the_rest_undivided(tmp_path: Path):
    """As when the service exits or is started again where nobody looks."""
    tables = served(regular())
    tables["socket_calls"] = tables["socket_calls"].slice(0, 1000)
    record(tmp_path, tables)
    told = explain(tmp_path, "latest")
    assert told.requests is not None
    assert told.requests.divided == 500
    assert by_reason(tmp_path) == {Untold.NO_READ: 500}


@pytest.mark.parametrize("cut", ["empty", "half", "noise", "text"])
def test_a_damaged_trace_is_warned_of_and_the_rest_is_explain(tmp_path: Path, cut: str):
    whole = (FILES / "go1.26.trace").read_bytes()
    noise = bytes(np.random.default_rng(1).integers(0, 256, len(whole), dtype=np.uint8))
    data = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "noise": whole[: len(whole) // 3] + noise[: len(whole) // 3] + whole[2 * len(whole) // 3 :],
        "text": b"404 page not found\n",
    }[cut]
    bundle = record(tmp_path, served(regular()), {TRACE: data})
    told = explain(tmp_path, "latest")
    assert told.requests is not None
    assert told.requests.divided == 1000
    assert [text for text in told.warnings if text.startswith(TRACE)]
    assert facts_of(bundle).summary is not None


def test_a_whole_trace_is_not_warned_of(tmp_path: Path):
    record(tmp_path, served(regular()), {TRACE: (FILES / "go1.26.trace").read_bytes()})
    assert not [text for text in explain(tmp_path, "latest").warnings if TRACE in text]

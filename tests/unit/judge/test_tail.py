"""The slowest requests, and what ran while they were in flight."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.recordings import manifest, record, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.tail import request_times, tail_of
from tailtune.model.recording import Kind

MS = 1_000_000
START = 5_000 * MS


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """1,000 requests, 10 ms apart; ten of them take 100 ms and the rest 1 ms. Stack 7 runs while the first is slow."""
    slow = {100 * number for number in range(10)}
    requests = [
        {
            "window": "diagnose",
            "intended_ns": START + 10 * MS * number,
            "sent_ns": START + 10 * MS * number + 1000,
            "done_ns": START + 10 * MS * number + (100 * MS if number in slow else MS),
        }
        for number in range(1000)
    ]
    samples: list[dict[str, Any]] = [
        {"window": "diagnose", "t_ns": START + at * MS, "stack": 7 if at < 100 else 3} for at in range(0, 200, 2)
    ]
    samples.append({"window": "measure", "t_ns": START, "stack": 3})
    paths = [(7, 1, 4), (7, 0, 9), (3, 0, 4)]
    stacks = [{"stack": stack, "depth": depth, "frame": frame} for stack, depth, frame in paths]
    frames = [{"frame": 4, "function": "main.main"}, {"frame": 9, "function": "main.work"}]
    sched = [
        {"t_ns": 0, "gomaxprocs": 2, "run_queue": 500},  # before there was load
        {"t_ns": START + MS, "gomaxprocs": 2, "run_queue": 30, "local_run_queue": 4},
    ]
    rows: dict[str, list[dict[str, Any]]] = {"requests": requests, "samples": samples, "stacks": stacks}
    rows |= {"frames": frames, "sched": sched}
    workspace = Workspace(tmp_path)
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        for name, content in rows.items():
            writer.add_table(name, table(name, content))
        writer.finish(manifest())
    return Bundle.open(workspace.run(writer.id))


def test_samples_are_weighed_by_the_slow_requests_in_flight(bundle: Bundle) -> None:
    tail = tail_of(bundle, "diagnose", 2.0 * MS)
    assert tail is not None
    assert (tail.requests, tail.stretches, tail.wall_ns) == (10, 10, 1000.0 * MS)
    assert (tail.queued, tail.procs) == (34, 2)
    assert [tail.meanwhile.names(stack) for stack in range(2)] == [["main.main"], ["main.work", "main.main"]]
    assert tail.meanwhile.counts.tolist() == [0, 50]
    assert tail.meanwhile.values.tolist() == [0.0, 100.0 * MS]
    assert tail.always.values.tolist() == [100.0 * MS, 100.0 * MS]
    assert tail.window_ns == 9991.0 * MS


def test_times_of_a_window(bundle: Bundle) -> None:
    times = request_times(bundle, "diagnose")
    assert times is not None
    assert int(times.in_tail.sum()) == 10
    assert np.all(times.latency_ns - times.service_ns == 1000)


def test_a_window_without_requests_or_stacks_has_no_tail(bundle: Bundle, tmp_path: Path) -> None:
    assert tail_of(bundle, "measure", 2.0 * MS) is None
    assert request_times(bundle, "measure") is None
    workspace = Workspace(tmp_path)
    assert tail_of(Bundle.open(workspace.run(record(workspace))), "diagnose", 2.0 * MS) is None

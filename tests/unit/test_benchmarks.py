"""The benchmarks' own arithmetic: a harness that is wrong flatters or slanders."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "load"


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield
    for name in set(sys.modules) - before:
        if name in {path.stem for path in FOLDER.glob("*.py")}:
            del sys.modules[name]


def test_a_peer_on_its_own_grid_is_not_off_it() -> None:
    deviations = import_module("accuracy").deviations
    grid = 5e9 + np.arange(3_000) * 1e6
    assert deviations(grid, 1_000, None).max() < 1
    slower = 5e9 + np.arange(3_000) * 1.01e6
    assert deviations(slower, 1_000, None).max() < 1  # it kept a rate of its own


def test_jitter_is_found_to_its_size() -> None:
    deviations = import_module("accuracy").deviations
    jitter = np.random.default_rng(1).uniform(-50e3, 50e3, 20_000)
    found = deviations(np.sort(np.arange(20_000) * 1e6 + jitter), 1_000, None)
    assert np.quantile(found, 0.99) == pytest.approx(49.5e3, rel=0.03)


def test_ours_is_held_to_the_schedule_it_promised() -> None:
    deviations = import_module("accuracy").deviations
    late = 7e9 + np.arange(3_000) * 1e6 + 40e3
    assert deviations(late, 1_000, 7e9).min() == pytest.approx(40e3)


def test_what_peers_say_is_read_in_seconds() -> None:
    said = {one.name: one.says for one in import_module("generators").PEERS}
    hey = "  Slowest:\t2.0065 secs\n  50%% in 0.0008 secs\n  90%% in 0.0017 secs\n  99%% in 0.0052 secs\n"
    assert said["hey"](hey) == {"p50": 0.0008, "p90": 0.0017, "p99": 0.0052, "max": 2.0065}
    wrk = (
        "    Latency   293.06us  162.15us   4.67ms   92.15%\n     50%  257.00us\n     75%  300.00us\n     99%  1.5ms\n"
    )
    assert said["wrk"](wrk) == pytest.approx({"p50": 257e-6, "p99": 1.5e-3, "max": 4.67e-3})
    vegeta = '{"latencies":{"50th":174500,"90th":249256,"95th":1,"99th":369365,"max":2065599}}'
    assert said["vegeta"](vegeta)["max"] == pytest.approx(2.065599e-3)
    fortio = '{"DurationHistogram":{"Max":0.5,"Percentiles":[{"Percentile":50,"Value":0.25}]}}'
    assert said["fortio"](fortio) == {"p50": 0.25, "max": 0.5}

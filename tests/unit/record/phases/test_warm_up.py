import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from msgspec.structs import replace
from tests.support.trials import WORKLOAD, Meddler

from tailtune.bundle.schema import LATENCY
from tailtune.model.profile import Shape, Stage
from tailtune.model.project import Service, Variant
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Trace, Workload
from tailtune.record.engine.load import EngineProcess
from tailtune.record.formats.rows import from_dicts
from tailtune.record.phases import service as services
from tailtune.record.phases import warm_up
from tailtune.record.phases.player import Player
from tailtune.record.ports import WarmUpWindow

Tiny = Callable[..., Service]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.2))


def warm(
    service: Service,
    root: Path,
    cap: float,
    steady: Callable[[Sequence[WarmUpWindow]], tuple[bool, str]],
    workload: Workload = WORKLOAD,
):
    artifact = services.build(service, "base", Variant(), root, root)
    build = services.Build(name="base", variant=Variant(), artifact=artifact)
    running = services.start(service, build, root=root, cpus=[], stdout=root / "out", stderr=root / "err")
    engine = EngineProcess()
    try:
        running.wait_ready()
        player = Player(engine, workload, root, root)
        return warm_up.WarmUp(running, player, seed=5).run(Duration.from_seconds(cap), steady, Meddler())
    finally:
        engine.close()
        running.stop(grace=False)


def test_it_ends_when_the_test_says_so(tmp_path: Path, tiny: Tiny) -> None:
    seen: list[WarmUpWindow] = []

    def steady(windows: Sequence[WarmUpWindow]) -> tuple[bool, str]:
        seen[:] = windows
        return len(windows) == 3, f"saw {len(windows)}"

    state = warm(tiny(), tmp_path, 10, steady)
    assert (state.steady, state.reason) == (True, "saw 3")
    assert state.seconds == pytest.approx(sum(one.seconds for one in seen))
    assert len(seen) == 3
    assert all(1_000 < one.p50_ns < 1e9 and one.cpu_per_request_ns > 0 and one.gc_cycles == -1 for one in seen)


def test_not_steady_is_a_result(tmp_path: Path, tiny: Tiny) -> None:
    state = warm(tiny(), tmp_path, 0.5, lambda windows: (False, f"still moves after {len(windows)}"))
    assert (state.steady, state.reason) == (False, "still moves after 3")


def test_a_rate_that_changes_is_evened_out(tmp_path: Path, tiny: Tiny) -> None:
    minute = Duration.from_seconds(60)
    ramp = Stage(shape=Shape.RAMP, duration=minute, from_per_s=0, to_per_s=400)  # nothing in its first 0.2 s
    workload = replace(WORKLOAD, profile=[ramp], duration=minute)
    seen: list[WarmUpWindow] = []

    def steady(windows: Sequence[WarmUpWindow]) -> tuple[bool, str]:
        seen[:] = windows
        return len(windows) == 3, ""

    assert warm(tiny(), tmp_path, 10, steady, workload).steady
    assert all(one.p50_ns > 0 for one in seen)


@pytest.mark.parametrize("arrival", [Arrival.CLOSED, Arrival.SESSIONS, Arrival.TRACE])
def test_every_arrival_warms_up(tmp_path: Path, tiny: Tiny, arrival: Arrival) -> None:
    (tmp_path / "trace.tsv").write_text("t\n0\n0.01\n0.02\n")  # shorter than a stretch of the warm-up
    trace = Trace(file="trace.tsv") if arrival is Arrival.TRACE else None
    workload = replace(WORKLOAD, arrival=arrival, trace=trace, connections=2 if arrival is Arrival.CLOSED else None)
    assert warm(tiny(), tmp_path, 10, lambda windows: (windows[-1].p50_ns > 0, ""), workload).steady


def test_the_median_of_a_histogram() -> None:
    rows = [
        {"window": "warm-up", "slice": -1, "operation": 0, "interval": 0, "kind": kind, "value_ns": value, "count": n}
        for kind, value, n in (
            ("latency", 30, 1),
            ("latency", 10, 4),
            ("latency", 20, 5),
            ("service-time", 1, 100),
        )
    ]
    assert warm_up._median_ns(from_dicts("latency", rows)) == 20
    assert math.isnan(warm_up._median_ns(pa.Table.from_pylist([], schema=LATENCY)))

"""Services that fork, lose workers, exit, reset and hang: each recording is explained as far as it goes."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import ServiceDiedError
from tailtune.judge.request_windows import Untold
from tailtune.lab.explain import explain
from tailtune.lab.facts import facts_of
from tailtune.model.project import Language, ReadyCheck, Service
from tailtune.model.recording import Kind, Manifest
from tailtune.model.request_parts import RequestBands
from tailtune.model.results import ExplainResult
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.phases import warm_up
from tailtune.record.trial import run_trial
from tailtune.show.text.explain import explanation

pytestmark = pytest.mark.real

HOSTILE = Path(__file__).resolve().parents[1] / "support" / "hostile_service.py"
MOST_BYTES = 1 << 30


@pytest.fixture(autouse=True)
def _quick_warm_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.3))
    yield
    assert started() == []


def service(*habits: str) -> Service:
    return Service(
        language=Language.COMMAND,
        binary=sys.executable,
        args=["-I", "-S", str(HOSTILE), "--port", "{port}", *habits],
        ready=ReadyCheck(timeout=Duration.from_seconds(10)),
    )


def workload(rate: float = 300, timeout: float = 5) -> Workload:
    return Workload(
        operations=[Operation(name="get", timeout=Duration.from_seconds(timeout))],
        rate_per_s=rate,
        duration=Duration.from_seconds(1),
        max_connections=64,
    )


def carry_out(
    folder: Path, chosen: Service, load: Workload | None = None, progress: Meddler | None = None, seconds: float = 1.0
) -> Manifest:
    plan = msgspec.structs.replace(trial_plan(folder, chosen, diagnose=seconds), workload=load or workload())
    with open_bench(folder, Kind.RUN, progress or Meddler()) as bench:
        return run_trial(plan, bench)


def told(folder: Path, manifest: Manifest) -> tuple[ExplainResult, RequestBands]:
    """Explain the only recording; skips the test where socket calls cannot be seen."""
    result = explain(folder, "latest")
    assert explanation(result)
    assert facts_of(Bundle.open(Workspace(folder).run(result.bundle_id))).summary is not None
    lost = next(one.lost for one in manifest.collectors if one.name == "sockets")
    if lost:
        pytest.skip(lost)
    assert result.requests is not None, result.warnings
    return result, result.requests


def undivided(bands: RequestBands) -> dict[str, int]:
    return {one.reason: one.requests for one in bands.undivided}


def test_workers_that_are_forked_while_diagnosing_are_seen(tmp_path: Path) -> None:
    manifest = carry_out(tmp_path, service("--workers", "2", "--add-every", "0.2"))
    _, bands = told(tmp_path, manifest)
    assert bands.requests > 100
    assert bands.divided > 0.95 * bands.requests, undivided(bands)
    calls = Bundle.open(Workspace(tmp_path).run(manifest.id)).table("socket_calls")
    assert len(set(calls["pid"].to_pylist())) > 1


def test_a_worker_that_dies_and_is_replaced_loses_only_its_requests(tmp_path: Path) -> None:
    manifest = carry_out(tmp_path, service("--workers", "2", "--end-every", "0.3"))
    result, bands = told(tmp_path, manifest)
    assert bands.divided > 0.9 * bands.requests, undivided(bands)
    assert result.summary.diagnose is not None
    assert result.summary.diagnose.cpu is not None
    assert result.summary.diagnose.cpu.per_request_ns.point > 0


class Ending(Meddler):
    """Ends the service once a second of diagnosing was played, however long that took to begin."""

    def advance(self, done: float, total: float, note: str = "") -> None:
        super().advance(done, total, note)
        if self.phases[-1] != "diagnose":
            return
        for one in started():
            if HOSTILE.name.encode() in Path(f"/proc/{one.pid}/cmdline").read_bytes():
                os.kill(one.pid, signal.SIGSEGV)


def test_a_service_that_exits_while_diagnosing_leaves_what_was_measured(tmp_path: Path) -> None:
    with pytest.raises(ServiceDiedError):
        carry_out(tmp_path, service(), progress=Ending(), seconds=5)
    result = explain(tmp_path, "latest")
    assert result.summary.measure.latency.requests > 50
    assert any("partial" in warning for warning in result.warnings)
    assert explanation(result)
    manifest = Bundle.open(Workspace(tmp_path).run(result.bundle_id)).manifest
    assert "diagnose" in manifest.failure
    if not next(one.lost for one in manifest.collectors if one.name == "sockets"):
        assert result.requests is not None
        assert result.requests.divided > 0


def test_connections_that_are_reset_fail_alone(tmp_path: Path) -> None:
    manifest = carry_out(tmp_path, service("--reset-every", "20"))
    result, bands = told(tmp_path, manifest)
    assert result.summary.diagnose is not None
    errors = result.summary.diagnose.latency.errors
    assert 0 < errors < 0.2 * bands.requests
    assert bands.divided + sum(undivided(bands).values()) <= bands.requests
    assert bands.divided > 0.9 * (bands.requests - errors), undivided(bands)


def test_a_connection_for_each_request_is_divided_like_others(tmp_path: Path) -> None:
    manifest = carry_out(tmp_path, service("--close"))
    result, bands = told(tmp_path, manifest)
    links = Bundle.open(Workspace(tmp_path).run(result.bundle_id)).table("connections")
    assert links["window"].to_pylist().count("diagnose") >= 0.9 * bands.requests
    assert bands.divided > 0.9 * bands.requests, undivided(bands)


def test_requests_that_outlast_the_window_are_divided(tmp_path: Path) -> None:
    """Each fiftieth takes three windows; the engine waits for it, and so does what is recorded."""
    manifest = carry_out(tmp_path, service("--slow-every", "50", "--slow", "1.5"), workload(rate=200), seconds=0.5)
    _, bands = told(tmp_path, manifest)
    slowest = bands.bands[-1] if bands.bands else None
    if slowest is not None:
        assert slowest.most_ns >= 1_500_000_000
        assert "sleep" in {part.part for part in slowest.parts}
    assert bands.divided > 0.9 * bands.requests, undivided(bands)


def test_requests_that_are_given_up_are_no_gap(tmp_path: Path) -> None:
    manifest = carry_out(tmp_path, service("--slow-every", "30", "--slow", "1"), workload(timeout=0.2))
    result, bands = told(tmp_path, manifest)
    assert result.summary.diagnose is not None
    assert result.summary.diagnose.latency.errors > 0
    assert Untold.CLOCK not in undivided(bands)


@pytest.mark.alone
def test_fifty_thousand_requests_a_second_are_recorded_in_bounded_memory(tmp_path: Path) -> None:
    fast = Service(
        language=Language.COMMAND,
        binary=sys.executable,
        args=["-m", "tailtune.record.engine.null_server", "--port", "{port}"],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        ready=ReadyCheck(timeout=Duration.from_seconds(10)),
    )
    manifest = carry_out(tmp_path, fast, workload(rate=50_000))
    assert manifest.diagnose_load is not None
    assert manifest.diagnose_load.scheduled_requests > 45_000
    code = (
        "import sys; from pathlib import Path; from tailtune.lab.explain import explain\n"
        "print(explain(Path(sys.argv[1]), 'latest').requests is not None)\n"
        "print(open('/proc/self/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak is not None
    assert int(peak[1]) * 1024 < MOST_BYTES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < 2 * MOST_BYTES
    told(tmp_path, manifest)

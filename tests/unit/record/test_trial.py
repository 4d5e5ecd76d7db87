import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import (
    BuildError,
    NothingMeasuredError,
    NotReadyError,
    RecordingError,
    RunInterruptedError,
    ServiceDiedError,
    UsageError,
)
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Kind, Manifest, Phase
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.engine import output
from tailtune.record.phases import warm_up
from tailtune.record.trial import run_trial

Tiny = Callable[..., Service]
ALL = [phase.value for phase in Phase if phase not in (Phase.GATES, Phase.ANSWERS, Phase.SIMULATE)]


@pytest.fixture(autouse=True)
def _quick_warm_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.3))
    yield
    assert started() == []


def carry_out(root: Path, service: Service, progress: Meddler | None = None, *, diagnose: float = 0.3) -> Manifest:
    with open_bench(root, Kind.RUN, progress or Meddler()) as bench:
        return run_trial(trial_plan(root, service, diagnose=diagnose), bench)


def only_recording(root: Path) -> Bundle:
    workspace = Workspace(root)
    assert workspace.unfinished() == []
    [path] = workspace.finished()
    return Bundle.open(path)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def soon(deed: Callable[[], None]) -> Callable[[], None]:
    return lambda: threading.Timer(0.2, deed).start()


def kill_service() -> None:
    for one in started():
        command = Path(f"/proc/{one.pid}/cmdline").read_bytes()
        if b"tiny_service.py" in command:
            os.kill(one.pid, signal.SIGSEGV)


def test_a_trial_goes_through_all_phases(tmp_path: Path, tiny: Tiny) -> None:
    progress = Meddler()
    manifest = carry_out(tmp_path, tiny("--child"), progress)
    bundle = only_recording(tmp_path)
    assert progress.phases == ALL
    assert [record.phase.value for record in manifest.phases] == ALL
    assert all(record.ok and record.started_ns <= record.ended_ns for record in manifest.phases)
    assert not bundle.manifest.partial
    assert manifest.load is not None
    assert manifest.diagnose_load is not None
    assert manifest.load.completed_requests == manifest.load.scheduled_requests > 50
    assert manifest.schedule_sha256 == manifest.load.schedule_sha256 != manifest.diagnose_load.schedule_sha256
    assert {"process", "threads", "host"} <= {record.name for record in manifest.collectors}
    windows = bundle.table("requests")["window"].to_pylist()
    assert windows.count("measure") == manifest.load.scheduled_requests
    assert windows.count("diagnose") == manifest.diagnose_load.scheduled_requests
    connections = bundle.table("connections").to_pylist()
    assert {row["window"] for row in connections} == {"measure", "diagnose"}
    assert all(row["local_port"] > 0 for row in connections)
    assert (bundle.path / "logs" / "service.stderr.txt").exists()


def test_cpu_time_is_that_of_the_window(tmp_path: Path, tiny: Tiny) -> None:
    manifest = carry_out(tmp_path, tiny(), diagnose=0)
    rows = [row for row in only_recording(tmp_path).table("process").to_pylist() if row["window"] == "measure"]
    measured = next(record for record in manifest.phases if record.phase is Phase.MEASURE)
    assert measured.started_ns < rows[0]["t_ns"] < rows[-1]["t_ns"] < measured.ended_ns
    used = sum(rows[-1][name] - rows[0][name] for name in ("cpu_user_ns", "cpu_system_ns"))
    assert 0 < used < 2 * (measured.ended_ns - measured.started_ns)
    assert "diagnose" not in {record.phase.value for record in manifest.phases}


def test_counters_are_read_before_the_log_of_the_load(
    tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[int]()

    def read_latency(*given: object) -> object:
        read.append(time.monotonic_ns())
        return output.read_latency(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("tailtune.record.trial.read_latency", read_latency)
    carry_out(tmp_path, tiny(), diagnose=0)
    bundle = only_recording(tmp_path)
    for name in ("process", "host"):
        assert max(bundle.table(name)["t_ns"].to_pylist()) < read[0]


def test_the_same_seed_sends_the_same_requests(tmp_path: Path, tiny: Tiny) -> None:
    first, second = (carry_out(tmp_path / name, tiny(), diagnose=0) for name in ("one", "two"))
    assert first.schedule_sha256 == second.schedule_sha256


@pytest.mark.parametrize("phase", ALL)
def test_ctrl_c_keeps_what_was_recorded(phase: str, tmp_path: Path, tiny: Tiny) -> None:
    progress = Meddler()
    loaded = phase in ("warm-up", "measure", "diagnose")
    progress.on(phase, soon(interrupt) if loaded else interrupt)
    with pytest.raises(RunInterruptedError, match=f"during {phase}; what was recorded is kept as"):
        carry_out(tmp_path, tiny("--stubborn", "--child"), progress)
    bundle = only_recording(tmp_path)
    assert bundle.manifest.partial
    assert bundle.manifest.failure == f"interrupted during {phase}"
    came_to = ALL[: ALL.index(phase) + 1]
    assert [record.phase.value for record in bundle.manifest.phases if record.phase is not Phase.STOP] == [
        one for one in came_to if one != "stop"
    ]
    cut_short = [record.phase.value for record in bundle.manifest.phases if not record.ok]
    assert cut_short == [phase]
    windows = set(bundle.table("requests")["window"].to_pylist())
    assert windows == {one for one in ("measure", "diagnose") if one in came_to}
    loads = {"measure": bundle.manifest.load, "diagnose": bundle.manifest.diagnose_load}
    assert {window for window, report in loads.items() if report is not None} == windows
    assert [window for window, report in loads.items() if report and report.interrupted] == [
        window for window in windows if window == phase
    ]


def test_a_build_that_fails(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        carry_out(tmp_path, Service(language=Language.COMMAND, binary="./absent"))
    manifest = only_recording(tmp_path).manifest
    assert manifest.partial
    assert manifest.failure.startswith("build-failed: ")


def test_a_death_at_start(tmp_path: Path, tiny: Tiny) -> None:
    with pytest.raises(NotReadyError) as told:
        carry_out(tmp_path, tiny("--die-at-start"))
    assert "cannot open the database" in told.value.detail
    bundle = only_recording(tmp_path)
    assert bundle.manifest.failure.startswith("not-ready: ")
    assert "cannot open the database" in (bundle.path / "logs" / "service.stderr.txt").read_text()


def test_a_service_that_is_never_ready(tmp_path: Path, tiny: Tiny) -> None:
    with pytest.raises(NotReadyError, match="not ready after"):
        carry_out(tmp_path, tiny("--silent", timeout_seconds=0.5))
    assert only_recording(tmp_path).manifest.partial


@pytest.mark.parametrize("phase", ["warm-up", "measure", "diagnose"])
def test_a_death_in_the_middle(phase: str, tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    if phase == "warm-up":  # it must last until somebody has died in it, on a busy machine too
        monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(3))
    progress = Meddler()
    progress.on(phase, soon(kill_service))
    with pytest.raises(ServiceDiedError, match=f"ended with SIGSEGV during {phase}"):
        carry_out(tmp_path, tiny(), progress)
    bundle = only_recording(tmp_path)
    assert bundle.manifest.failure.startswith("service-died: ")
    assert ("measure" in bundle.table("requests")["window"].to_pylist()) == (phase != "warm-up")


def test_no_answer_is_nothing_measured(tmp_path: Path, tiny: Tiny) -> None:
    def silence() -> None:
        for one in started():
            os.kill(one.pid, signal.SIGSTOP)

    progress = Meddler()
    progress.on("measure", silence)
    hasty = [Operation(name="get", timeout=Duration.from_seconds(0.2))]
    workload = Workload(operations=hasty, rate_per_s=50, duration=Duration.from_seconds(1))
    plan = msgspec.structs.replace(trial_plan(tmp_path, tiny(), diagnose=0), workload=workload)
    with open_bench(tmp_path, Kind.RUN, progress) as bench, pytest.raises(NothingMeasuredError, match="none of"):
        run_trial(plan, bench)
    assert only_recording(tmp_path).manifest.partial


def test_a_full_disk_leaves_finished_recordings_alone(tmp_path: Path, tiny: Tiny) -> None:
    carry_out(tmp_path, tiny(), diagnose=0)
    finished = only_recording(tmp_path).path
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    progress = Meddler()
    progress.on("drain", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1])))
    try:
        with pytest.raises(RecordingError, match="cannot be written"):
            carry_out(tmp_path, tiny(), progress, diagnose=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert only_recording(tmp_path).path == finished
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


def test_knobs_of_the_variant_are_applied_at_the_start(tmp_path: Path, tiny: Tiny) -> None:
    cpu, seen = min(os.sched_getaffinity(0)), list[tuple[set[int], bytes]]()

    def look() -> None:
        for one in started():
            folder = Path(f"/proc/{one.pid}")
            if b"tiny_service.py" in (folder / "cmdline").read_bytes():
                seen.append((os.sched_getaffinity(one.pid), (folder / "environ").read_bytes()))

    progress = Meddler()
    progress.on("measure", look)
    variant = Variant(knobs={"affinity": str(cpu), "gogc": "250"})
    plan = msgspec.structs.replace(trial_plan(tmp_path, tiny(), diagnose=0), variant=variant)
    with open_bench(tmp_path, Kind.RUN, progress) as bench:
        run_trial(plan, bench)
    [(cpus, environment)] = seen
    assert cpus == {cpu}
    assert b"\0GOGC=250\0" in environment


def test_an_unknown_knob_is_refused_before_the_build(tmp_path: Path, tiny: Tiny) -> None:
    plan = msgspec.structs.replace(trial_plan(tmp_path, tiny()), variant=Variant(knobs={"warp": "9"}))
    with open_bench(tmp_path, Kind.RUN, Meddler()) as bench, pytest.raises(UsageError, match="'warp'"):
        run_trial(plan, bench)
    assert Workspace(tmp_path).finished() == Workspace(tmp_path).unfinished() == []

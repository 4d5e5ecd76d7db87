import dataclasses
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.trials import Meddler, experiment_plan, open_bench, resumed_bench, started

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NotReadyError, RecordingError, RunInterruptedError, ServiceDiedError, UsageError
from tailtune.model.project import Service, Variant
from tailtune.model.recording import Kind, Manifest
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Trace
from tailtune.record.experiment import run_experiment
from tailtune.record.host.cgroup import seat
from tailtune.record.phases import warm_up
from tailtune.record.phases.epochs import plan_epoch
from tailtune.record.ports import Look

Tiny = Callable[..., Service]
BASE, OTHER = Variant(), Variant(env={"SETTING": "2"})
SEED = 1


@pytest.fixture(autouse=True)
def _quick_warm_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm_up, "CHUNK", Duration.from_seconds(0.3))
    yield
    assert started() == []


def carry_out(
    root: Path, service: Service, progress: Meddler | None = None, *, epochs: int = 2, other: Variant = OTHER
) -> Manifest:
    with open_bench(root, Kind.EXPERIMENT, progress or Meddler()) as bench:
        return run_experiment(experiment_plan(root, service, epochs=epochs, base=BASE, other=other), bench)


def only_recording(root: Path) -> Bundle:
    [path] = Workspace(root).finished()
    return Bundle.open(path)


def interrupt_soon() -> None:
    threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_epochs_of_paired_slices(tmp_path: Path, tiny: Tiny) -> None:
    carry_out(tmp_path, tiny())
    bundle = only_recording(tmp_path)
    slices, epochs = bundle.table("slices").to_pylist(), bundle.table("epochs").to_pylist()
    names = ["base", "other"]
    planned = [plan_epoch(SEED, epoch, 2) for epoch in range(2)]
    assert [(one["slice"], one["pair"], one["position"], one["variant"], one["seed"]) for one in slices] == [
        (one.slice, one.pair, one.position, names[one.variant], one.seed) for plan in planned for one in plan.slices
    ]
    assert [(one["epoch"], one["variant"]) for one in epochs] == [
        (plan.epoch, names[index]) for plan in planned for index in plan.start_order
    ]
    for first, second in zip(slices[::2], slices[1::2], strict=True):
        assert first["schedule_sha256"] == second["schedule_sha256"]
        assert first["variant"] != second["variant"]
    assert len({one["schedule_sha256"] for one in slices}) == 4
    assert all(one["completed"] == one["requests"] > 20 and one["cpu_user_ns"] >= 0 for one in slices)
    assert all(one["cpu_user_ns"] + one["cpu_system_ns"] > 0 for one in slices)
    latency = bundle.table("latency").to_pylist()
    counts = [sum(r["count"] for r in latency if r["slice"] == n and r["kind"] == "latency") for n in range(8)]
    assert counts == [one["requests"] for one in slices]
    assert bundle.table("process")["slice"].to_pylist() == [n for n in range(8) for _ in range(2)]
    assert bundle.table("host")["slice"].to_pylist() == [n for n in range(8) for _ in range(2)]
    assert [one.variant for one in bundle.manifest.artifacts] == names
    assert list(bundle.manifest.variants) == names


def test_knobs_of_one_variant_turn_its_load_and_what_is_beside_it(tmp_path: Path, tiny: Tiny) -> None:
    other = Variant(knobs={"rate": "x0.5", "nice": "3", "background": "cpu:1"})
    manifest = carry_out(tmp_path, tiny(), epochs=1, other=other)
    assert [(one.variant, one.knob, one.seen) for one in manifest.applied] == [
        ("other", "rate", None),
        ("other", "nice", "nice=3"),
        ("other", "background", "background=cpu:1"),
    ]
    requests = dict.fromkeys(("base", "other"), 0)
    for one in only_recording(tmp_path).table("slices").to_pylist():
        requests[one["variant"]] += one["requests"]
    assert requests["other"] < 0.75 * requests["base"]


@pytest.mark.skipif(os.geteuid() != 0 or seat("cpu") is None, reason="needs control groups that may be made")
def test_the_quota_of_one_variant_is_seen_to_stop_that_one(tmp_path: Path, tiny: Tiny) -> None:
    quota = Variant(knobs={"cpu-quota": "0.05/20ms"})
    plan = experiment_plan(tmp_path, tiny(), epochs=1, base=BASE, other=quota)
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench:
        run_experiment(replace(plan, workload=replace(plan.workload, rate_per_s=1000)), bench)
    slices = only_recording(tmp_path).table("slices").to_pylist()
    assert {row["variant"] for row in slices if row["throttled_ns"]} == {"other"}


def test_slices_that_hold_only_the_beginning_of_a_trace_are_told_of(tmp_path: Path, tiny: Tiny) -> None:
    (tmp_path / "trace.tsv").write_text("t\n" + "".join(f"{number / 100}\n" for number in range(100)))
    plan = experiment_plan(tmp_path, tiny(), epochs=1, base=BASE, other=OTHER)
    replay = replace(plan.workload, arrival=Arrival.TRACE, trace=Trace(file="trace.tsv"))
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench:
        manifest = run_experiment(replace(plan, workload=replay), bench)
    assert any("the first 300ms of the trace, 30 of 100 requests" in warning for warning in manifest.warnings)
    slices = only_recording(tmp_path).table("slices").to_pylist()
    assert [one["requests"] for one in slices] == [30] * 4


def test_ctrl_c_keeps_finished_epochs(tmp_path: Path, tiny: Tiny) -> None:
    progress = Meddler()
    progress.on("measure", interrupt_soon, occurrence=2)
    with pytest.raises(RunInterruptedError, match="during measure"):
        carry_out(tmp_path, tiny("--child"), progress, epochs=5)
    bundle = only_recording(tmp_path)
    assert bundle.manifest.partial
    assert set(bundle.table("slices")["epoch"].to_pylist()) == {0}
    assert bundle.table("epochs")["epoch"].to_pylist() == [0, 0]


def test_a_candidate_that_does_not_start(tmp_path: Path, tiny: Tiny) -> None:
    broken = Variant(args=["-c", "import sys; sys.exit('no luck')"])
    with pytest.raises(NotReadyError) as told:
        carry_out(tmp_path, tiny("--child"), other=broken)
    assert told.value.detail == "no luck"
    assert only_recording(tmp_path).manifest.failure.startswith("not-ready: ")


def test_a_death_between_slices_is_noticed(tmp_path: Path, tiny: Tiny) -> None:
    def kill_one() -> None:
        one = next(o for o in started() if b"tiny_service.py" in Path(f"/proc/{o.pid}/cmdline").read_bytes())
        os.kill(one.pid, signal.SIGKILL)

    progress = Meddler()
    progress.on("measure", kill_one, occurrence=2)
    with pytest.raises(ServiceDiedError, match="ended with SIGKILL during measure"):
        carry_out(tmp_path, tiny(), progress)
    assert set(only_recording(tmp_path).table("slices")["epoch"].to_pylist()) == {0}


def test_a_fixed_port_cannot_be_shared(tmp_path: Path, tiny: Tiny) -> None:
    service = tiny()
    fixed = Service(language=service.language, binary=service.binary, port=8080)
    with pytest.raises(UsageError, match="fixed to 8080"):
        carry_out(tmp_path, fixed)
    with pytest.raises(UsageError, match="fixed port 6060"):
        carry_out(tmp_path, replace(service, pprof=":6060/debug/pprof"))
    assert Workspace(tmp_path).finished() == Workspace(tmp_path).unfinished() == []


def test_it_ends_when_a_look_says_so_and_goes_on_where_it_ended(tmp_path: Path, tiny: Tiny) -> None:
    looked: list[int] = []

    def look(path: Path, _: float) -> Look:
        looked.append(len({row["epoch"] for row in Bundle.open(path).table("slices").to_pylist()}))
        return Look(text="so far", going=["other"] if len(looked) % 2 else [], why="it is decided")

    plan = experiment_plan(tmp_path, tiny(), epochs=9, base=BASE, other=OTHER)
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench:
        first = run_experiment(plan, dataclasses.replace(bench, look=look))
    assert looked == [1, 2]
    assert first.design is not None
    assert (first.design.made, first.design.ended) == (2, "it is decided")
    before = only_recording(tmp_path)
    whole = {name: before.table(name).num_rows for name in ("slices", "latency", "epochs")}

    with resumed_bench(tmp_path, before.path, Meddler()) as (bench, earlier):
        second = run_experiment(plan, dataclasses.replace(bench, look=look), earlier)
    assert second.id == first.id
    after = only_recording(tmp_path)
    after.verify()
    assert {row["epoch"] for row in after.table("slices").to_pylist()} == {0, 1, 2, 3}
    assert after.table("slices").num_rows == 2 * whole["slices"]
    assert after.table("latency").num_rows > whole["latency"]
    planned = [one.seed for epoch in range(4) for one in plan_epoch(SEED, epoch, 2).slices]
    assert [row["seed"] for row in after.table("slices").to_pylist()] == planned


def test_a_failed_continuation_keeps_what_was_finished(tmp_path: Path, tiny: Tiny) -> None:
    carry_out(tmp_path, tiny(), epochs=1)
    before = only_recording(tmp_path)
    broken = experiment_plan(
        tmp_path, tiny(), epochs=3, base=BASE, other=Variant(args=["-c", "raise SystemExit('no luck')"])
    )
    with (
        pytest.raises(NotReadyError),
        resumed_bench(tmp_path, before.path, Meddler()) as (bench, earlier),
    ):
        run_experiment(broken, bench, earlier)
    after = only_recording(tmp_path)
    after.verify()
    assert {row["epoch"] for row in after.table("slices").to_pylist()} == {0}
    assert after.manifest.partial


def test_several_candidates_share_the_epochs_with_the_baseline(tmp_path: Path, tiny: Tiny) -> None:
    def look(path: Path, _: float) -> Look:
        epochs = {row["epoch"] for row in Bundle.open(path).table("slices").to_pylist()}
        return Look(text="", going=["b"] if len(epochs) < 2 else [])

    plan = experiment_plan(tmp_path, tiny(), epochs=5, base=BASE, a=OTHER, b=Variant(env={"SETTING": "3"}))
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench:
        run_experiment(plan, dataclasses.replace(bench, look=look))
    rows = only_recording(tmp_path).table("slices").to_pylist()
    found = {epoch: Counter(row["variant"] for row in rows if row["epoch"] == epoch) for epoch in (0, 1)}
    assert found == {0: {"base": 4, "a": 2, "b": 2}, 1: {"base": 2, "b": 2}}


def test_throughput_is_measured_in_a_closed_loop(tmp_path: Path, tiny: Tiny) -> None:
    plan = experiment_plan(tmp_path, tiny(), epochs=1, base=BASE, other=OTHER)
    plan = replace(plan, design=replace(plan.design, saturation=3))
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench:
        run_experiment(plan, bench)
    rows = only_recording(tmp_path).table("saturation").to_pylist()
    assert [row["connections"] for row in rows] == [3] * 4
    assert Counter(row["variant"] for row in rows) == {"base": 2, "other": 2}
    assert all(row["completed"] > 0 and row["elapsed_ns"] > 0 for row in rows)


def test_another_program_is_not_continued_with(tmp_path: Path, tiny: Tiny) -> None:
    carry_out(tmp_path, tiny(), epochs=1)
    path = only_recording(tmp_path).path
    with resumed_bench(tmp_path, path, Meddler()) as (bench, earlier):
        changed = replace(earlier, artifacts=[replace(one, sha256="00") for one in earlier.artifacts])
        plan = experiment_plan(tmp_path, tiny(), epochs=3, base=BASE, other=OTHER)
        with pytest.raises(UsageError, match="another program now than in the first 1 epochs"):
            run_experiment(plan, bench, changed)
    assert only_recording(tmp_path).manifest.partial is False


def test_a_full_disk_keeps_finished_epochs_for_the_next_start(tmp_path: Path, tiny: Tiny) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    progress = Meddler()
    progress.on("measure", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1])), occurrence=2)
    try:
        with pytest.raises(RecordingError, match="cannot be written"):
            carry_out(tmp_path, tiny(), progress, epochs=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    workspace = Workspace(tmp_path)
    [left] = workspace.unfinished()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left.rename(left.with_name(f"{left.name.rpartition('-')[0]}-{gone.pid}"))  # as if this process had ended
    [entry] = Catalogue(workspace).list()
    assert entry.partial
    bundle = only_recording(tmp_path)
    bundle.verify()
    assert set(bundle.table("slices")["epoch"].to_pylist()) == {0}


def test_a_variant_that_dies_is_named(tmp_path: Path, tiny: Tiny) -> None:
    """The candidate lives through its first epoch and dies in a later one."""
    dying = Variant(args=[*tiny().args, "--die-after", "9"])
    plan = experiment_plan(tmp_path, tiny(), epochs=60, base=BASE, other=dying)
    plan = replace(plan, design=replace(plan.design, pairs=20))
    with open_bench(tmp_path, Kind.EXPERIMENT, Meddler()) as bench, pytest.raises(ServiceDiedError):
        run_experiment(plan, bench)
    design = only_recording(tmp_path).manifest.design
    assert design is not None
    assert design.died == ["other"]


def test_an_interruption_says_how_to_go_on(tmp_path: Path, tiny: Tiny) -> None:
    progress = Meddler()
    progress.on("measure", interrupt_soon, occurrence=2)
    with pytest.raises(RunInterruptedError) as told:
        carry_out(tmp_path, tiny(), progress, epochs=5)
    assert told.value.hint == f"tailtune compare --resume {only_recording(tmp_path).manifest.id}"

"""The targets with real compilers, on services of the standard library alone."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from tests.support.rust_service import rust_source
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import BuildError
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Kind
from tailtune.record.processes import ownership
from tailtune.record.processes.process import supervisor
from tailtune.record.registry import target
from tailtune.record.trial import run_trial

pytestmark = pytest.mark.real

GO = """package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
)

func main() {
	runtime.SetMutexProfileFraction(1)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		garbage := make([][]byte, 0, 64)
		for i := 0; i < 64; i++ {
			garbage = append(garbage, make([]byte, 16<<10))
		}
		fmt.Fprint(w, word, len(garbage))
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def go_module(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    slow, fast = ('package main\n\nconst word = "slow"\n', 'package main\n\nconst word = "fast"\n')
    write(
        root,
        go_dot_mod="module example.org/tiny\n\ngo 1.19\n",
        main_dot_go=GO,
        slow_dot_go=f"//go:build !fast\n\n{slow}",
        fast_dot_go=f"//go:build fast\n\n{fast}",
    )
    return root


def go_service() -> Service:
    return Service(language=Language.GO, package=".", args=["{port}"])


def test_go_variants_are_built_outside_the_repository(go_module: Path, tmp_path: Path) -> None:
    before, cache = content(go_module), tmp_path / "cache"
    base, again, fast = (
        target("go").build(go_service(), variant, name, go_module, cache)
        for name, variant in (("base", Variant()), ("again", Variant()), ("fast", Variant(tags=["fast"])))
    )
    assert base.sha256 == again.sha256 != fast.sha256
    assert base.path == again.path != fast.path
    assert base.build_id == subprocess.check_output(["go", "tool", "buildid", base.path], text=True).strip()
    assert base.size_bytes == Path(base.path).stat().st_size
    assert content(go_module) == before
    assert [path.name for path in cache.iterdir() if path.name.startswith(".")] == []


def test_a_go_build_that_fails_shows_the_compiler(go_module: Path, tmp_path: Path) -> None:
    (go_module / "slow.go").write_text("//go:build !fast\n\npackage main\n\nconst word = 1 +\n")
    with pytest.raises(BuildError, match="variant base does not build: `go build") as told:
        target("go").build(go_service(), Variant(), "base", go_module, tmp_path / "cache")
    assert "slow.go:6:1: syntax error" in told.value.detail
    assert "go build -trimpath -buildvcs=false .` failed" in told.value.message


def test_a_package_without_a_program_is_named(go_module: Path, tmp_path: Path) -> None:
    write(go_module, lib__lib_dot_go="package lib\n")
    service = Service(language=Language.GO, package="./lib")
    with pytest.raises(BuildError) as told:
        target("go").build(service, Variant(), "base", go_module, tmp_path / "cache")
    assert "main" in told.value.detail


def test_ctrl_c_ends_a_build_with_its_compilers(go_module: Path, tmp_path: Path) -> None:
    write(go_module, go_dot_mod="module example.org/other\n\ngo 1.19\n")
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    flags = Variant(build_flags=["-a"])  # everything anew, which takes long enough to be interrupted
    with pytest.raises(KeyboardInterrupt):
        target("go").build(go_service(), flags, "base", go_module, tmp_path / "cache")
    assert ownership.members([], supervisor().token) == []
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_trial_of_a_go_service_brings_its_traces_and_profiles(go_module: Path) -> None:
    with open_bench(go_module, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(trial_plan(go_module, go_service(), diagnose=2), bench)
    bundle = Bundle.open(Workspace(go_module).run(manifest.id))
    assert started() == []
    # A busy machine loses records of the scheduler, which is told and no fault of the build.
    assert [text for text in manifest.warnings if "no state" not in text and "lost" not in text] == []
    collections = bundle.table("gc").to_pylist()
    assert [row["cycle"] for row in collections] == list(range(1, len(collections) + 1))
    assert len(collections) > 5
    assert bundle.table("sched").num_rows > 1
    ends = {record.phase.value: record.ended_ns for record in manifest.phases}
    assert collections[0]["t_ns"] > manifest.phases[0].ended_ns
    assert collections[-1]["t_ns"] < ends["diagnose"]
    for name in ("allocs.measure", "mutex.measure", "heap.measure", "cpu.diagnose"):
        assert (bundle.path / "profiles" / f"go-{name}.pb.gz").stat().st_size > 100
    allocations = subprocess.check_output(
        ["go", "tool", "pprof", "-top", "-sample_index=alloc_space", bundle.path / "profiles/go-allocs.measure.pb.gz"],
        text=True,
        stderr=subprocess.DEVNULL,
    )
    assert "main.main.func1" in allocations


def test_a_rust_service_gets_lines_and_frame_pointers_and_no_lock_file(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write(
        root,
        Cargo_dot_toml='[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n\n'
        "[features]\nfast = []\n\n[profile.release]\nstrip = true\n",
        src__main_dot_rs=rust_source(),
    )
    before, cache = content(root), tmp_path / "cache"
    service = Service(language=Language.RUST, args=["{port}"])
    base = target("rust").build(service, Variant(), "base", root, cache)
    assert content(root) == before
    assert base.build_id
    sections = subprocess.check_output(["readelf", "--sections", "--wide", base.path], text=True)
    assert ".debug_line" in sections
    assert ".symtab" in sections
    fast = target("rust").build(service, Variant(features=["fast"]), "fast", root, cache)
    assert Path(base.path).exists()
    assert fast.build_command[-2:] == ["--features", "fast"]
    with pytest.raises(BuildError) as told:
        target("rust").build(service, Variant(features=["absent"]), "absent", root, cache)
    assert "absent" in told.value.detail

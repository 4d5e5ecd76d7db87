"""Profiling that is asked for: the Go overlay and the preloaded allocator, on real programs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.rust_service import rust_source
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune._native import Profile
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import BuildError, SetupError, UsageError
from tailtune.model.instrument import Instrument
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Kind
from tailtune.record.phases.service import Build, RunningService, start
from tailtune.record.processes import preload
from tailtune.record.registry import target
from tailtune.record.trial import run_trial

pytestmark = pytest.mark.real

ASKED = Variant(instrument=Instrument())
GO = """package main

import (
	"fmt"
	"net/http"
	"os"
	"sync"

	"example.org/locked/inside"
)

// Names that a careless overlay would meet.
var runtime, net, pprof, listener = 1, 2, 3, 4

func main() {
	var lock sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		done := make(chan bool)
		lock.Lock()
		go waste(done)
		<-done
		lock.Unlock()
		fmt.Fprint(w, inside.Answer)
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], mux)
}

func waste(done chan bool) {
	for i := 0; i < 200_000; i++ {
		net += i
	}
	done <- true
}
"""
WASTE = """#[inline(never)]
fn waste() -> usize {
    (0..200).map(|_| std::hint::black_box(Vec::<u8>::with_capacity(100_000)).capacity()).sum()
}
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def go_workspace(tmp_path: Path) -> Path:
    """A workspace whose program lies in a folder of its own, beside a file named as ours would be."""
    root = tmp_path / "project"
    write(
        root,
        {
            "go.work": "go 1.24\n\nuse ./locked\n",
            "locked/go.mod": "module example.org/locked\n\ngo 1.24\n",
            "locked/inside/inside.go": "package inside\n\nconst Answer = 42\n",
            "locked/cmd/api/main.go": GO,
            "locked/cmd/api/tailtune_instrument.go": "package main\n\nfunc init() { net++ }\n",
            "locked/cmd/api/tagged.go": "//go:build tagged\n\npackage main\n\nfunc init() { net++ }\n",
        },
    )
    return root


def go_service() -> Service:
    return Service(language=Language.GO, package="./cmd/api", args=["{port}"], workdir="locked", pprof="")


def test_an_instrumented_build_edits_nothing_and_is_another_program(go_workspace: Path, tmp_path: Path) -> None:
    before, cache = content(go_workspace), tmp_path / "cache"
    variants = {
        "base": Variant(),
        "asked": ASKED,
        "again": ASKED,
        "rarer": Variant(instrument=Instrument(mutex=1_000), tags=["tagged"]),
    }
    built = {
        name: target("go").build(go_service(), variant, name, go_workspace, cache) for name, variant in variants.items()
    }
    assert built["asked"].sha256 == built["again"].sha256
    assert len({one.sha256 for one in built.values()}) == 3
    assert built["asked"].build_command[2].startswith("-overlay=/")
    assert content(go_workspace) == before


def test_a_vendored_program_with_c_in_it_is_instrumented(tmp_path: Path) -> None:
    root = tmp_path / "project"
    program = 'package main\n\nimport "C"\nimport "example.org/dep"\n\nfunc main() { println(dep.Answer, C.int(1)) }\n'
    write(
        root,
        {
            "go.mod": "module example.org/vendored\n\ngo 1.24\n\nrequire example.org/dep v1.0.0\n",
            "main.go": program,
            "vendor/modules.txt": "# example.org/dep v1.0.0\n## explicit; go 1.24\nexample.org/dep\n",
            "vendor/example.org/dep/dep.go": "package dep\n\nconst Answer = 42\n",
        },
    )
    service = Service(language=Language.GO, package=".", args=["{port}"])
    built = target("go").build(service, ASKED, "asked", root, tmp_path / "cache")
    said = subprocess.run([built.path], capture_output=True, text=True, check=True).stderr
    assert said == "42 1\n"
    names = subprocess.check_output(["go", "tool", "nm", built.path], text=True)
    assert "runtime.SetBlockProfileRate" in names


def test_a_build_to_which_nothing_can_be_added_is_refused(go_workspace: Path, tmp_path: Path) -> None:
    cases = {
        "names files": (go_service().package + "/main.go", Variant(instrument=Instrument())),
        "-overlay of its own": (
            "./cmd/api",
            Variant(instrument=Instrument(), build_flags=["-overlay=/dev/null"]),
        ),
        "0 main packages": ("./inside", Variant(instrument=Instrument())),
    }
    for reason, (package, variant) in cases.items():
        service = Service(language=Language.GO, package=package, args=["{port}"], workdir="locked")
        with pytest.raises(BuildError, match=reason):
            target("go").build(service, variant, "asked", go_workspace, tmp_path / "cache")


def test_a_run_of_an_instrumented_go_service_brings_block_and_mutex_profiles(go_workspace: Path) -> None:
    with open_bench(go_workspace, Kind.RUN, Meddler()) as bench:
        plan = trial_plan(go_workspace, go_service(), diagnose=2, variant=ASKED)
        manifest = run_trial(msgspec.structs.replace(plan, collectors=["go_pprof", "go_trace"]), bench)
    folder = Bundle.open(Workspace(go_workspace).run(manifest.id)).path / "profiles"
    assert started() == []
    [warning] = manifest.warnings
    assert "profiled at a cost" in warning
    block = Profile.from_pprof((folder / "go-block.measure.pb.gz").read_bytes())
    assert ("delay", "nanoseconds") in block.sample_types
    assert any(name.startswith("main.main.func1") for name, *_ in block.frames())
    for kind in ("cpu", "goroutine"):
        assert (folder / f"go-{kind}.diagnose.pb.gz").stat().st_size > 100
    assert {one.name: one.mode for one in manifest.collectors} == dict.fromkeys(
        ("go_pprof", "go_trace"), "socket of the overlay"
    )
    trace = (folder / "go-trace.diagnose.trace").read_bytes()
    assert trace.startswith(b"go 1.")
    assert len(trace) > 1_000


@pytest.fixture
def library() -> Iterator[str]:
    try:
        yield preload.library()
    except SetupError as error:
        pytest.skip(error.message)


def rust_service(root: Path) -> Service:
    (root / "main.rs").write_text(rust_source("waste()", WASTE))
    command = ["rustc", "-Copt-level=2", "-Cdebuginfo=line-tables-only", "main.rs", "-o", "program"]
    subprocess.run(command, cwd=root, check=True)
    return Service(language=Language.COMMAND, binary="./program", args=["{port}"])


@pytest.mark.usefixtures("library")
def test_a_run_with_a_preloaded_jemalloc_names_who_allocates(tmp_path: Path) -> None:
    asked = Variant(instrument=Instrument(dump_bytes=1 << 22))
    plan = trial_plan(tmp_path, rust_service(tmp_path), diagnose=0, variant=asked)
    with open_bench(tmp_path, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(msgspec.structs.replace(plan, collectors=["jemalloc"]), bench)
    folder = Bundle.open(Workspace(tmp_path).run(manifest.id)).path / "profiles"
    assert len(manifest.warnings) == 1, manifest.warnings
    assert "jemalloc" in manifest.warnings[0]
    profile = Profile.from_pprof((folder / "allocations.measure.pb.gz").read_bytes())
    assert [kind for kind, _ in profile.sample_types][:2] == ["alloc_objects", "alloc_space"]
    frames, space = profile.frames(), profile.values(1)
    wasted = [
        bytes_
        for stack, bytes_ in zip(profile.stacks(), space, strict=True)
        if any(frames[frame][0].endswith("::waste") for frame in stack)
    ]
    assert sum(wasted) > 0.9 * sum(space) > 0
    assert not any("jemalloc" in frames[stack[0]][2] for stack in profile.stacks())


def test_programs_that_bring_their_allocator_are_refused(go_workspace: Path, tmp_path: Path) -> None:
    built = target("go").build(go_service(), Variant(), "base", go_workspace, tmp_path / "cache")
    static = tmp_path / "static"
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-static", "main.c", "-o", static], cwd=tmp_path, check=True)
    own = tmp_path / "own"
    (tmp_path / "own.c").write_text("void *mi_malloc(int n) { return 0; }\nint main(void) { return !!mi_malloc(1); }\n")
    subprocess.run(["cc", "own.c", "-o", own], cwd=tmp_path, check=True)
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    setuid = tmp_path / "setuid"
    setuid.write_bytes(own.read_bytes())
    setuid.chmod(0o4755)
    reasons = {
        built.path: "Go program",
        str(static): "statically",
        str(own): "mimalloc",
        str(script): "no ELF program",
        str(setuid): "more rights",
    }
    for program, reason in reasons.items():
        assert reason in preload.why_not(Path(program))


def test_a_program_that_cannot_be_profiled_is_not_started(tmp_path: Path) -> None:
    program = tmp_path / "script"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = Service(language=Language.COMMAND, binary="./script", args=["{port}"])
    artifact = target("command").build(service, Variant(), "asked", tmp_path, tmp_path / "cache")
    build = Build(name="asked", variant=ASKED, artifact=artifact)
    with pytest.raises(UsageError, match="cannot be profiled: it is no ELF program"):
        _started(service, build, tmp_path)
    assert started() == []


def _started(service: Service, build: Build, root: Path) -> RunningService:
    logs = root / "out", root / "err"
    return start(service, build, root=root, cpus=[], stdout=logs[0], stderr=logs[1])

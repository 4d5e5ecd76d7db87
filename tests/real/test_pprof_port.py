"""A Go program whose net/http/pprof answers on a port of its own."""

from pathlib import Path

import msgspec
import pytest
from tests.support.trials import Meddler, open_bench, started, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.model.project import Language, Service
from tailtune.model.recording import Kind
from tailtune.record.trial import run_trial

pytestmark = pytest.mark.real

GO = """package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
)

func main() {
	go http.ListenAndServe("127.0.0.1:"+os.Getenv("DEBUG_PORT"), nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, len(make([]byte, 1<<16))) })
	http.ListenAndServe("127.0.0.1:"+os.Args[1], mux)
}
"""


def test_profiles_and_the_trace_come_from_the_other_port(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.org/apart\n\ngo 1.24\n")
    (tmp_path / "main.go").write_text(GO)
    service = Service(
        language=Language.GO, args=["{port}"], env={"DEBUG_PORT": "{pprof_port}"}, pprof=":{pprof_port}/debug/pprof"
    )
    with open_bench(tmp_path, Kind.RUN, Meddler()) as bench:
        plan = msgspec.structs.replace(trial_plan(tmp_path, service, diagnose=2), collectors=["go_pprof", "go_trace"])
        manifest = run_trial(plan, bench)
    files = {path.name for path in (Bundle.open(Workspace(tmp_path).run(manifest.id)).path / "profiles").iterdir()}
    assert {"go-allocs.measure.pb.gz", "go-cpu.diagnose.pb.gz", "go-trace.diagnose.trace"} <= files
    assert started() == []

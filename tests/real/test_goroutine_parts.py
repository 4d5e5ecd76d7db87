"""Real Go services whose requests wait, for a mutex or for a P: by the functions that wait, or that are waited for."""

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.support.trials import Meddler, open_bench, trial_plan

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.judge.cpu_queue import cpu_queue
from tailtune.judge.in_front import in_front
from tailtune.judge.long_runs import long_runs
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_bands import divided
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import Kind
from tailtune.record.trial import run_trial

pytestmark = pytest.mark.real

FIRST = {"nice": "-15"} if os.geteuid() == 0 else {}
PROGRAM = """package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"sync"
	"time"
)

var lock sync.Mutex

//go:noinline
func lookUp() int {
	lock.Lock()
	defer lock.Unlock()
	return 42
}

func main() {
	go func() {
		for {
			lock.Lock()
			time.Sleep(30 * time.Millisecond)
			lock.Unlock()
			time.Sleep(30 * time.Millisecond)
		}
	}()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, lookUp()) })
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""


LONG = """package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

var asked atomic.Int64

//go:noinline
func total() (sum uint64) {
	for begin := time.Now(); time.Since(begin) < 30*time.Millisecond; {
		for range 10_000 {
			sum = sum*31 + 1
		}
	}
	return sum
}

func main() {
	runtime.GOMAXPROCS(1)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%250 == 0 {
			fmt.Fprint(w, total())
		}
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""


def recorded(folder: Path, program: str, rate: float = 200) -> Bundle:
    """Run the program for two seconds of diagnosing, before others; skip where calls on sockets may not be recorded."""
    (folder / "go.mod").write_text("module example.org/waits\n\ngo 1.24\n")
    (folder / "main.go").write_text(program)
    service = Service(language=Language.GO, package=".", args=["{port}"])
    plan = trial_plan(folder, service, diagnose=2, variant=Variant(knobs=FIRST))
    plan = msgspec.structs.replace(
        plan,
        collectors=["go_trace", "on_cpu", "sockets"],
        workload=msgspec.structs.replace(plan.workload, rate_per_s=rate),
    )
    with open_bench(folder, Kind.RUN, Meddler()) as bench:
        manifest = run_trial(plan, bench)
    refused = next((one.lost for one in manifest.collectors if one.name == "sockets" and one.lost), "")
    if refused:
        pytest.skip(refused)
    return Bundle.open(Workspace(folder).run(manifest.id))


def test_a_wait_for_a_mutex_is_told_by_the_function_that_waits(tmp_path: Path) -> None:
    found = divided(recorded(tmp_path, PROGRAM))
    assert found is not None
    assert found.followed is not None, found.warnings
    waited = found.is_followed & (found.parts["lock"] > 0)
    assert waited.any()
    assert found.is_whole[waited].all()
    [place, *_] = PartPlaces(found).of("lock", waited)
    assert place.function == "main.lookUp"
    total = sum(found.parts.values(), np.zeros(len(found.windows), dtype=np.int64))
    assert (total[found.usable] == found.windows.latency_ns[found.usable]).all()


@pytest.mark.alone  # what computes for long has to have its CPU
def test_who_computes_while_others_wait_for_a_processor(tmp_path: Path) -> None:
    found = divided(recorded(tmp_path, LONG, rate=600))
    assert found is not None
    assert found.followed is not None, found.warnings
    front = in_front(found, 1, 1)
    runs, queue = long_runs(front), cpu_queue(front)
    assert runs is not None
    assert runs.places[0].function == "main.total"
    assert runs.longest[0].function == "main.total"
    assert runs.longest[0].waiting > 0
    assert queue is not None
    assert queue.places[0].function == "main.total"
    assert queue.share.point > 0
    assert 0 < runs.share.point <= 1

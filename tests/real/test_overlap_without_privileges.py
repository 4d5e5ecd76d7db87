"""Go services that nobody may look into: collections that make requests slow are seen, innocent ones are not."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.explained import run_and_explain

from tailtune.judge.overlap import Event, Overlap
from tailtune.judge.overlap_events import seen_together
from tailtune.lab.facts import open_recording

pytestmark = [
    pytest.mark.real,
    pytest.mark.alone,
    pytest.mark.skipif(shutil.which("go") is None, reason="needs Go"),
    pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="needs capabilities to give up"),
]
PLAIN = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if os.geteuid() == 0 else []
SERVICE = """
// A store that collects garbage every 150 ms. Requests wait for that; with -healthy they do not, and two in a hundred
// sleep for as long at any time.
package main

import (
	"flag"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type node struct{ next *node }

func main() {
	address := flag.String("addr", "", "")
	healthy := flag.Bool("healthy", false, "")
	flag.Parse()
	var store sync.RWMutex
	var held *node
	for range 400_000 {
		held = &node{held}
	}
	go func() {
		for range time.Tick(150 * time.Millisecond) {
			if *healthy {
				runtime.GC()
				continue
			}
			store.Lock()
			runtime.GC()
			store.Unlock()
		}
	}()
	var requests atomic.Uint64
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		store.RLock()
		defer store.RUnlock()
		if number := requests.Add(1); *healthy && number*0x9E3779B97F4A7C15>>32%50 == 0 {
			time.Sleep(15 * time.Millisecond)
		}
		if held != nil {
			w.Write([]byte("ok"))
		}
	})
	panic(http.ListenAndServe(*address, nil))
}
"""
CONFIG = """
[service]
language = "go"
args = ["-addr", "127.0.0.1:{port}"]
ready = { path = "/" }
[workloads.default]
rate = 300
duration = "8s"
seed = 1
[[workloads.default.operations]]
name = "get"
[variants.healthy]
args = ["-addr", "127.0.0.1:{port}", "-healthy"]
"""
FEWEST = 10
"""Independent observations with which a share of nearly 1 is told from one of a third."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.go").write_text(SERVICE)
    (tmp_path / "go.mod").write_text("module example.com/store\n\ngo 1.22\n")
    (tmp_path / "tailtune.toml").write_text(CONFIG)
    return tmp_path


def explained(folder: Path, variant: str) -> dict[str, Any]:
    """Run and explain a variant without any privilege."""
    found = run_and_explain(folder, variant, PLAIN, seconds=180)
    if found["requests"] is not None:
        pytest.skip("this machine lets everybody look into services")
    return found


def overlap_of_collections(folder: Path) -> Overlap:
    """Return what the last run tells; a machine that stalls makes its own slow requests, all at once."""
    told = seen_together(open_recording(folder, "latest"), "measure", "diagnose")
    found = next(one for one in told if one.kind is Event.COLLECTION)
    if found.together.n < FEWEST:
        pytest.skip(f"all slow requests together are worth {found.together.n}: the machine was disturbed")
    return found


def claims(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in found["findings"] if one["rule"] == "overlap"}


def test_collections_that_requests_wait_for_are_seen_together_with_slow_requests(project: Path) -> None:
    found = explained(project, "base")
    told = overlap_of_collections(project)
    assert told.is_beyond_chance
    claim = claims(found)["overlap:garbage-collection"]
    assert claim["strength"] == "weak"
    assert claim["share"]["low"] > 0
    assert "seen together, not proved" in claim["title"]
    rules = [one["rule"] for one in found["findings"]]
    assert set(rules[rules.index("overlap") :]) == {"overlap"}


def test_collections_that_delay_nobody_are_not_claimed(project: Path) -> None:
    found = explained(project, "healthy")
    assert not overlap_of_collections(project).is_beyond_chance
    assert "overlap:garbage-collection" not in claims(found)

"""Services that keep what each request brought, and twins that let it go: only the former are told to grow."""

import shutil
from pathlib import Path

import pytest
from tests.support.explained import found_by
from tests.support.rust_service import cargo_project, rust_source

from tailtune.errors import SetupError
from tailtune.record.processes import preload

pytestmark = pytest.mark.real

GO = """// A store that keeps 48 KiB of each request. With -healthy it lets them go.
package main

import (
	"flag"
	"net/http"
	_ "net/http/pprof"
	"sync"
)

type store struct {
	mutex sync.Mutex
	kept  [][]byte
}

//go:noinline
func (s *store) remember(bytes int) {
	one := make([]byte, bytes)
	for i := range one {
		one[i] = 1 // pages that nobody writes to are not resident
	}
	s.kept = append(s.kept, one)
}

func main() {
	address := flag.String("addr", "", "")
	healthy := flag.Bool("healthy", false, "")
	flag.Parse()
	var known store
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		known.mutex.Lock()
		defer known.mutex.Unlock()
		if *healthy {
			known.kept = nil
		}
		known.remember(48 << 10)
		w.Write([]byte("ok"))
	})
	panic(http.ListenAndServe(*address, nil))
}
"""
RUST = rust_source(
    work="KEPT.lock().unwrap().push(remember(48 << 10))",
    items="""//! Keeps 48 KiB of each request.
use std::sync::Mutex;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

#[inline(never)]
fn remember(bytes: usize) -> Vec<u8> {
    std::hint::black_box(vec![1; bytes])
}
""",
)
WORKLOAD = """
[workloads.default]
rate = 200
duration = "7s"
seed = 1
[[workloads.default.operations]]
name = "get"
"""
GO_CONFIG = """
[service]
language = "go"
args = ["-addr", "127.0.0.1:{port}"]
ready = { path = "/" }
[variants.healthy]
args = ["-addr", "127.0.0.1:{port}", "-healthy"]
"""
RUST_CONFIG = """
[service]
language = "rust"
args = ["{port}"]
ready = { path = "/" }
[variants.profiled]
instrument = { dump_bytes = 8388608 }
"""


@pytest.fixture
def go_project(tmp_path: Path) -> Path:
    if shutil.which("go") is None:
        pytest.skip("needs Go")
    (tmp_path / "main.go").write_text(GO)
    (tmp_path / "go.mod").write_text("module example.com/store\n\ngo 1.24\n")
    (tmp_path / "tailtune.toml").write_text(GO_CONFIG + WORKLOAD)
    return tmp_path


@pytest.fixture
def rust_project(tmp_path: Path) -> Path:
    if shutil.which("cargo") is None:
        pytest.skip("needs cargo")
    return cargo_project(tmp_path, "keeper", RUST, RUST_CONFIG + WORKLOAD)


def test_a_go_service_that_keeps_what_requests_bring_is_told_with_who_allocated_it(go_project: Path) -> None:
    (found,) = found_by("memory-growth", go_project, "base", tries=3)
    assert found["id"] == "memory-growth:main.(*store).remember"
    assert found["share"]["low"] > 0
    assert found["strength"] == "strong"
    told = [evidence["source"] for evidence in found["evidence"]]
    assert {"tables/process.parquet", "profiles/go-heap.diagnose.pb.gz"} <= set(told)


def test_a_go_service_that_lets_go_of_as_much_is_not_told_to_grow(go_project: Path) -> None:
    assert found_by("memory-growth", go_project, "healthy") == []


def test_a_preloaded_allocator_tells_who_allocated_what_lives(rust_project: Path) -> None:
    try:
        preload.library()
    except SetupError as error:
        pytest.skip(error.message)
    (found,) = found_by("memory-growth", rust_project, "profiled", tries=3)
    assert found["id"] == "memory-growth:keeper::remember"

"""A service whose live data stay as large while memory falls to pieces, and a twin that keeps the same apart."""

import shutil
from pathlib import Path

import pytest
from tests.support.explained import found_by
from tests.support.rust_service import cargo_project, rust_source

from tailtune.errors import SetupError
from tailtune.record.processes import preload

pytestmark = [pytest.mark.real, pytest.mark.skipif(shutil.which("cargo") is None, reason="needs cargo")]

ITEMS = """//! Holds the records of the last requests, and of old ones a few; with `apart` a copy of the begin of those.
use std::collections::VecDeque;
use std::sync::Mutex;

/// Sizes of records, and how many jemalloc has in a slab: one record keeps it, and no other size fits into its holes.
const SIZES: [(usize, usize); 14] = [
    (64, 64), (80, 256), (96, 128), (112, 256), (128, 32), (160, 128), (192, 64),
    (224, 128), (320, 64), (384, 32), (448, 64), (640, 32), (896, 32), (768, 16),
];
/// Requests of one size, and as many are held: so what is let go of is never of the size that is asked for.
const STRETCH: usize = 600;
/// As if there had been so many requests before the first: until then the allocator has to find its size.
const BEFORE: usize = 4 * STRETCH;
const BYTES: usize = 32 << 10;
const KEY: usize = 16;

struct Store {
    requests: usize,
    held: VecDeque<(usize, Vec<Box<[u8]>>)>,
    kept: Vec<Box<[u8]>>,
}

static STORE: Mutex<Store> = Mutex::new(Store { requests: 0, held: VecDeque::new(), kept: Vec::new() });

fn answer() {
    let (mut store, is_apart) = (STORE.lock().unwrap(), std::env::args().nth(2).is_some());
    for _ in 0..if store.requests == 0 { BEFORE } else { 1 } {
        exchange(&mut store, is_apart);
    }
}

#[inline(never)]
fn exchange(store: &mut Store, is_apart: bool) {
    let (size, each) = SIZES[store.requests / STRETCH % SIZES.len()];
    store.requests += 1;
    store.held.push_back((each, (0..BYTES / size).map(|_| vec![1; size].into_boxed_slice()).collect()));
    if store.held.len() > STRETCH {
        let (each, old) = store.held.pop_front().unwrap();
        let some = old.into_iter().step_by(each);
        store.kept.extend(some.map(|record| if is_apart { record[..KEY].into() } else { record }));
    }
}
"""
CONFIG = """
[service]
language = "rust"
args = ["{port}"]
env = { MALLOC_CONF = "narenas:1" }  # with more, memory grows with the number of threads until each has enough
ready = { path = "/" }
[workloads.default]
rate = 200
duration = "7s"
seed = 1
[[workloads.default.operations]]
name = "get"
[variants.scattered]
instrument = { sample_bytes = 16384, dump_bytes = 1048576 }
[variants.apart]
args = ["{port}", "apart"]
instrument = { sample_bytes = 16384, dump_bytes = 1048576 }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    try:
        preload.library()
    except SetupError as error:
        pytest.skip(error.message)
    return cargo_project(tmp_path, "holder", rust_source("answer()", ITEMS), CONFIG)


def test_memory_that_is_free_in_pieces_is_told_from_memory_that_lives(project: Path) -> None:
    (found,) = found_by("memory-growth", project, "scattered", tries=3)
    assert found["id"] == "memory-growth:kept"
    assert found["title"].startswith("the allocator keeps ever more memory that is free, in pieces: resident memory ")
    assert found["share"]["low"] > 0


def test_what_is_kept_apart_does_not_keep_the_pages_of_the_rest(project: Path) -> None:
    assert found_by("memory-growth", project, "apart") == []

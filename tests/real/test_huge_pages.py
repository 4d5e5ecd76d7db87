"""A service that maps a large buffer for each request, with huge pages and without: only the former is told of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.explained import found_by
from tests.support.rust_service import cargo_project, rust_source
from tests.support.sampling import kernel_permitted

THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("cargo") is None, reason="needs cargo"),
    pytest.mark.skipif(
        not THP.exists() or "[never]" in THP.read_text("utf-8"), reason="this machine gives no transparent huge pages"
    ),
]
ITEMS = """//! Touches 16 MiB anew for each request; huge pages are asked for.
use std::ffi::{c_int, c_void};

unsafe extern "C" {
    fn mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    fn munmap(at: *mut c_void, length: usize) -> c_int;
    fn madvise(at: *mut c_void, length: usize, advice: c_int) -> c_int;
}

const LENGTH: usize = 16 << 20;

#[inline(never)]
fn touch() {
    unsafe {
        // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, MADV_HUGEPAGE
        let at = mmap(std::ptr::null_mut(), LENGTH, 3, 0x22, -1, 0);
        madvise(at, LENGTH, 14);
        for page in (0..LENGTH).step_by(4096) {
            at.cast::<u8>().add(page).write_volatile(1);
        }
        munmap(at, LENGTH);
    }
}
"""
REQUESTS, PAGES = 60 * 5, 8
"""Of the measure window; huge pages that each of them touches."""
CONFIG = """
[service]
language = "rust"
args = ["{port}"]
ready = { path = "/" }
[workloads.default]
rate = 60
duration = "5s"
seed = 1
[[workloads.default.operations]]
name = "get"
[variants.small]
knobs = { huge-pages = "off" }
"""


def explained(folder: Path, variant: str) -> dict[str, Any]:
    """Return what is found of page faults in a run of a variant."""
    (found,) = found_by("page-faults", folder, variant, tries=3)
    return found


def given() -> int:
    """How many huge pages the kernel gave at first touches since the machine was started."""
    rows = (line.split() for line in Path("/proc/vmstat").read_text("utf-8").splitlines())
    return next(int(count) for name, count in rows if name == "thp_fault_alloc")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    kernel_permitted()
    return cargo_project(tmp_path, "toucher", rust_source("touch()", ITEMS), CONFIG)


def test_huge_pages_are_named_where_the_kernel_clears_them(project: Path) -> None:
    before = given()
    found = explained(project, "base")
    if given() - before < REQUESTS * PAGES:
        pytest.skip("this machine has too few huge pages left")
    assert found["title"].startswith("clearing huge pages and other work on memory takes ")
    assert found["confirm"] == "tailtune compare base base+huge-pages=off"
    small = explained(project, "small")
    assert small["title"].startswith("touching new memory and giving it back takes ")
    assert "huge" not in json.dumps(small["evidence"])

"""What a thread of a runtime works on."""

import pytest

from tailtune.judge.async_work import Work, work_of

TASK = ["tokio::runtime::task::core::{closure#0}", "tokio::runtime::task::harness::poll"]
WORKER = [
    "tokio::runtime::scheduler::multi_thread::worker::run",
    "<tokio::runtime::blocking::task::BlockingTask<F>>::poll",
]
POOL = [*TASK, "<tokio::runtime::blocking::pool::Inner>::run"]


@pytest.mark.parametrize(
    ("functions", "work"),
    [
        (["__libc_recv", "shop::fetch", *TASK, *WORKER, *POOL], Work.TASK),
        (["clock_nanosleep", "shop::pack", "tokio::runtime::blocking::task::poll", *POOL], Work.JOB),
        (["futex_wait", *POOL[-1:]], Work.JOB),
        (["__libc_recv", "shop::fetch", "std::thread::lifecycle::{closure#0}"], None),
        ([], None),
    ],
)
def test_the_innermost_frame_of_a_runtime_counts(functions, work):
    assert work_of(functions) is work

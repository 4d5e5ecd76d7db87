"""Idle places: what is one, and what only looks like one."""

import re

import pytest
from tests.support.pprof import encode

from tailtune._native import Profile
from tailtune.judge.idle import KINDS, idle_place
from tailtune.judge.profile_stacks import Stacks
from tailtune.judge.profile_waits import split
from tailtune.model.profile_diff import Grouping

OFF_CPU = (("switches", "count"), ("blocked", "nanoseconds"), ("runnable", "nanoseconds"))


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        ("runtime.findRunnable", "Go: a worker"),
        ("runtime.stopm", "Go: a worker"),
        ("runtime.sysmon", "Go: a thread of the runtime"),
        ("tokio::runtime::scheduler::multi_thread::worker::Context::park_internal", "tokio: a worker"),
        (
            "tokio::runtime::scheduler::multi_thread::worker::Context::park_timeout::h0123456789abcdef",
            "tokio: a worker",
        ),
        ("<tokio::runtime::park::CachedParkThread as tokio::park::Park>::park", "tokio: a worker"),
        ("tokio::runtime::blocking::pool::Inner::run", "tokio: a blocking thread"),
        ("tokio::runtime::blocking::pool::run_worker", "tokio: a blocking thread"),
        ("tokio::runtime::blocking::pool::LockedImpl::run_worker", "tokio: a blocking thread"),
        ("tokio::runtime::blocking::sharded::ShardedImpl::run_worker", "tokio: a blocking thread"),
        ("rayon_core::sleep::Sleep::sleep", "rayon: a worker"),
        ("epoll_wait", "an event loop"),
        ("do_epoll_wait", "an event loop"),
        ("epoll_pwait@@GLIBC_2.6", "an event loop"),
        ("accept4", "waiting for connections"),
        ("inet_csk_accept", "waiting for connections"),
    ],
)
def test_a_thread_without_work_is_idle(function: str, meaning: str) -> None:
    place = idle_place(function)
    assert place is not None
    assert KINDS[place].meaning.startswith(meaning)


@pytest.mark.parametrize(
    "function",
    [
        "main.findRunnable",
        "runtime.futexsleep",
        "runtime.notesleep",
        "__lll_lock_wait",
        "std::sys::sync::mutex::futex::Mutex::lock_contended",
        "nanosleep",
        "read",
        "main.accept4ever",
        "tokio::sync::mutex::Mutex::lock",
        "tokio::runtime::blocking::pool::Spawner::spawn_task",
        "tokio::runtime::blocking::pool::spawn_blocking_inner",
        "my_tokio::runtime::park::park",
    ],
)
def test_waiting_for_something_is_not_idle(function: str) -> None:
    assert idle_place(function) is None


TOKIO_LOOP = (
    "tokio::runtime::blocking::pool::run_worker",
    "tokio::runtime::blocking::pool::run_worker",
    "tokio::runtime::blocking::pool::Inner::run",
    "tokio::runtime::blocking::pool::{closure#0}",
    "std::sys::backtrace::__rust_begin_short_backtrace",
)
TOKIO_JOB = (
    "core::ops::function::call_once",
    "<tokio::runtime::blocking::task::BlockingTask<T> as core::future::future::Future>::poll",
    "tokio::runtime::task::core::Core<T,S>::poll",
    "std::panic::catch_unwind",
    "tokio::runtime::task::UnownedTask<S>::run",
    "tokio::runtime::blocking::pool::run",
)
"""As the stacks of a service with tokio 1.54.1 name them, built by `cargo build --release` with lines."""


def test_a_thread_of_tokios_pool_is_idle_without_a_job_only() -> None:
    stacks = {
        ("syscall", "std::sync::poison::condvar::Condvar::wait_timeout", *TOKIO_LOOP): (5, 700, 1),
        ("__GI___clock_nanosleep", *TOKIO_JOB, *TOKIO_LOOP): (2, 250, 1),
        ("epoll_wait", "tokio::runtime::park::park", *TOKIO_JOB, *TOKIO_LOOP): (2, 40, 1),
        ("recv", "shop::fetch", "tokio::runtime::task::raw::poll", *TOKIO_JOB, *TOKIO_LOOP): (2, 9, 1),
    }
    waiting, idle = split(Stacks.of(Profile.from_pprof(encode(stacks, OFF_CPU)), "blocked"))
    assert waiting.total == 250 + 9
    assert [(place.meaning, place.blocked_ns) for place in idle] == [
        ("tokio: a blocking thread without work", 700),
        ("tokio: a worker without a task to run", 40),
    ]


def test_every_place_names_its_source() -> None:
    assert all(kind.source and re.compile(kind.pattern) for kind in KINDS)


def test_time_off_the_cpu_is_either_waiting_or_idle() -> None:
    stacks = {
        ("runtime.futex", "runtime.futexsleep", "runtime.stopm", "runtime.findRunnable"): (5, 700, 1),
        ("epoll_wait", "tokio::runtime::park::park"): (2, 40, 1),
        ("__lll_lock_wait", "pthread_mutex_lock", "work"): (9, 260, 1),
    }
    blocked = Stacks.of(Profile.from_pprof(encode(stacks, OFF_CPU)), "blocked")
    waiting, idle = split(blocked)
    assert waiting.total == 260
    assert [(place.meaning, place.blocked_ns) for place in idle] == [
        ("Go: a worker without a goroutine to run", 700),
        ("tokio: a worker without a task to run", 40),
    ]
    assert waiting.total + sum(place.blocked_ns for place in idle) == blocked.total
    assert [group.name for group in waiting.groups(Grouping.FUNCTION)] == [
        "__lll_lock_wait", "pthread_mutex_lock", "work"]  # fmt: skip

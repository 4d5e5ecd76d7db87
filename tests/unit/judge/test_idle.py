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
        "my_tokio::runtime::park::park",
    ],
)
def test_waiting_for_something_is_not_idle(function: str) -> None:
    assert idle_place(function) is None


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

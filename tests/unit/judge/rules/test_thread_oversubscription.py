"""More threads than CPUs: what triggers the rule, and a near miss that must not."""

import dataclasses

import msgspec
import pytest
from tests.support.facts import apply, estimate, facts, one

from tailtune.judge.crowds import Crowd
from tailtune.judge.facts import Facts
from tailtune.model.finding import Group
from tailtune.model.request_parts import Place
from tailtune.model.summary import StatesSummary

SPAWNED = "start_thread;std::thread::lifecycle::spawn_unchecked::{closure#1}"
RUST = f"{SPAWNED};http_server::threads::converse;my_service::sum"
START = f"{RUST};std::thread::scoped::Scope::spawn;pthread_create@GLIBC_2.34"


def with_states(given: Facts, *, on_cpu: float, runnable: float) -> Facts:
    states = StatesSummary(on_cpu=on_cpu, runnable=runnable, blocked=10.0, residue=0.0, residue_share=0.0)
    diagnose = msgspec.structs.replace(given.measure, window="diagnose", states=states)
    return dataclasses.replace(given, summary=msgspec.structs.replace(given.summary, diagnose=diagnose))


def test_threads_that_come_and_go_are_found_with_who_starts_them():
    stacks = {
        f"{START};__clone3;__x64_sys_clone3_[k];kernel_clone_[k];copy_process_[k]": 30,
        "start_thread;__x64_sys_exit_[k];do_exit_[k]": 20,
        f"{RUST};my_service::sum_piece": 50,
    }
    cause = one("thread-oversubscription", with_states(facts(stacks), on_cpu=0.4, runnable=6.5))
    assert cause.finding.id == "thread-oversubscription:my_service::sum"
    assert cause.finding.title == (
        "starting and ending threads takes 50.0 % of CPU time; they are started in my_service::sum (60 %)"
    )
    assert cause.finding.group is Group.CONCURRENCY
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "starting and ending threads: 50 of 100 samples",
        "on average 6.50 threads ready and waiting for a CPU, 0.40 on one",
    ]


def test_the_first_frames_of_every_thread_do_not_count_as_starting_it():
    threads = {
        f"{RUST};my_service::sum_piece": 50,
        "start_thread;std::sys::thread::unix::Thread::new::thread_start;my_service::work": 50,
    }
    assert apply("thread-oversubscription", facts(threads)) == []


@pytest.mark.parametrize(
    "frame",
    [
        "std::thread::spawn",
        "std::thread::builder::Builder::spawn_unchecked_",
        "std::sys::thread::unix::Thread::new",
        "std::sys::pal::unix::stack_overflow::thread_info::make_handler",
        "allocate_stack",
        "runtime.newosproc",
        "ret_from_fork_asm_[k]",
    ],
)
def test_frames_that_are_known(frame):
    cause = one("thread-oversubscription", facts({f"{RUST};{frame}": 20, RUST: 80}))
    assert cause.finding.share.point == pytest.approx(0.2)


def test_a_few_new_threads_are_no_finding():
    assert apply("thread-oversubscription", facts({f"{START};__clone3": 9, RUST: 91})) == []
    assert apply("thread-oversubscription", facts({f"{START};__clone3": 19, RUST: 40})) == []
    assert apply("thread-oversubscription", facts(None)) == []


def crowded(threads: int, share: float) -> Facts:
    found = Crowd(
        share=estimate(share),
        mean_ns=50e6,
        threads=threads,
        places=[Place(function="book::loss", share=0.9, count=400)],
        parts=("runnable",),
        example="r867",
    )
    stacks = {f"{START};__clone3": 4, f"{RUST};my_service::sum_piece": 96}
    return dataclasses.replace(facts(stacks), crowd=found)


def test_many_threads_in_front_of_slow_requests_are_told_with_who_starts_threads():
    cause = one("thread-oversubscription", crowded(8, 0.8))
    assert cause.finding.id == "thread-oversubscription:my_service::sum"
    assert cause.finding.title == (
        "requests above p99 wait for a CPU behind 8 threads of no request, which compute in book::loss (90 %): 50.0 "
        "ms each, 80.0 % of their time; threads are started in my_service::sum (100 %)"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.finding.evidence[-1].text == "look at one: tailtune explain --request r867"


@pytest.mark.parametrize(("threads", "share"), [(7, 0.8), (8, 0.24)])
def test_few_threads_and_short_waits_are_no_crowd(threads: int, share: float):
    assert apply("thread-oversubscription", crowded(threads, share)) == []

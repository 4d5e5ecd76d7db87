"""Atomic instructions on several CPUs: told apart from uncontended ones by what they take beside another CPU."""

import dataclasses
import re
from itertools import count

import msgspec
import numpy as np
import pytest
from tests.support.facts import apply, facts, one

from tailtune.judge.atomic_samples import AtomicSamples, SlowDown, slow_down
from tailtune.judge.facts import Facts
from tailtune.model.finding import Group, Strength
from tailtune.model.project import Language, Variant

ATOMIC = "start_thread;shop::count;core::sync::atomic::atomic_add"
WORK = "start_thread;shop::count"
SENT = "start_thread;shop::answer;sendto_[k]"
PERIOD_NS = 1_000_000


def run(
    *moments: tuple[int, tuple[str, ...]], atomic: tuple[str, ...] = (ATOMIC,), language: Language | None = None
) -> Facts:
    """Facts of so many moments each, in which the CPUs from 0 on were sampled at these stacks; 10 ms between two."""
    stacks: dict[str, int] = {}
    rows: list[tuple[int, int, str]] = []
    clock = count(0, 10 * PERIOD_NS)
    for times, sampled in moments:
        for _ in range(times):
            begin = next(clock)
            for cpu, stack in enumerate(sampled):
                stacks[stack] = stacks.get(stack, 0) + 1
                rows.append((begin + cpu * PERIOD_NS // 2, cpu, stack))
    number = {stack: at for at, stack in enumerate(stacks)}
    t_ns, cpus, names = zip(*rows, strict=True)
    samples = AtomicSamples(
        t_ns=np.array(t_ns, np.int64),
        cpu=np.array(cpus, np.int64),
        stack=np.array([number[name] for name in names], np.int64),
        atomic=frozenset(number[stack] for stack in atomic if stack in number),
        period_ns=PERIOD_NS,
    )
    return dataclasses.replace(facts(stacks, language=language), atomics=samples)


CONTENDED = [(60, (ATOMIC, ATOMIC)), (20, (ATOMIC, WORK)), (10, (WORK, WORK)), (40, (WORK,)), (20, (ATOMIC,))]
"""Beside another CPU 140 samples of 180 are at the instruction, alone 20 of 60."""


def test_atomics_that_are_slower_beside_another_cpu_are_suspected():
    cause = one("contended-atomics", run(*CONTENDED))
    finding = cause.finding
    assert finding.id == "contended-atomics:shop::count"
    assert finding.title == (
        "66.7 % of CPU time is spent at atomic instructions of shop::count, on 2 CPUs at once: they seem to take a "
        "cache line from each other"
    )
    assert (finding.group, finding.strength) == (Group.DATA_LAYOUT, Strength.MODERATE)
    assert [evidence.text for evidence in finding.evidence] == [
        "at an atomic instruction, or directly behind one: 160 of 240 samples",
        "120 of them while another CPU was at an atomic instruction as well",
        "against other code they take 6.9 times as long (3.6 to 12.9) while another CPU works for the service: 140 "
        "samples beside 40 then, 20 beside 40 alone",
    ]
    assert finding.confirm == "tailtune compare base base+affinity=1"
    assert 0 < cause.saving < 0.667


def test_pinned_threads_are_asked_with_one_cpu():
    given = run(*CONTENDED)
    variants = {"base": Variant(knobs={"pinning": "each"})}
    pinned = dataclasses.replace(given, manifest=msgspec.structs.replace(given.manifest, variants=variants))
    assert one("contended-atomics", pinned).finding.confirm == "tailtune compare base base+pinning=1"


def test_go_is_asked_with_one_processor():
    finding = one("contended-atomics", run(*CONTENDED, language=Language.GO)).finding
    assert finding.confirm == "tailtune compare base base+gomaxprocs=1"


def test_atomics_that_take_as_much_alone_are_no_finding():
    moments = [(60, (ATOMIC, ATOMIC)), (20, (ATOMIC, WORK)), (10, (WORK, WORK)), (60, (WORK,)), (210, (ATOMIC,))]
    assert apply("contended-atomics", run(*moments)) == []


def test_a_tight_loop_is_told_apart_by_the_few_samples_beside_it():
    contended = [(100, (ATOMIC, ATOMIC)), (2, (ATOMIC, WORK)), (150, (ATOMIC,)), (30, (WORK,))]
    assert one("contended-atomics", run(*contended)).finding.strength is Strength.MODERATE
    padded = [(100, (ATOMIC, ATOMIC)), (2, (ATOMIC, WORK)), (180, (ATOMIC,)), (2, (WORK,))]
    assert apply("contended-atomics", run(*padded)) == []


def test_one_cpu_is_silent_however_much_the_atomics_take():
    assert apply("contended-atomics", run((200, (ATOMIC,)), (20, (WORK,)))) == []


def test_cpus_that_take_turns_contend_for_nothing():
    given = run((100, (WORK, ATOMIC)), (100, (ATOMIC, WORK)), (30, (WORK,)), (30, (ATOMIC,)))
    assert apply("contended-atomics", given) == []


def test_a_service_that_is_never_alone_leaves_a_weak_suspicion_from_a_third_on():
    finding = one("contended-atomics", run((60, (ATOMIC, ATOMIC)), (60, (WORK, WORK)))).finding
    assert finding.strength is Strength.WEAK
    assert len(finding.evidence) == 2
    assert apply("contended-atomics", run((60, (ATOMIC, ATOMIC)), (140, (WORK, WORK)))) == []


@pytest.mark.parametrize(
    "stack",
    [
        "start_thread;shop::count;std::sync::poison::mutex::Mutex<T>::lock;core::sync::atomic::atomic_compare_exchange",
        "main.count;sync.(*RWMutex).RLock;sync/atomic.(*Int32).Add",
        "start_thread;tokio::runtime::task::raw::poll",
    ],
)
def test_locks_and_runtimes_are_for_other_rules(stack):
    moments = [(times, tuple(stack if one == ATOMIC else one for one in sampled)) for times, sampled in CONTENDED]
    assert apply("contended-atomics", run(*moments, atomic=(stack,))) == []


def test_the_kernels_time_is_left_out_of_the_comparison():
    given = run(*CONTENDED, (300, (SENT,)))
    assert given.cpu is not None
    assert given.atomics is not None
    user = given.cpu.everything - given.cpu.containing(re.compile("sendto"))
    assert slow_down(given.atomics, given.atomics.atomic, user) == SlowDown((140, 40), (20, 40))


def test_a_small_share_few_samples_and_no_marks_are_no_finding():
    assert apply("contended-atomics", run(*CONTENDED, (3000, (WORK,)))) == []
    assert apply("contended-atomics", run((9, (ATOMIC, ATOMIC)), (2, (WORK,)))) == []
    assert apply("contended-atomics", run(*CONTENDED, atomic=())) == []
    assert apply("contended-atomics", facts({ATOMIC: 100})) == []


def test_the_ratio_knows_how_little_it_rests_on():
    ratio = SlowDown((12, 3), (3, 12)).ratio
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 4 < ratio.point < 16 < ratio.high
    assert SlowDown((0, 0), (0, 0)).ratio.point == 1.0

"""Misses on simulated caches: what triggers the rule, and near misses that must not."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from tests.support.facts import apply, facts, one

from tailtune.bundle.schema import CACHES
from tailtune.judge.cache_misses import CacheMisses, comparable
from tailtune.judge.explain import rank
from tailtune.judge.stackprofile import Frame, StackProfile
from tailtune.model.finding import Group, Strength

WALK = "my_service::list::walk"
STACK = f"start_thread;http_server::threads::converse;my_service::answer;{WALK}"
REST = "start_thread;http_server::threads::converse;my_service::render"
NAMES = CACHES.names


def row(function: str, line: int = 7, **events: int) -> dict[str, object]:
    return {**dict.fromkeys(NAMES, 0), "function": function, "file": "src/list.rs", "line": line, **events}


def simulated(*rows: dict[str, object], requests: int = 100) -> CacheMisses:
    caches = {"D1 cache": "49152 B, 64 B, 12-way associative", "LL cache": "33554432 B, 64 B, 16-way associative"}
    return CacheMisses.from_table(pa.Table.from_pylist(list(rows), schema=CACHES), requests, caches)


WAITS = row(WALK, 41, ir=10_000, dr=4_000, d1mr=2_000, dlmr=900)
COMPUTES = row("my_service::render", ir=90_000, dr=30_000, d1mr=300, dlmr=100)


def test_misses_of_a_busy_function_are_a_cause():
    caches = simulated(WAITS, row(WALK, 42, ir=10_000, dr=1_000), COMPUTES)
    cause = one("cache-unfriendly", facts({STACK: 60, REST: 40}, caches=caches))
    found = cause.finding
    assert found.id == "cache-unfriendly:list::walk"
    assert found.title == (
        "90.0 % of last-level data misses (simulated) are in list::walk, 9 per request; it takes 60.0 % of CPU time "
        "by itself"
    )
    assert found.group is Group.DATA_LAYOUT
    assert found.strength is Strength.MODERATE
    # 20,000 instructions + 10 x 2,000 + 100 x 900 = 130,000 cycles, of which 110,000 are data misses.
    assert found.share.point == pytest.approx(0.6 * 110 / 130)
    assert found.share.low is not None
    assert found.share.high is not None
    assert found.share.low < found.share.point < found.share.high < 0.6 + 0.1
    assert [evidence.text for evidence in found.evidence] == [
        "in 100 requests one after another on simulated caches, first level of 48.0 KiB and last level of 32.0 MiB: of "
        "5,000 reads and writes of data 2,000 missed the first and 900 the last level",
        "misses are 85 % of its cycles, estimated as instructions + 10 for each miss of the first + 100 for each of "
        "the last level, as KCachegrind does",
        "100 % of the misses, by cycles, at list.rs:41",
        "the function itself: 60 of 100 samples",
    ]
    assert cause.saving > 0


def test_it_comes_before_the_function_that_it_explains():
    found = rank(facts({STACK: 60, REST: 40}, caches=simulated(WAITS, COMPUTES)))
    assert [finding.id for finding in found if "walk" in finding.id] == ["cache-unfriendly:list::walk"]


def test_without_a_simulation_or_samples_there_is_nothing():
    caches = simulated(WAITS, COMPUTES)
    assert apply("cache-unfriendly", facts({STACK: 60, REST: 40})) == []
    assert apply("cache-unfriendly", facts(None, caches=caches)) == []
    assert apply("cache-unfriendly", facts({STACK: 19, REST: 40}, caches=caches)) == []


def test_a_function_that_the_cpu_is_not_busy_in_is_none():
    assert apply("cache-unfriendly", facts({STACK: 50, REST: 950}, caches=simulated(WAITS, COMPUTES))) == []


def test_misses_of_what_it_calls_are_not_its_own():
    below = f"{STACK};my_service::list::other"
    assert apply("cache-unfriendly", facts({below: 60, REST: 40}, caches=simulated(WAITS, COMPUTES))) == []


def test_a_function_that_computes_does_not_wait_for_memory():
    calm = row(WALK, ir=500_000, dr=4_000, d1mr=2_000, dlmr=900)
    assert apply("cache-unfriendly", facts({STACK: 60, REST: 40}, caches=simulated(calm, COMPUTES))) == []


def test_misses_that_others_have_more_of_do_not_concentrate_in_it():
    other = row("my_service::fill", ir=10, dw=10_000, d1mw=9_000, dlmw=8_000)
    assert apply("cache-unfriendly", facts({STACK: 60, REST: 40}, caches=simulated(WAITS, other))) == []


def test_the_first_level_is_named_where_the_next_one_answers():
    near = row(WALK, ir=10_000, dr=4_000, d1mr=2_000)
    found = one("cache-unfriendly", facts({STACK: 60, REST: 40}, caches=simulated(near))).finding
    assert found.title.startswith("100.0 % of first-level data misses (simulated) are in list::walk, 20 per request")
    assert found.strength is Strength.WEAK
    assert apply("cache-unfriendly", facts({STACK: 12, REST: 88}, caches=simulated(near))) == []


def test_a_walk_over_neighbors_is_weak_evidence():
    walk = row(WALK, ir=8_000, dr=8_000, d1mr=1_000, dlmr=1_000)
    found = one("cache-unfriendly", facts({STACK: 60, REST: 40}, caches=simulated(walk))).finding
    assert found.strength is Strength.WEAK


def test_a_function_of_the_library_is_told_with_whom_it_works_for():
    copy = row("memcpy", 0, ir=1_000, dr=1_000, d1mr=500, dlmr=400)
    found = one("cache-unfriendly", facts({f"{STACK};memcpy": 60, REST: 40}, caches=simulated(copy))).finding
    texts = [evidence.text for evidence in found.evidence]
    assert "it works for list::walk (100 %)" in texts
    assert not [text for text in texts if "by cycles, at" in text]


def test_what_is_inlined_counts_to_the_function_as_compiled():
    walk = Frame(WALK, "src/list.rs", line=41)
    frames = [Frame("my_service::list::next", inlined=True), walk, Frame("my_service::render")]
    profile = StackProfile("cpu", frames, [(0, 1), (2,)], np.array([60, 40]), np.array([60.0, 40.0]))
    given = dataclasses.replace(facts({REST: 1}, caches=simulated(WAITS, COMPUTES)), cpu=profile)
    found = one("cache-unfriendly", given).finding
    assert found.id == "cache-unfriendly:list::walk"
    assert "the function itself by line: list.rs:41 100 % (94 to 100 %)" in [each.text for each in found.evidence]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("__memcmp_evex_movbe", "memcmp"),
        ("__memcmp_avx2_movbe", "memcmp"),
        ("__memcpy_avx512_unaligned_erms", "memcpy"),
        ("memcpy@@GLIBC_2.14", "memcpy"),
        ("__GI___libc_malloc", "malloc"),
        ("__libc_recv", "recv"),
        ("_int_malloc", "int_malloc"),
        ("main.walk", "main.walk"),
        ("a::generic_avx", "a::generic_avx"),
        ("???", "???"),
        ("", ""),
    ],
)
def test_functions_of_the_c_library_have_one_name(name, plain):
    assert comparable(name) == plain
    assert comparable(plain) == plain


def test_samples_and_simulation_may_see_other_implementations():
    copy = row("__memcpy_avx_unaligned_erms", 0, ir=1_000, dr=1_000, d1mr=500, dlmr=400)
    given = facts({f"{STACK};__memcpy_avx512_unaligned_erms": 60, REST: 40}, caches=simulated(copy))
    found = one("cache-unfriendly", given).finding
    assert found.id == "cache-unfriendly:memcpy"
    assert found.strength is Strength.WEAK, "it goes through neighbors"


def test_rows_of_several_instances_of_a_function_are_one():
    first, second = (f"a::f::h{digit * 16}" for digit in "19")
    caches = simulated(row(first, dr=5, d1mr=1), row(second, dr=5, d1mr=2), row("a::g", dr=1))
    assert [(each.counted.accesses, each.counted.l1) for each in caches.functions] == [(10, 3), (1, 0)]
    assert caches.total.accesses == 11

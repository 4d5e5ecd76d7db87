"""The allocator as the place where threads wait or memory goes to and fro: what triggers the rule, and near misses."""

import pytest
from tests.support.facts import apply, facts, one

from tailtune.model.finding import Group

RUST = "start_thread;http_server::threads::converse;my_service::fill"


def test_threads_that_collide_in_the_allocator_are_found():
    stacks = {
        f"{RUST};malloc;_int_malloc;__lll_lock_wait_private;__x64_sys_futex_[k]": 15,
        f"{RUST};cfree@GLIBC_2.2.5;_int_free;__lll_lock_wake_private": 10,
        f"{RUST};malloc;_int_malloc": 25,
        RUST: 50,
    }
    cause = one("allocator", facts(stacks))
    assert cause.finding.id == "allocator:locks"
    assert cause.finding.title == (
        "threads collide in the allocator: 25.0 % of CPU time; most for my_service::fill (100 %)"
    )
    assert cause.finding.group is Group.SETTINGS
    assert cause.finding.confirm == "tailtune sweep allocator=system,jemalloc,mimalloc,tcmalloc"


@pytest.mark.parametrize(
    "heap",
    ["_int_free;systrim.constprop.0;__sbrk;brk;__x64_sys_brk_[k]", "_int_malloc;sysmalloc;brk", "_int_free;heap_trim"],
)
def test_a_heap_that_breathes_is_found(heap):
    cause = one("allocator", facts({f"{RUST};malloc;{heap}": 20, RUST: 80}))
    assert cause.finding.id == "allocator:heap"
    assert "grows and trims its heap all the time: 20.0 % of CPU time" in cause.finding.title


def test_allocating_much_and_locks_of_the_service_are_not_the_allocators():
    assert apply("allocator", facts({f"{RUST};malloc;_int_malloc": 60, RUST: 40})) == []
    assert apply("allocator", facts({f"{RUST};pthread_mutex_lock;__lll_lock_wait": 60, RUST: 40})) == []
    assert apply("allocator", facts({f"{RUST};malloc;__lll_lock_wait_private": 19, RUST: 60})) == []
    assert apply("allocator", facts({f"{RUST};malloc;__lll_lock_wait_private": 20, RUST: 980})) == []
    assert apply("allocator", facts(None)) == []

"""Memory taken from the kernel and given back: what triggers the rule, and a near miss that must not."""

import dataclasses

import pytest
from tests.support.facts import apply, facts, one

from tailtune.model.finding import Group

RUST = "start_thread;http_server::threads::converse;my_service::walk"
FAULT = "asm_exc_page_fault_[k];exc_page_fault_[k];handle_mm_fault_[k];clear_page_erms_[k]"
UNMAP = "__munmap;entry_SYSCALL_64_[k];__x64_sys_munmap_[k];__vm_munmap_[k];zap_pte_range_[k]"
MAP = "mmap64;entry_SYSCALL_64_[k];__x64_sys_mmap_[k];do_mmap_[k]"


def test_faults_count_with_the_calls_that_give_memory_back():
    given = facts({f"{RUST};{FAULT}": 40, f"{RUST};cfree;{UNMAP}": 20, f"{RUST};calloc;{MAP}": 5, RUST: 35})
    cause = one("page-faults", dataclasses.replace(given, faults_per_request=1500.25))
    assert cause.finding.id == "page-faults:my_service::walk"
    assert cause.finding.title == (
        "touching new memory and giving it back takes 65.0 % of CPU time; most in my_service::walk (100 %)"
    )
    assert cause.finding.group is Group.ALGORITHM
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "in page faults: 40 of 100 samples",
        "giving memory back: 20 of 100 samples",
        "mapping memory: 5 of 100 samples",
        "1,500.2 page faults per request",
    ]


def test_a_fault_within_a_system_call_is_counted_once():
    cause = one("page-faults", facts({f"{RUST};read;__x64_sys_read_[k];{FAULT}": 30, RUST: 70}))
    assert cause.finding.share.point == pytest.approx(0.3)


@pytest.mark.parametrize(
    "fault",
    [
        "el0_da_[k];do_mem_abort_[k];do_page_fault_[k]",
        "asm_exc_page_fault_[k]",
        "do_user_addr_fault_[k]",
        "__handle_mm_fault_[k]",
    ],
)
def test_entries_that_are_known(fault):
    assert one("page-faults", facts({f"{RUST};{fault}": 30, RUST: 70})).finding.share.point == pytest.approx(0.3)


def test_few_faults_and_unmapping_alone_are_no_finding():
    assert apply("page-faults", facts({f"{RUST};{FAULT}": 9, RUST: 91})) == []
    assert apply("page-faults", facts({f"{RUST};{FAULT}": 19, RUST: 40})) == []
    assert apply("page-faults", facts({f"{RUST};{UNMAP}": 50, RUST: 50})) == []
    assert apply("page-faults", facts(None)) == []


HUGE = f"{FAULT.replace('clear_page_erms_[k]', 'do_huge_pmd_anonymous_page_[k]')}"
CLEAR = f"{HUGE};clear_huge_page_[k];clear_page_erms_[k]"
COMPACT = f"{HUGE};__alloc_pages_direct_compact_[k];compact_zone_[k];isolate_freepages_[k]"


def test_huge_pages_are_named_where_they_are_most_of_it():
    given = facts({f"{RUST};{CLEAR}": 30, f"{RUST};{COMPACT}": 10, f"{RUST};{FAULT}": 10, RUST: 50})
    cause = one("page-faults", given)
    assert cause.finding.title == (
        "clearing huge pages and other work on memory takes 50.0 % of CPU time; most in my_service::walk (100 %)"
    )
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "in page faults: 50 of 100 samples",
        "clearing huge pages, 60 % of it: 30 of 100 samples",
        "compacting memory for huge pages, 20 % of it: 10 of 100 samples",
    ]
    assert cause.finding.group is Group.SETTINGS
    assert cause.finding.confirm == "tailtune compare base base+huge-pages=off"


def test_a_few_huge_pages_are_evidence_and_not_the_cause():
    cause = one("page-faults", facts({f"{RUST};{CLEAR}": 10, f"{RUST};{FAULT}": 40, RUST: 50}))
    assert cause.finding.title.startswith("touching new memory and giving it back takes 50.0 %")
    assert "clearing huge pages, 20 % of it: 10 of 100 samples" in [one.text for one in cause.finding.evidence]
    assert cause.finding.confirm.startswith("tailtune compare HEAD worktree")


@pytest.mark.parametrize(
    ("kernel", "done"),
    [
        ("exc_page_fault_[k];do_huge_pmd_anonymous_page_[k];folio_zero_user_[k]", "clearing huge pages"),
        ("exc_page_fault_[k];__do_huge_pmd_anonymous_page_[k]", "clearing huge pages"),
        ("exc_page_fault_[k];do_huge_pmd_wp_page_[k];__split_huge_pmd_[k]", "splitting huge pages"),
        ("__x64_sys_munmap_[k];zap_pmd_range_[k];__split_huge_pmd_locked_[k]", "splitting huge pages"),
        ("exc_page_fault_[k];do_huge_pmd_anonymous_page_[k];compact_zone_order_[k]", "compacting memory for huge"),
        ("__x64_sys_madvise_[k];madvise_collapse_[k];collapse_huge_page_[k]", "collapsing small pages into huge"),
        ("__x64_sys_madvise_[k];hpage_collapse_scan_pmd_[k]", "collapsing small pages into huge ones"),
    ],
)
def test_what_is_done_to_huge_pages_is_told(kernel, done):
    assert one("page-faults", facts({f"{RUST};{kernel}": 30, RUST: 70})).finding.title.startswith(done)


def test_compaction_for_a_buffer_of_a_socket_is_not_for_huge_pages():
    send = "__x64_sys_sendto_[k];alloc_skb_[k];__alloc_pages_direct_compact_[k];compact_zone_[k]"
    assert apply("page-faults", facts({f"{RUST};{send}": 30, RUST: 70})) == []

"""Misses that the processor counted: what triggers the rule, what bounds its share, and near misses that must not."""

import dataclasses
from typing import Any

import msgspec
import pytest
from tests.support.facts import apply, facts, one

from tailtune.judge.cache_misses import CacheMisses, Counted, FunctionMisses
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import StackProfile
from tailtune.model.finding import Group, Strength
from tailtune.model.summary import CountersSummary

WALK = "my_service::list::walk"
STACK = f"start_thread;http_server::threads::converse;my_service::answer;{WALK}"
REST = "start_thread;http_server::threads::converse;my_service::render"
OTHER = f"{REST};my_service::escape"
MISSES = {STACK: 400, REST: 60, OTHER: 40}
INTEL = "Intel(R) Xeon(R) Platinum 8481C"
COUNTERS = CountersSummary(
    kernel=True,
    lent_share=1.0,
    instructions_per_request=3e6,
    instructions_per_cycle=0.5,
    misses_per_request=15_000.0,
    misses_per_1000_instructions=5.0,
    stalled_share=None,
)


def counted(
    cpu: dict[str, int],
    misses: dict[str, int],
    *,
    cpu_model: str = INTEL,
    caches: CacheMisses | None = None,
    **changes: Any,
) -> Facts:
    """1,000 requests of 2 ms of CPU time each; 15,000 misses per request take 1.2 ms of them at 80 ns."""
    sampled = StackProfile.from_collapsed([f"{stack} {count}" for stack, count in misses.items()], "profiles/misses")
    sampled = dataclasses.replace(sampled, values=sampled.values * 10_001)
    counters = msgspec.structs.replace(COUNTERS, **changes)
    return facts(cpu, misses=sampled, counters=counters, cpu_model=cpu_model, caches=caches)


def test_counted_misses_of_a_busy_function_are_a_cause() -> None:
    cause = one("cache-unfriendly", counted({STACK: 700, REST: 300}, MISSES))
    found = cause.finding
    assert found.id == "cache-unfriendly:list::walk"
    assert found.title == (
        "80.0 % of last-level misses (counted) are in list::walk, 12,000 per request; it takes 70.0 % of CPU time by "
        "itself"
    )
    assert (found.group, found.strength) == (Group.DATA_LAYOUT, Strength.MODERATE)
    # 12,000 misses of 80 ns are 0.96 of 2 ms.
    assert found.share.point == pytest.approx(0.48)
    assert found.share.low is not None
    assert found.share.high is not None
    assert 0.42 < found.share.low < 0.48 < found.share.high < 0.52
    assert found.share.n == 500
    assert [evidence.text for evidence in found.evidence] == [
        "counted by the processor: 15,000 last-level misses per request, 5.00 per 1,000 instructions, "
        "0.50 instructions a cycle",
        "misses of the function itself: 400 of 500 samples",
        "they take 48.0 % of CPU time if each is waited for and memory answers in 80 ns, a typical figure that was not "
        "measured here",
        "the function itself: 700 of 1,000 samples",
    ]
    assert found.evidence[0].count == 15_000_000
    assert cause.saving > 0
    assert cause.explains == {0}, "the samples of the CPU, not those of misses"


@pytest.mark.parametrize(
    ("cpu", "changes", "bound"),
    [
        ({STACK: 300, REST: 700}, {}, 0.3),  # its own time
        ({STACK: 700, REST: 300}, {"stalled_share": 0.2}, 0.2),  # as the processor told
        ({STACK: 700, REST: 300}, {"instructions_per_cycle": 6.0}, 0.25),  # 6 of the 8 that are possible
    ],
)
def test_no_more_waits_than_could(cpu: dict[str, int], changes: dict[str, Any], bound: float) -> None:
    found = one("cache-unfriendly", counted(cpu, MISSES, **changes)).finding
    assert found.share.point == pytest.approx(bound)
    assert any(f"no more than {bound * 100:.1f} % can be" in evidence.text for evidence in found.evidence)


def test_counted_misses_stand_in_place_of_simulated_ones() -> None:
    simulated = Counted(instructions=20_000, accesses=5_000, l1=2_000, ll=900)
    caches = CacheMisses(100, {}, [FunctionMisses(WALK, simulated, "", 0.0)])
    busy = {STACK: 700, REST: 300}
    assert "(simulated)" in one("cache-unfriendly", facts(busy, caches=caches)).finding.title
    assert "(counted)" in one("cache-unfriendly", counted(busy, MISSES, caches=caches)).finding.title
    few = counted(busy, MISSES, caches=caches, misses_per_request=100.0)
    assert apply("cache-unfriendly", few) == []
    uncounted = counted(busy, MISSES, caches=caches, misses_per_request=None)
    assert "(simulated)" in one("cache-unfriendly", uncounted).finding.title


@pytest.mark.parametrize(
    ("cpu", "misses"),
    [
        (
            {STACK: 700, REST: 300},
            {STACK: 40} | {f"{REST};other{number}": 46 for number in range(10)},
        ),  # others have more of them
        ({STACK: 700, REST: 300}, {STACK: 19, REST: 9}),  # few samples of misses
        ({STACK: 15, REST: 985}, MISSES),  # few samples of CPU time
        ({f"{STACK};my_service::list::other": 700, REST: 300}, MISSES),  # its callee is busy
    ],
)
def test_misses_that_do_not_carry_a_finding(cpu: dict[str, int], misses: dict[str, int]) -> None:
    assert apply("cache-unfriendly", counted(cpu, misses)) == []


@pytest.mark.parametrize(
    ("cpu_model", "level", "share"),
    [("AMD EPYC 9654 96-Core Processor", "second-level", 0.36), ("", "first-level", 0.12)],
)
def test_the_level_is_the_one_that_the_driver_counts(cpu_model: str, level: str, share: float) -> None:
    many = counted({STACK: 350, REST: 650}, MISSES, cpu_model=cpu_model, misses_per_request=75_000.0)
    found = one("cache-unfriendly", many).finding
    assert f" of {level} misses (counted) are in list::walk" in found.title
    assert found.share.point == pytest.approx(min(share, 0.35))
    assert found.strength is Strength.WEAK
    near = counted({STACK: 350, REST: 650}, MISSES, cpu_model=cpu_model)
    assert apply("cache-unfriendly", near) == []


def test_a_function_that_goes_through_neighbors_is_weak_evidence_and_told_with_whom_it_works_for() -> None:
    copy = f"{STACK};__memcpy_avx512_unaligned_erms"
    found = one("cache-unfriendly", counted({copy: 700, REST: 300}, {copy: 400, REST: 60, OTHER: 40})).finding
    assert (found.id, found.strength) == ("cache-unfriendly:memcpy", Strength.WEAK)
    assert "it works for list::walk (100 %)" in [evidence.text for evidence in found.evidence]


def test_user_code_alone_is_said() -> None:
    found = one("cache-unfriendly", counted({STACK: 700, REST: 300}, MISSES, kernel=False)).finding
    assert found.evidence[0].text.startswith("counted by the processor, without the kernel: ")

"""Memory that grows while requests come at a steady rate: what triggers the rule, and near misses that must not."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from tests.support.facts import apply, collections, facts, one
from tests.support.recordings import S, load_report

from tailtune.judge.cause import Rank
from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.judge.memory import Headroom, Memory, Piled, Retained, Trend, trend
from tailtune.model.finding import Group, Strength
from tailtune.model.project import Language

MIB = 1 << 20
GO = "runtime.goexit;net/http.(*conn).serve;main.answer"
FAULT = "asm_exc_page_fault_[k];exc_page_fault_[k];handle_mm_fault_[k];clear_page_erms_[k]"
UNMAP = "__munmap;entry_SYSCALL_64_[k];__x64_sys_munmap_[k]"


def line(first: float, per_s: float) -> Trend:
    """Readings of 10 s, in MiB."""
    found = trend(np.arange(11) * S, (first + per_s * np.arange(11)) * MIB)
    assert found is not None
    return found


def kept(per_s: float, *owners: tuple[str, float]) -> Retained:
    return Retained("profiles/go-heap.diagnose.pb.gz", per_s * 10 * MIB, 10.0, owners)


def growing(
    stacks: dict[str, int] | None = None,
    *,
    language: Language = Language.GO,
    faults: float | None = None,
    gc: Any = None,
    first: float = 40,
    per_s: float = 2,
    steady: bool = True,
    **memory: Any,
) -> Facts:
    """A service that holds 40 MiB and 2 MiB more each second, 20.5 KiB for each of 100 requests."""
    found = Memory(resident=line(first, per_s), is_rate_steady=steady, **memory)
    given = facts(stacks, language=language, gc=gc)
    return dataclasses.replace(given, memory=found, faults_per_request=faults)


def test_live_data_that_grow_are_told_with_who_allocated_them():
    given = growing(live=line(20, 1), retained=kept(1, ("main.keep", 0.9), ("main.other", 0.1)))
    cause = one("memory-growth", given)
    assert cause.finding.id == "memory-growth:main.keep"
    assert cause.finding.title == (
        "what main.keep allocates is kept and not let go: "
        "resident memory grows by 2.00 MiB a second, 20.5 KiB for each request"
    )
    assert (cause.finding.group, cause.finding.strength) == (Group.ALGORITHM, Strength.STRONG)
    assert cause.finding.share.point == pytest.approx(20 / 60)
    assert cause.finding.share_of == "resident memory at the end of the window"
    assert [evidence.text.split(":")[0] for evidence in cause.finding.evidence] == [
        "resident",
        "alive after each collection",
        "20.5 KiB [20.5 KiB, 20.5 KiB] for each request",
        "10.0 MiB more live at the end of diagnosing than before it; what came to it was allocated by "
        "main.keep (90 %), main.other (10 %)",
    ]
    assert cause.finding.evidence[0].text == (
        "resident: 40.0 MiB to 60.0 MiB in 10.0 s, 2.00 MiB/s [2.00 MiB/s, 2.00 MiB/s], "
        "2.00 MiB/s [2.00 MiB/s, 2.00 MiB/s] in the later half"
    )
    assert cause.finding.confirm == "tailtune compare HEAD worktree  # after the edit"


def test_growth_alone_delays_nobody_and_is_a_remark():
    given = growing({f"{GO};main.rank": 900, "runtime.mcall": 100}, live=line(20, 1))
    assert (one("memory-growth", given).saving, one("memory-growth", given).rank) == (0.0, Rank.REMARK)
    assert [finding.id for finding in rank(given)] == ["hot-function:main.rank", "memory-growth:live"]


def test_no_function_is_named_that_did_not_allocate_much_of_it():
    many = [(f"main.f{number}", 0.1) for number in range(10)]
    assert one("memory-growth", growing(live=line(20, 1), retained=kept(1, *many))).finding.id == "memory-growth:live"


def test_a_go_service_whose_live_heap_stays_is_not_told_to_leak():
    cause = one("memory-growth", growing(live=line(20, 0)))
    assert cause.finding.id == "memory-growth:kept"
    assert cause.finding.title.startswith("memory grows outside of Go's live heap: ")
    assert cause.finding.group is Group.SETTINGS
    assert cause.finding.confirm == "tailtune compare base base+gomemlimit=40MiB"


@pytest.mark.parametrize(("goal_mib", "count"), [(59, 1), (60, 0)])
def test_a_heap_that_fills_up_to_its_goal_is_no_growth(goal_mib: int, count: int):
    gc = collections(heap_goal_bytes=goal_mib * MIB)
    for live in (None, line(20, 0)):
        assert len(apply("memory-growth", growing(gc=gc, live=live))) == count
    assert apply("memory-growth", growing(gc=gc, live=line(20, 1)))


@pytest.mark.parametrize(
    ("retained", "told"),
    [
        (kept(1.5, ("app::remember", 1.0)), "memory-growth:app::remember"),
        (kept(0.0), "memory-growth:kept"),
        (kept(-1.0), "memory-growth:kept"),
        (kept(0.3, ("app::remember", 1.0)), "memory-growth:unknown"),
        (None, "memory-growth:unknown"),
    ],
)
def test_without_collections_heap_profiles_tell_what_lives(retained, told):
    assert one("memory-growth", growing(language=Language.RUST, retained=retained)).finding.id == told


def test_what_is_not_known_is_said_with_the_run_that_would_tell():
    cause = one("memory-growth", growing(language=Language.RUST))
    assert "which of both is not known" in cause.finding.proposal
    assert cause.finding.confirm == "tailtune run --instrument"
    assert cause.finding.strength is Strength.MODERATE
    of_go = one("memory-growth", growing())
    assert "too few collections" in of_go.finding.proposal
    assert of_go.finding.confirm == "tailtune run --instrument"
    kept_pages = one("memory-growth", growing(language=Language.RUST, retained=kept(0.0)))
    assert kept_pages.finding.confirm == "tailtune sweep allocator=system,jemalloc,mimalloc"


def piled(more: int, in_flight: float = 1.0, **memory: Any) -> Facts:
    """Goroutines that came to be in 4 s, in which 8 MiB came to be resident."""
    there = Piled("profiles/go-goroutine.diagnose.pb.gz", more, 4.0, [("main.watch", 0.95)])
    given = growing(goroutines=there, **memory)
    load = load_report(in_flight_time_average=in_flight)
    return dataclasses.replace(given, manifest=replace(given.manifest, diagnose_load=load))


@pytest.mark.parametrize("memory", [{}, {"live": line(20, 1), "retained": kept(1, ("main.keep", 0.9))}])
def test_goroutines_that_never_end_come_before_what_they_keep(memory):
    cause = one("memory-growth", piled(300, **memory))
    assert cause.finding.id == "memory-growth:main.watch"
    assert cause.finding.title.startswith("goroutines pile up in main.watch: resident memory grows by 2.00 MiB")
    assert "300 more goroutines in the middle of diagnosing than before it, in main.watch (95 %)" in [
        evidence.text for evidence in cause.finding.evidence
    ]
    assert cause.finding.group is Group.ALGORITHM
    assert cause.finding.confirm.startswith("tailtune compare HEAD worktree")


@pytest.mark.parametrize(("more", "in_flight"), [(99, 0.0), (300, 70.0), (200, 0.0), (-500, 0.0)])
def test_goroutines_that_answer_requests_or_weigh_nothing_are_no_pile(more, in_flight):
    assert one("memory-growth", piled(more, in_flight, live=line(20, 1))).finding.id == "memory-growth:live"


def test_threads_that_come_to_be_are_told_and_no_leak_is_claimed():
    cause = one("memory-growth", growing(language=Language.RUST, threads=(10, 180)))
    assert cause.finding.id == "memory-growth:threads"
    assert cause.finding.title.startswith("ever more threads come to be: resident memory grows by 2.00 MiB a second")
    assert "10 threads at the begin of the window, 180 at its end" in [one.text for one in cause.finding.evidence]
    assert cause.finding.confirm == "tailtune run --rate 50"
    few = growing(language=Language.RUST, threads=(10, 160))
    assert one("memory-growth", few).finding.id == "memory-growth:unknown"


def test_near_misses():
    assert apply("memory-growth", facts()) == []
    assert apply("memory-growth", growing(per_s=0)) == []
    assert apply("memory-growth", growing(per_s=0.39)) == []  # 3.9 MiB
    assert apply("memory-growth", growing(first=500)) == []  # 4 %
    assert apply("memory-growth", growing(steady=False)) == []
    assert apply("memory-growth", growing(resident_later=line(60, 0))) == []
    assert apply("memory-growth", growing(resident_later=line(60, 0.49))) == []
    assert len(apply("memory-growth", growing(resident_later=line(60, 0.51)))) == 1
    settling = trend(np.arange(11) * S, np.minimum(40 + 10 * np.arange(11), 80) * MIB)
    assert settling is not None
    given = dataclasses.replace(growing(), memory=Memory(resident=settling, is_rate_steady=True))
    assert apply("memory-growth", given) == []


def test_faults_of_memory_that_grows_are_its_price():
    stacks = {f"{GO};main.keep;{FAULT}": 40, GO: 60}
    given = growing(stacks, faults=5.5, live=line(20, 1))  # 20.5 KiB are 5.1 pages
    cause = one("memory-growth", given)
    assert cause.rank is Rank.SPECIFIC
    assert "; touching it for the first time takes 37.2 % of CPU time" in cause.finding.title
    assert cause.finding.evidence[-1].text.startswith("93 % of 5.5 page faults per request are for it")
    assert cause.saving == pytest.approx(given.saving(0.4 * 5.12 / 5.5))
    assert apply("page-faults", given) == []


@pytest.mark.parametrize(("samples", "faults"), [(40, 11.0), (19, 5.5), (40, None)])
def test_faults_for_other_reasons_are_not_its_price(samples, faults):
    given = growing({f"{GO};main.keep;{FAULT};clear": samples, GO: 100 - samples}, faults=faults, live=line(20, 1))
    assert one("memory-growth", given).rank is Rank.REMARK


def test_what_growth_does_not_explain_stays_with_page_faults():
    given = growing({f"{GO};main.keep;{FAULT}": 40, GO: 60}, faults=11.0, live=line(20, 1))
    assert one("page-faults", given).finding.share.point == pytest.approx(0.4)


COLLECTING = {f"{GO};runtime.gcAssistAlloc;runtime.scanobject": 300, "runtime.gcBgMarkWorker": 200, GO: 500}


def test_collections_without_room_are_its_price_and_come_before_what_restates_them():
    given = growing(
        COLLECTING,
        gc=collections(cpu_share=0.5, assist_share=0.2),
        live=line(40, 1),
        headroom=Headroom(most=1.0, now=0.1),
        retained=kept(1, ("main.keep", 0.9)),
    )
    found = rank(given)
    assert [finding.id for finding in found][:2] == ["memory-growth:main.keep", "garbage-collection"]
    assert "allocation" not in [finding.id for finding in found]
    assert "; collections have little room left and take 50.0 % of CPU time" in found[0].title
    assert one("memory-growth", given).saving == pytest.approx(given.saving(0.45))
    assert found[1].confirm == "tailtune compare base base+gomemlimit=16MiB"
    assert "GOGC changes nothing" in found[1].proposal
    told = found[0].evidence[-1].text
    assert told.startswith("the heap may grow by 10 % of what lives until the next collection, at most it was 100 %")


def test_below_a_limit_what_lives_grows_though_what_is_resident_does_not():
    pressed: dict[str, Any] = {"gc": collections(cpu_share=0.5), "headroom": Headroom(most=1.0, now=0.1)}
    cause = one("memory-growth", growing(COLLECTING, per_s=0, live=line(40, 1), **pressed))
    assert cause.finding.id == "memory-growth:live"
    assert "what lives grows by 1.00 MiB a second" in cause.finding.title
    assert cause.finding.share_of == "what lives at the end of the window"
    assert cause.rank is Rank.SPECIFIC
    assert apply("memory-growth", growing(COLLECTING, per_s=0, live=line(40, 0), **pressed)) == []


def test_of_few_collections_a_heap_profile_bears_out_that_what_lives_grows():
    pressed: dict[str, Any] = {"gc": collections(cpu_share=0.5), "headroom": Headroom(most=1.0, now=0.1)}
    live = line(40, 1)
    unsure = dataclasses.replace(live, later_per_s=msgspec.structs.replace(live.later_per_s, low=0.0))
    told = growing(COLLECTING, per_s=0, live=unsure, retained=kept(0.6, ("main.book", 0.9)), **pressed)
    assert one("memory-growth", told).finding.id == "memory-growth:main.book"
    for later in (None, kept(0.4, ("main.book", 0.9))):
        assert apply("memory-growth", growing(COLLECTING, per_s=0, live=unsure, retained=later, **pressed)) == []


@pytest.mark.parametrize("changes", [{"cpu_share": 0.09}, {"room": 0.6}])
def test_collections_that_are_cheap_or_have_room_are_not_its_price(changes):
    gc = collections(cpu_share=changes.get("cpu_share", 0.5))
    room = Headroom(most=1.0, now=changes.get("room", 0.1))
    given = growing(COLLECTING, gc=gc, live=line(40, 1), headroom=room)
    assert one("memory-growth", given).rank is Rank.REMARK
    assert apply("memory-growth", dataclasses.replace(given, memory=None)) == []

"""Stacks of a finding: by share, alike ones together, without the kernel's way to the scheduler."""

import dataclasses

from tests.support.facts import facts, one
from tests.support.request_stories import MAIN, MS, service

from tailtune.judge.cause import Seen
from tailtune.judge.finding_in_full import in_full
from tailtune.judge.request_parts import divide
from tailtune.judge.stackprofile import StackProfile
from tailtune.model.finding import SeenStack

CPU = {"main;shop::rank": 600, "main;shop::rank;core::sort": 300, "main;idle": 100}
SYNCED = "shop::main;shop::note;fdatasync;do_fsync_[k];io_schedule_[k]"
SCHEDULED = f"{SYNCED};schedule_[k];__schedule_[k];bpf_trace_run4_[k]"


def seen(*lines: str) -> list[SeenStack]:
    """What is told of stacks that a finding was seen at, beside samples of the CPU."""
    profile = StackProfile.from_collapsed(lines, "profiles/off-cpu.diagnose.pb.gz")
    given = facts(CPU)
    cause = dataclasses.replace(one("hot-function", given), seen=(Seen(profile, profile.everything),))
    return in_full(cause, given, None).stacks


def test_samples_that_a_finding_explains_come_first_and_largest_first():
    stacks = [one for one in seen(f"{SYNCED} 5") if one.source == "profiles/cpu.pb.gz"]
    assert [(one.functions, one.count) for one in stacks] == [
        (["shop::rank", "main"], 600),
        (["core::sort", "shop::rank", "main"], 300),
    ]
    assert [round(one.share, 3) for one in stacks] == [0.667, 0.333]


def test_the_way_to_the_scheduler_is_left_out_and_what_is_then_alike_is_one():
    stack = seen(f"{SCHEDULED} 5", f"{SYNCED} 15")[-1]
    assert stack.functions == ["io_schedule", "do_fsync", "fdatasync", "shop::note", "shop::main"]
    assert (stack.kernel, stack.share, stack.count) == (2, 1.0, 20)


def test_a_stack_of_the_scheduler_alone_is_kept():
    stack = seen("schedule_[k] 5")[-1]
    assert (stack.functions, stack.kernel) == (["schedule"], 1)


def test_deep_stacks_are_cut_and_few_are_shown():
    deep = ";".join(f"shop::f{depth}" for depth in range(60))
    stacks = [
        one for one in seen(f"{deep} 9", *(f"shop::other{at} {at + 1}" for at in range(8))) if "off" in one.source
    ]
    assert len(stacks) == 5
    assert len(stacks[0].functions) == 24
    assert stacks[0].functions[0] == "shop::f59"


def test_parts_on_the_cpu_are_told_by_samples_and_waits_by_waits():
    story = service()
    for number in (1957, 1907):
        (row,) = [story.rows["requests"][number]]
        story.sample(7, row["done_ns"] - MS // 4, "shop::render", MAIN)
    given = facts(CPU)
    cause = dataclasses.replace(
        one("hot-function", given), explains=frozenset[int](), parts=("lock", "on CPU", "way in", "no part")
    )
    found = in_full(cause, given, divide(story.tables()))
    assert [(stack.source, stack.functions[0], stack.count) for stack in found.stacks] == [
        ("tables/waits.parquet", "syscall", 20),
        ("tables/samples.parquet", "shop::render", 2),
    ]
    assert {wait.part for wait in found.waits} == {"lock"}
    assert found.requests[0].request == "r1957"
    assert found.requests[0].spent_ns == found.requests[0].latency_ns - 1  # for which the reader was on a CPU


def test_a_finding_that_is_about_no_part_names_the_slowest():
    given = facts(CPU)
    found = in_full(one("hot-function", given), given, divide(service().tables()))
    assert [(one.request, one.spent_ns) for one in found.requests[:2]] == [("r1957", None), ("r1907", None)]
    assert found.waits == []

"""Tables, trees and calls of profiles: the numbers, and that the parts add up."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.pprof import encode
from tests.support.profiles import CPU, PERIOD_NS, cpu_profile

from tailtune._native import Profile
from tailtune.errors import UsageError
from tailtune.judge.profile_icicle import ProfileIcicle
from tailtune.judge.profile_shares import share_of_value
from tailtune.judge.profile_stacks import Stacks
from tailtune.judge.profile_table import calls_of, functions_like, listings_of, table_of
from tailtune.judge.profile_tree import tree_of
from tailtune.model.icicle import FrameKind
from tailtune.model.profile_diff import Grouping

RECURSIVE = {("f", "f", "main"): 3, ("g", "f", "main"): 2, ("main",): 1}
NAMES = st.sampled_from(["main.a", "main.b", "main.c", "runtime.mallocgc", "core::fmt::write", "read_[k]"])
STACKS = st.lists(NAMES, min_size=1, max_size=6).map(tuple)
PROFILES = st.dictionaries(STACKS, st.integers(1, 1000), min_size=1, max_size=12)


def stacks_of(counts: dict[tuple[str, ...], int], kind: str = "samples") -> Stacks:
    return Stacks.of(cpu_profile(counts), kind)


def test_a_function_that_calls_itself_counts_once() -> None:
    table = table_of(stacks_of(RECURSIVE), "on-CPU", Grouping.FUNCTION, top=0, tree=False)
    rows = {row.name: (row.own, row.cumulative) for row in table.rows}
    assert rows == {"f": (3, 5), "g": (2, 2), "main": (1, 6)}
    assert [row.name for row in table.rows] == ["f", "g", "main"]
    assert (table.total, table.samples, table.unlisted) == (6, 6, 0)


def test_rows_that_are_left_out_are_counted() -> None:
    table = table_of(stacks_of(RECURSIVE), "on-CPU", Grouping.FUNCTION, top=1, tree=False)
    assert ([row.name for row in table.rows], table.unlisted) == (["f"], 2)


def test_the_interval_is_that_of_the_samples_and_not_of_nanoseconds() -> None:
    table = table_of(stacks_of({("f",): 30, ("g",): 70}, "cpu"), "on-CPU", Grouping.FUNCTION, top=0, tree=False)
    share = next(row.own_share for row in table.rows if row.name == "f")
    assert share.point == pytest.approx(0.3)
    assert share.n == 30
    assert share.low == pytest.approx(0.2189, abs=1e-4)  # Wilson's, as in Brown, Cai and DasGupta (2001)
    assert share.high == pytest.approx(0.3958, abs=1e-4)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert share_of_value(0, 0, 0, 0).low is None


@given(PROFILES)
def test_own_values_add_up_to_the_total_in_every_grouping(counts: dict[tuple[str, ...], int]) -> None:
    stacks = stacks_of(counts)
    for by in Grouping:
        table = table_of(stacks, "", by, top=0, tree=False)
        assert sum(row.own for row in table.rows) == table.total == sum(counts.values())
        for row in table.rows:
            low, high = row.own_share.low, row.own_share.high
            assert low is not None
            assert high is not None
            assert 0 <= low <= row.own_share.point <= high <= 1
            assert row.own <= row.cumulative <= table.total


@given(PROFILES)
def test_the_whole_tree_holds_each_sample_once(counts: dict[tuple[str, ...], int]) -> None:
    stacks = stacks_of(counts)
    tree = tree_of(stacks, smallest_share=0.0)
    assert sum(node.own for node in tree.nodes) == tree.nodes[0].total == stacks.total
    assert (tree.cut, tree.nodes[0].depth) == (0, 0)
    children: Counter[int] = Counter()
    above: list[int] = []
    for at, node in enumerate(tree.nodes):
        del above[node.depth :]
        if above:
            children[above[-1]] += round(node.total)
        above.append(at)
    assert all(children[at] + node.own == node.total for at, node in enumerate(tree.nodes))


@given(PROFILES, st.booleans())
def test_the_icicle_holds_each_sample_once(counts: dict[tuple[str, ...], int], bottom_up: bool) -> None:
    icicle = ProfileIcicle(cpu_profile(counts), "cpu")
    tree = icicle.tree(icicle.first_value, bottom_up=bottom_up)
    parents, own, totals = (np.frombuffer(column, kind) for column, kind in (
        (tree.parents, "<i4"), (tree.own, "<i8"), (tree.totals, "<i8")))  # fmt: skip
    assert len(parents) == len(own) == len(totals) == len(tree.names)
    assert own.sum() == totals[0] == sum(counts.values()) * PERIOD_NS
    assert all(parent < at for at, parent in enumerate(parents.tolist()))
    sums = own.copy()
    np.add.at(sums, parents[1:], totals[1:])
    assert (sums == totals).all()


def test_the_icicle_knows_whose_code_a_function_is() -> None:
    icicle = ProfileIcicle(cpu_profile({("main.a", "runtime.goexit"): 1, ("core::fmt::write",): 1}), "cpu")
    kinds = [icicle.kind(name) for name in ("main.a", "runtime.goexit", "core::fmt::write", "[unknown]")]
    assert kinds == [FrameKind.OWN, FrameKind.RUNTIME, FrameKind.STANDARD, FrameKind.UNKNOWN]


def test_the_tree_says_what_it_leaves_out() -> None:
    tree = tree_of(stacks_of({("a", "main"): 995, ("b", "main"): 5}))
    assert [node.name for node in tree.nodes] == ["all", "main", "a"]
    assert tree.cut == 1


def test_callers_and_callees_carry_what_goes_through_the_call() -> None:
    stacks = stacks_of(RECURSIVE)
    callers = {call.name: call.value for call in calls_of(stacks, "f", "callers").calls}
    assert callers == {"main": 5, "f": 3}
    callees = {call.name: call.value for call in calls_of(stacks, "f", "callees").calls}
    assert callees == {"(itself)": 3, "f": 3, "g": 2}
    assert calls_of(stacks, "main", "callers").calls[0].name == "(nothing: it is the root)"


def test_functions_are_found_by_a_part_of_their_name() -> None:
    stacks = stacks_of({("shop.(*Cart).Total", "main"): 1, ("shop.(*Cart).TotalTax", "main"): 1})
    assert functions_like(stacks, "Cart") == ["shop.(*Cart).Total", "shop.(*Cart).TotalTax"]
    assert functions_like(stacks, "shop.(*Cart).Total") == ["shop.(*Cart).Total"]
    with pytest.raises(UsageError, match="no function of this profile has `nowhere`"):
        functions_like(stacks, "nowhere")


def test_lines_are_listed_in_their_order() -> None:
    listings = listings_of(stacks_of(RECURSIVE), "f")
    assert [(line.own, line.cumulative) for line in listings[0].lines] == [(3, 5)]


def test_an_empty_profile_has_no_rows() -> None:
    empty = Profile.from_pprof(encode({}, CPU))
    table = table_of(Stacks.of(empty, "cpu"), "", Grouping.FUNCTION, top=0, tree=True)
    assert (table.rows, table.total) == ([], 0)

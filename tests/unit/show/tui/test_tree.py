"""Where calls lie in an icicle, and what a row of cells shows of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.icicles import SERVICE, columns

from tailtune.show.tui.search import Search
from tailtune.show.tui.tree import MERGED, IcicleTree


@st.composite
def trees(draw) -> IcicleTree:
    """Any tree: each node has its own value besides that of all below."""
    size = draw(st.integers(1, 40))
    parents = [-1, *(draw(st.integers(0, node - 1)) for node in range(1, size))]
    own = [draw(st.integers(0, 1000)) for _ in range(size)]
    totals = list(own)
    for node in range(size - 1, 0, -1):
        totals[parents[node]] += totals[node]
    names = [draw(st.sampled_from("abcde")) for _ in range(size)]
    return IcicleTree.of(columns(list(zip(parents, names, own, totals, strict=True))))


@settings(deadline=None, max_examples=40)
@given(trees())
def test_children_lie_within_their_parent_side_by_side(tree):
    for node in range(1, len(tree.parents)):
        parent = tree.parents[node]
        assert tree.lefts[parent] <= tree.lefts[node]
        assert tree.lefts[node] + tree.totals[node] <= tree.lefts[parent] + tree.totals[parent]
        assert tree.depths[node] == tree.depths[parent] + 1
    for level in tree.levels:
        assert (level.rights[:-1] <= level.lefts[1:]).all()
    assert sum(len(level.nodes) for level in tree.levels) == len(tree.parents)


@settings(deadline=None, max_examples=40)
@given(trees(), st.integers(0, 39), st.integers(0, 6), st.integers(1, 120))
def test_cells_of_a_row_never_overlap_and_lie_below_the_zoomed_node(tree, root, depth, width):
    root %= len(tree.parents)
    cells = tree.row(root, depth, width)
    assert all(cell.begin < cell.end for cell in cells)
    assert all(before.end <= after.begin for before, after in itertools.pairwise(cells))
    assert not cells or (cells[0].begin >= 0 and cells[-1].end <= width)
    for cell in cells:
        if cell.node != MERGED:
            assert tree.is_below(cell.node, root)
            columns_ = tree.totals[cell.node] / tree.totals[root] * width
            assert abs(cell.end - cell.begin - columns_) <= 1


@settings(deadline=None, max_examples=40)
@given(trees(), st.sampled_from(["a", "b|c", "zzz"]))
def test_the_share_of_matches_counts_each_part_once(tree, text):
    found = Search.of(tree, text)
    matched = set(found.order.tolist())
    outermost = [node for node in matched if not matched & set(tree.ancestors(node))]
    total = tree.totals[0]
    assert found.share == pytest.approx(sum(tree.totals[outermost]) / total if total else 0)
    assert 0 <= found.share <= 1
    assert matched == {node for node in range(1, len(tree.parents)) if tree.name(node) in text.split("|")}


@settings(deadline=None, max_examples=40)
@given(trees(), st.integers(0, 39))
def test_next_goes_through_all_matches_and_back(tree, start):
    found = Search.of(tree, "a")
    node = start % len(tree.parents)
    if len(found.order) == 0:
        assert found.next(node, tree, 1) is None
        return
    seen = []
    for _ in found.order:
        node = following(found, node, tree, 1)
        seen.append(node)
    assert sorted(seen) == sorted(found.order.tolist())
    assert following(found, following(found, node, tree, 1), tree, -1) == node


def following(found, node, tree, step) -> int:
    after: int | None = found.next(node, tree, step)
    assert after is not None
    return after


@settings(deadline=None, max_examples=40)
@given(trees())
def test_functions_have_all_own_values_and_recursion_counts_once(tree):
    functions = {name: (own, total) for name, own, total in tree.functions}
    for code, name in enumerate(tree.names):
        nodes = [node for node in range(1, len(tree.parents)) if tree.codes[node] == code]
        outermost = [node for node in nodes if code not in tree.codes[[one for one in tree.ancestors(node) if one]]]
        if name in functions and code != tree.codes[0]:
            assert functions[name] == (tree.own[nodes].sum(), tree.totals[outermost].sum())


def test_narrow_calls_are_merged():
    rows = [(-1, "root", 0, 1000), *((0, f"f{number}", 1, 1) for number in range(500)), (0, "wide", 500, 500)]
    cells = IcicleTree.of(columns(rows)).row(0, 1, 10)
    assert [(cell.begin, cell.end) for cell in cells] == [(0, 5), (5, 10)]
    assert cells[0].node == 501
    assert cells[1].node == MERGED


def test_a_pattern_that_is_none_is_searched_as_text():
    tree = IcicleTree.of(columns([*SERVICE, (0, "main.(*T)", 0, 0)]))
    assert Search.of(tree, "(*t)").order.tolist() == [7]


@pytest.mark.parametrize("rows", [[], [(-1, "a", 0, 1), (1, "b", 0, 1)], [(-1, "a", 0, 1), (-1, "b", 0, 1)]])
def test_trees_that_are_none_are_refused(rows):
    with pytest.raises(ValueError, match="tree"):
        IcicleTree.of(columns(rows))


def test_huge_and_negative_values_are_no_matter():
    tree = IcicleTree.of(columns([(-1, "root", 0, 2**62), (0, "a", 0, 2**62), (0, "b", -5, -5)]))
    assert next(cell.node for cell in tree.row(0, 1, 80)) == 1
    assert np.isfinite(tree.lefts).all()

"""Names in cells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tailtune.show.tui.labels import label

names = st.text() | st.text("世界👍🏽ab::/.<>") | st.sampled_from(["a.com/b/c.(*T).F", "<a::B as c::D>::e", "e\u0301"])


@settings(deadline=None)
@given(names, st.integers(0, 60), st.sampled_from(["", "+"]))
def test_labels_have_the_width_of_their_cell(name, width, sign):
    assert cell_len(label(name, width, sign)) == width


@pytest.mark.parametrize(
    ("width", "text"), [(17, "a.com/b/c.(*T).F"), (10, "c.(*T).F"), (7, "(*T).F"), (5, "(*T…"), (3, "(…"), (2, "…")]
)
def test_what_tells_most_goes_last(width, text):
    assert label("a.com/b/c.(*T).F", width).rstrip() == f"▏{text}"


def test_modules_go_before_the_function():
    assert label("shop::cart::store::total", 20) == "▏cart::store::total "
    assert label("shop::cart::store::total", 8) == "▏total  "

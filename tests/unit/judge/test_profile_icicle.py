"""A native profile in the icicle."""

import asyncio

import numpy as np
import pytest
from tests.support.profiles import cpu_profile, heap_profile, service_profile
from textual.widgets import Static

from tailtune.errors import UsageError
from tailtune.judge.names import normalized
from tailtune.judge.profile_icicle import DiffIcicle, ProfileIcicle
from tailtune.model.icicle import FrameKind
from tailtune.show.tui.app import IcicleApp


def test_a_profile_is_shown_from_its_native_tree():
    async def run() -> None:
        app = IcicleApp(ProfileIcicle(service_profile(), "cpu"), "service")
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert app.icicle.render_line(1).text.startswith("▏main.main")
            await pilot.press("slash", *"hash", "enter", "i")
            assert app.icicle.render_line(1).text.startswith("▏main.hash")

    asyncio.run(run())


def test_trees_both_ways_have_the_same_total():
    source = ProfileIcicle(service_profile(), "cpu")
    assert source.values[source.first_value] == ("cpu", "nanoseconds")
    for bottom_up in (False, True):
        tree = source.tree(0, bottom_up=bottom_up)
        own, totals = (np.frombuffer(column, dtype="<i8") for column in (tree.own, tree.totals))
        assert own.sum() == totals[0] == 952
        assert len(tree.names) == len(own)


def test_the_kernel_is_known_by_its_mapping_and_others_by_their_names():
    source = ProfileIcicle(cpu_profile({("copy_user_[k]", "malloc", "main.hash"): 1}), "cpu")
    kinds = [source.kind(normalized(name)) for name in ("copy_user_[k]", "malloc", "main.hash", "[unknown]")]
    assert kinds == [FrameKind.KERNEL, FrameKind.STANDARD, FrameKind.OWN, FrameKind.UNKNOWN]


def test_two_profiles_are_colored_by_what_certainly_changed():
    diff = DiffIcicle(service_profile(), service_profile(hashing=620, cart="shop/basket.(*Cart).Total"))

    async def run() -> None:
        app = IcicleApp(diff, "service")
        async with app.run_test(size=(120, 24)) as pilot:
            await pilot.pause()
            leaves = app.icicle.render_line(3).text
            assert "▏+main.hash" in leaves
            assert "▏main.sort" in leaves
            assert "▏-(" in leaves
            await pilot.press("slash", *"hash", "enter")
            assert "4.00 s → 6.20 s (+55.0 %, higher)" in str(app.query_one("#status", Static).render())

    asyncio.run(run())


def test_equal_work_has_no_change_and_calls_stay_within_their_callers():
    base, candidate = cpu_profile({("a", "b"): 300, ("b",): 7}), cpu_profile({("a", "b"): 900, ("b",): 21})
    same = DiffIcicle(base, candidate, requests=(7, 21)).tree(1, bottom_up=False)
    more = DiffIcicle(base, candidate).tree(1, bottom_up=False)
    assert set(np.frombuffer(same.changes, dtype="i1").tolist()) == {0}
    assert np.frombuffer(more.changes, dtype="i1").tolist() == [1, 1, 1]
    parents, totals = np.frombuffer(same.parents, dtype="<i4"), np.frombuffer(same.totals, dtype="<i8")
    for row in range(1, len(parents)):
        assert totals[parents == row].sum() <= totals[row]


def test_profiles_of_different_kinds_are_refused():
    with pytest.raises(UsageError, match="in common"):
        DiffIcicle(service_profile(), heap_profile([(("a",), 1, 1)]))

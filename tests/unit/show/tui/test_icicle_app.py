"""The icicle by its keys, in a terminal that Textual makes up."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import pytest
from tests.support.icicles import SERVICE, Source
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from tailtune.errors import UsageError
from tailtune.show import tui
from tailtune.show.tui.app import IcicleApp

Play = Callable[[Pilot[None], IcicleApp], Awaitable[None]]
HOSTILE = ["[red]evil[/red]", "a\x1b[2J\n\tb", "世界::模块::函数" * 9, "x" * 100_000, "", "[/]", "e\u0301" * 50]


def played(play: Play, source: Source | None = None, size: tuple[int, int] = (80, 24)) -> None:
    """Run the app with some keys."""

    async def run() -> None:
        app = IcicleApp(source or Source(), "cpu of a service")
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play(pilot, app)

    asyncio.run(run())


def lines(app: IcicleApp) -> list[str]:
    """Return what the icicle shows."""
    return [app.icicle.render_line(y).text for y in range(app.icicle.size.height)]


def chosen(app: IcicleApp) -> str:
    assert app.icicle.calls is not None
    return app.icicle.calls.name(app.icicle.cursor)


def status(app: IcicleApp) -> str:
    return str(app.query_one("#status", Static).render())


def title(app: IcicleApp) -> str:
    return str(app.query_one("#title", Static).render())


def test_rows_are_depths_and_widths_are_shares():
    async def play(pilot, app):
        shown = lines(app)
        assert shown[0].startswith("▏all")
        assert shown[1].index("do_sys") == 73
        assert shown[2].startswith("▏main.hash")
        assert len(shown[2].split("▏")[1]) == 47
        assert all(len(line) == 80 for line in shown)
        assert "100 ms" in title(app)

    played(play)


def test_moving():
    async def play(pilot, app):
        for keys, name in (
            (["down"], "main.main"),
            (["j"], "main.hash"),
            (["right"], "encoding/json.Marshal"),
            (["l"], "encoding/json.Marshal"),
            (["down", "l"], "runtime.mallocgc"),
            (["h"], "main.hash"),
            (["up"], "encoding/json.Marshal"),
            (["left", "k"], "main.main"),
            (["k", "k", "up"], "root"),
        ):
            await pilot.press(*keys)
            assert chosen(app) == name
        await pilot.press("j")
        assert "90.0 %" in status(app)
        assert "[code]" in status(app)

    played(play)


def test_zooming_in_and_out():
    async def play(pilot, app):
        await pilot.press("down", "down", "right", "enter")
        assert lines(app)[0].startswith("▏encoding/json.Marshal")
        assert "mallocgc" in lines(app)[1]
        await pilot.press("escape")
        assert lines(app)[0].startswith("▏main.main")
        assert chosen(app) == "encoding/json.Marshal"
        await pilot.press("backspace")
        assert lines(app)[0].startswith("▏all")
        await pilot.press("down", "enter", "up", "up")
        assert app.icicle.zoomed == app.icicle.calls.parents[3]

    played(play)


def test_searching():
    async def play(pilot, app):
        await pilot.press("slash")
        assert app.query_one(Input).has_focus
        await pilot.press(*"HASH", "enter")
        assert chosen(app) == "main.hash"
        assert "2 matches" in status(app)
        assert "75.0 %" in status(app)
        first = app.icicle.cursor
        await pilot.press("n")
        assert (chosen(app), app.icicle.cursor != first) == ("main.hash", True)
        await pilot.press("n")
        assert app.icicle.cursor == first
        await pilot.press("N")
        assert app.icicle.cursor != first
        styles = [segment.style for segment in app.icicle.render_line(2) if "main.hash" in segment.text]
        assert all(style.underline for style in styles)
        await pilot.press("escape")
        assert app.icicle.search is None
        await pilot.press("slash", "x", "escape")
        assert app.icicle.search is None
        assert app.icicle.has_focus

    played(play)


def test_a_match_too_narrow_to_see_is_zoomed_to():
    rows = [*SERVICE, (0, "wide", 0, 10**6), (7, "needle", 1, 1)]
    rows[0] = (-1, "root", 0, 10**6 + 100)

    async def play(pilot, app):
        await pilot.press("slash", *"needle", "enter")
        assert chosen(app) == "needle"
        assert any("needle" in line for line in lines(app))

    played(play, Source(rows))


def test_inverting_and_other_values():
    async def play(pilot, app):
        await pilot.press("i")
        assert lines(app)[1].startswith("▏main.hash")
        assert "callers of leaves" in title(app)
        await pilot.press("i", "v")
        assert "samples 100" in title(app)
        await pilot.press("v")
        assert "cpu 100 ms" in title(app)

    played(play)


def test_the_table_of_functions_leads_into_the_icicle():
    async def play(pilot, app):
        await pilot.press("t")
        table = app.query_one("#functions", DataTable)
        assert table.has_focus
        assert [str(cell) for cell in table.get_row_at(0)] == ["75.0 ms", "75.0 ms", "main.hash"]
        await pilot.press("down", "enter")
        assert chosen(app) == "encoding/json.Marshal"
        assert app.icicle.has_focus
        await pilot.press("t")
        assert app.icicle.size.width == 80

    played(play)


def test_help_and_quitting():
    async def play(pilot, app):
        await pilot.press("question_mark")
        assert app.query_one("#help").display
        await pilot.press("question_mark")
        assert not app.query_one("#help").display
        await pilot.press("q")
        assert not app.is_running

    played(play)


@pytest.mark.parametrize("size", [(1, 1), (3, 4), (10, 2), (200, 40)])
def test_terminals_of_any_size(size):
    async def play(pilot, app):
        for key in ("down", "down", "right", "enter", "n", "t", "t", "i", "question_mark", "slash"):
            await pilot.press(key)
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        assert all(len(line) == app.icicle.size.width for line in lines(app))

    played(play, size=size)


def test_resizing_keeps_the_cursor_in_sight():
    rows = [(-1, "root", 0, 10), *((depth, f"f{depth}", 0, 10) for depth in range(30))]

    async def play(pilot, app):
        await pilot.press(*["down"] * 12)
        assert any("f11" in line for line in lines(app))
        await pilot.resize_terminal(60, 6)
        await pilot.pause()
        assert any("f11" in line for line in lines(app))

    played(play, Source(rows), size=(80, 12))


@pytest.mark.parametrize("rows", [[(-1, "root", 0, 0)], [(-1, "root", 0, 0), (0, "a", 0, 0)]])
def test_an_empty_profile_says_so(rows):
    async def play(pilot, app):
        assert lines(app)[0].startswith("nothing was sampled")
        for key in ("down", "right", "enter", "n", "escape", "up"):
            await pilot.press(key)

    played(play, Source(rows))


def test_hostile_names_draw_as_text():
    size = len(HOSTILE)
    rows = [(-1, "root", 0, size * 10), *((0, name, 10, 10) for name in HOSTILE)]

    async def play(pilot, app):
        await pilot.press("down", "t", "t")
        for _ in HOSTILE:
            shown = lines(app)
            assert all("\x1b" not in line and "\n" not in line for line in shown)
            assert {app.icicle.render_line(y).cell_length for y in range(3)} == {app.icicle.size.width}
            assert status(app)
            await pilot.press("right")
        assert "[red]evil[/red]" in "".join(lines(app)) or "[red]" in "".join(lines(app))

    played(play, Source(rows))


def test_without_color_everything_is_still_told_apart(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot, app):
        await pilot.press("down")
        assert app.no_color
        styles = [segment.style for segment in app.icicle.render_line(1)]
        assert [bool(style and style.reverse) for style in styles] == [True, False]

    played(play)


def test_without_textual_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "textual", None)
    with pytest.raises(UsageError) as refused:
        tui.show_icicle(Source(), "title")
    assert "tailtune[tui]" in refused.value.hint

"""Color, live lines and progress follow where the output leads."""

import io
import sys
from typing import Any

import pytest
from rich.console import Console
from tests.support import experiment_results as experiments
from tests.support import results as given

from tailtune.cli.app import main
from tailtune.cli.color import colored
from tailtune.cli.options import Output
from tailtune.cli.progress import LineProgress, LiveProgress, QuietProgress, showing
from tailtune.cli.terminal import is_live, wants_color


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _talk(progress: Any, **_: object) -> object:
    progress.phase("build", "go build")
    progress.advance(1, 2)
    progress.note("load engine on CPU 0")
    progress.warn("no real-time priority")
    progress.phase("measure")
    return given.RUN


def test_elsewhere_than_on_a_terminal_each_phase_is_one_plain_line(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.does("run", "run", _talk)
    assert main(["run"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0].endswith("build      go build")
    assert lines[1].strip() == "load engine on CPU 0"
    assert lines[2] == "warning: no real-time priority"
    assert lines[3].endswith("measure")


def test_quiet_keeps_warnings(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.does("run", "run", _talk)
    main(["run", "--quiet"])
    assert capsys.readouterr().err == "warning: no real-time priority\n"


def test_lines_carry_the_time_since_the_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 103.25])
    LineProgress(clock=lambda: next(times)).phase("ready")
    assert capsys.readouterr().err == "   3.2 s  ready\n"


def test_the_restarts_of_an_epoch_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = LineProgress(clock=lambda: 0.0)
    progress.phase("build", "base")
    for epoch in (1, 2):
        for variant in ("base", "fast"):
            progress.phase("start", f"epoch {epoch}: {variant}")
            progress.phase("ready", variant)
        for variant in ("base", "fast"):
            progress.phase("warm-up", f"epoch {epoch}: {variant}")
        progress.phase("measure", f"epoch {epoch} of 2")
    said = [" ".join(line.split()[2:]) for line in capsys.readouterr().err.splitlines()]
    assert said == ["build base", "start epoch 1", "measure epoch 1 of 2", "start epoch 2", "measure epoch 2 of 2"]


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _live(clock: Clock) -> tuple[LiveProgress, Terminal]:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=100, highlight=False, no_color=True)
    return LiveProgress(console, clock=clock), stream


def test_live_progress_leaves_a_line_for_each_finished_phase_that_took_time() -> None:
    clock = Clock()
    progress, stream = _live(clock)
    progress.phase("build", "go build [fast]")
    clock.now = 6.1
    progress.note("kept")
    progress.phase("ready")
    clock.now = 6.3
    progress.phase("measure")
    clock.now = 9.0
    progress.close()
    shown = stream.getvalue()
    assert "   6.1 s  build      go build [fast]" in shown
    assert "   2.7 s  measure" in shown
    assert " s  ready" not in shown
    assert "kept" in shown


def test_the_time_left_follows_from_the_pace_through_all_phases_of_one_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    progress, _ = _live(clock)
    left: list[str] = []
    monkeypatch.setattr(progress._bars, "update", lambda *_, **fields: left.append(fields["left"]))
    clock.now = 100.0
    progress.phase("measure", "epoch 1 of 2")
    clock.now = 110.0
    progress.advance(1, 4)
    clock.now = 120.0
    progress.advance(2, 4)
    progress.phase("warm-up")
    clock.now = 150.0
    progress.phase("measure", "epoch 2 of 2")
    clock.now = 160.0
    progress.advance(3, 4)
    progress.phase("measure", "another count")
    clock.now = 165.0
    progress.advance(1, 4)
    progress.close()
    assert left == ["30 s left", "20 s left", "20 s left", "15 s left"]


@pytest.mark.parametrize(
    ("variables", "live", "color"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"CI": "true"}, False, True),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_on_a_terminal(variables: dict[str, str], live: bool, color: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_live(Terminal()) is live
    assert wants_color(Terminal()) is color


def test_force_color_colors_a_log_but_never_makes_it_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert wants_color(io.StringIO())
    assert not is_live(io.StringIO())


@pytest.mark.parametrize(
    ("stream", "quiet", "kind"),
    [(Terminal(), False, LiveProgress), (io.StringIO(), False, LineProgress), (Terminal(), True, QuietProgress)],
)
def test_the_progress_suits_the_stream(
    stream: io.StringIO, quiet: bool, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with showing(Output(quiet=quiet)) as progress:
        assert type(progress) is kind


def test_color_adds_nothing_but_color(lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    lab.returns("compare", "compare", experiments.COMPARE)
    main(["compare", "base", "fast"])
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["compare", "base", "fast"])
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"):
        shown = shown.replace(code, "")
    assert shown == plain


def test_json_is_never_colored(lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    lab.returns("compare", "compare", experiments.COMPARE)
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["compare", "base", "fast", "--json"])
    assert "\x1b" not in capsys.readouterr().out


def test_only_whole_words_are_colored() -> None:
    assert colored("head\nimprovedly INVALIDATED") == "\x1b[1mhead\x1b[0m\nimprovedly INVALIDATED"

"""What is seen of a load while it runs."""

import io
import sys
from typing import Any

import pytest
from rich.console import Console
from tests.support import results as given

from tailtune.cli.app import main
from tailtune.cli.live import LineLoad, LiveLoad, QuietLoad, showing_load
from tailtune.cli.options import Output
from tailtune.model.live import LiveSecond
from tailtune.model.load import Reason, Validity

LATE = Reason(code="send-lag", validity=Validity.SUSPECT, message="requests leave late", remedy="leave a CPU")


def second(elapsed_s: float, *reasons: Reason, **changes: Any) -> LiveSecond:
    fields: dict[str, Any] = {
        "elapsed_s": elapsed_s,
        "total_s": 60.0,
        "rate_per_s": 123_456.0,
        "p50_ns": 268_000.0,
        "p99_ns": 1_250_000.0,
        "lag_p99_ns": 23_500.0,
        "errors": 0,
        "in_flight": 3,
        "reasons": list(reasons),
        "validity": reasons[0].validity if reasons else Validity.VALID,
    }
    return LiveSecond(**(fields | changes))


def run(shown: Any, seconds: int, *reasons: Reason) -> None:
    shown.phase("measure", "60s")
    for number in range(1, seconds + 1):
        shown.second(second(float(number), *reasons))
    shown.close()


def test_a_log_gets_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    run(LineLoad(clock=lambda: 0.0), 25)
    lines = capsys.readouterr().err.splitlines()[1:]
    assert lines == [
        "  10/60 s 123,456/s p50  268 µs p99 1.25 ms lag 23.5 µs 0 err 3 in flight VALID",
        "  20/60 s 123,456/s p50  268 µs p99 1.25 ms lag 23.5 µs 0 err 3 in flight VALID",
    ]
    assert max(map(len, lines)) <= 80


def test_verbose_says_every_second(capsys: pytest.CaptureFixture[str]) -> None:
    run(LineLoad(every_s=1.0, clock=lambda: 0.0), 5)
    assert len(capsys.readouterr().err.splitlines()) == 6


def test_a_failing_check_is_named_at_once_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    run(LineLoad(clock=lambda: 0.0), 9, LATE)
    assert capsys.readouterr().err.splitlines()[1:] == ["warning: SUSPECT send-lag: requests leave late; leave a CPU"]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_rewritten_and_the_failing_check_stays() -> None:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=80, highlight=False, no_color=True)
    shown = LiveLoad(console, clock=lambda: 0.0)
    run(shown, 3, LATE)
    assert stream.getvalue().count("warning: SUSPECT send-lag") == 1


def test_a_closed_loop_shows_no_lag(capsys: pytest.CaptureFixture[str]) -> None:
    LineLoad(every_s=1.0, clock=lambda: 0.0).second(second(1.0, lag_p99_ns=None))
    said = capsys.readouterr().err
    assert "p99" in said
    assert "lag" not in said


@pytest.mark.parametrize(
    ("stream", "quiet", "kind"),
    [(Terminal(), False, LiveLoad), (io.StringIO(), False, LineLoad), (Terminal(), True, QuietLoad)],
)
def test_what_is_shown_suits_the_stream(
    stream: io.StringIO, quiet: bool, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with showing_load(Output(quiet=quiet)) as shown:
        assert type(shown) is kind


def test_quiet_says_nothing_of_seconds(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def send(on_second: Any, **_: object) -> object:
        on_second(second(1.0, LATE))
        return given.LOAD

    lab.does("load", "load", send)
    main(["load", "http://127.0.0.1:1/", "--quiet"])
    assert capsys.readouterr().err == ""

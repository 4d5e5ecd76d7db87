"""How errors are told, and the exit code each gets."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import results as given

from tailtune import errors
from tailtune.cli.app import main
from tailtune.cli.failure import EXIT_BUG, EXIT_PIPE
from tailtune.model.codec import from_json
from tailtune.model.results import FailedResult

CODES = {
    errors.UsageError: 2,
    errors.ConfigError: 2,
    errors.NothingMeasuredError: 4,
    errors.SetupError: 96,
    errors.RecordingError: 96,
    errors.NativeError: 96,
    errors.BuildError: 101,
    errors.NotReadyError: 102,
    errors.ServiceDiedError: 102,
    errors.LoadInvalidError: 103,
    errors.RunInterruptedError: 130,
}


@pytest.mark.parametrize("kind", CODES)
def test_each_error_has_its_exit_code(kind: type[errors.TailtuneError], lab: Any) -> None:
    lab.raises("run", "run", kind("it failed"))
    assert main(["run"]) == CODES[kind]


def test_an_error_says_what_happened_then_the_detail_then_what_to_do(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    detail = "\n".join(f"line {number}" for number in range(30))
    lab.raises("run", "run", errors.NotReadyError("shop did not become ready", hint="look at it", detail=detail))
    main(["run", "--quiet"])
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[:3] == ["error: shop did not become ready", "  [10 earlier lines left out]", "  line 10"]
    assert lines[-3:] == ["  line 29", "", "hint: look at it"]


def test_with_json_a_failure_is_an_object_on_stdout_too(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.raises("run", "run", errors.BuildError("go build failed", detail="main.go:3"))
    assert main(["run", "--json", "--quiet"]) == 101
    said = capsys.readouterr()
    failure = from_json(said.out.encode(), FailedResult).error
    assert (failure.code, failure.exit_code, failure.detail) == ("build-failed", 101, "main.go:3")
    assert said.err.startswith("error: go build failed")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["explian"], "unknown command `explian`", "did you mean `tailtune explain`?"),
        (["run", "extra"], "unexpected argument: extra", "see `tailtune run --help`"),
        (["run", "--durtion", "1s"], "--durtion", "see `tailtune run --help`"),
        (["run", "--duration", "5"], "is not a duration", "see `tailtune run --help`"),
        (["run", "--duration", "0s"], "above zero", "see `tailtune run --help`"),
        (["run", "--rate", "0"], "must be above 0", "see `tailtune run --help`"),
        (["run", "--rate", "nan"], "must be above 0", "see `tailtune run --help`"),
        (["compare", "base"], "--instrument", "compare base CANDIDATE"),
        (["compare", "a", "b", "--fail-on", "all"], "inconclusive", "see `tailtune compare --help`"),
        (["runs", "show", "a", "b"], "unexpected argument: b", "see `tailtune runs show --help`"),
        (["load", "http://127.0.0.1:1/", "--body", "@absent"], "absent", ""),
    ],
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(
    arguments: list[str], message: str, hint: str, lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert hint in said.err
    assert lab.calls == []


def test_an_unexpected_exception_is_called_a_bug_without_a_traceback(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.raises("run", "run", ZeroDivisionError("by zero"))
    assert main(["run"]) == EXIT_BUG
    said = capsys.readouterr().err
    assert "error: this is a bug in tailtune: ZeroDivisionError: by zero" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("by", ["option", "variable"])
def test_the_traceback_is_shown_on_request(
    by: str, lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.raises("run", "run", ZeroDivisionError("by zero"))
    if by == "variable":
        monkeypatch.setenv("TAILTUNE_DEBUG", "1")
    main(["run", *(["--debug"] if by == "option" else [])])
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_exits_130_and_says_what_is_left(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.raises("doctor", "doctor", KeyboardInterrupt())
    assert main(["doctor"]) == 130
    assert "error: interrupted; nothing was being recorded" in capsys.readouterr().err


def test_termination_ends_as_ctrl_c_does_and_leaves_the_signal_as_it_was(lab: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)
    lab.does("doctor", "doctor", lambda **_: os.kill(os.getpid(), signal.SIGTERM))
    assert main(["doctor"]) == 130
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_that_goes_away_is_met_quietly() -> None:
    """In a process of its own, since the end of the pipe is the process's own stdout."""
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "tailtune.cli.app", "schema", "run"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert ended.returncode == EXIT_PIPE
    assert ended.stderr == b""


def test_a_full_disk_behind_stdout_is_no_bug() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "tailtune.cli.app", "schema", "run"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == errors.SetupError.exit_code
    assert ended.stderr.startswith(b"error: the answer cannot be written: No space left on device\n")
    assert b"Exception ignored" not in ended.stderr


class GoneStream(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [GoneStream(), None])
def test_a_stderr_that_is_gone_does_not_lose_the_result(
    stream: io.StringIO | None, lab: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(progress: Any, **_: object) -> object:
        progress.phase("measure")
        return given.RUN

    lab.does("run", "run", talk)
    monkeypatch.setattr(sys, "stderr", stream)
    assert main(["run"]) == 0
    sys.stderr.close()
    assert given.RUN_ID in capsys.readouterr().out

"""`tailtune profile` on execution traces of Go."""

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.go_traces import FILES

from tailtune._native import Profile, read_go_trace
from tailtune.cli.progress import QuietProgress
from tailtune.errors import NativeError, NothingMeasuredError, UsageError
from tailtune.lab import profile_source
from tailtune.lab.profile import profile
from tailtune.lab.profile_source import Taking
from tailtune.lab.profile_views import Keep, Look
from tailtune.model.profile_view import ProfileResult, SourceKind

TRACE = FILES / "go1.26.trace"


def look_at(source: Path, look: Look | None = None, **more: Any) -> ProfileResult:
    return profile(str(source), Path.cwd(), Taking(), look or Look(), progress=QuietProgress(), **more)


def test_a_trace_shows_goroutines_and_where_they_did_not_run() -> None:
    result = look_at(TRACE)
    trace = result.trace
    assert trace
    assert trace.version == "1.26"
    assert trace.goroutine_count == sum(group.goroutines for group in trace.groups)
    assert {state.state for state in trace.states} == {"running", "assist", "runnable", "waiting", "syscall"}
    assert trace.gomaxprocs > 0
    assert 0 < trace.utilisation <= 1.000001
    table = result.tables[0]
    assert (table.kind, table.unit) == ("delay", "nanoseconds")
    assert table.rows
    assert table.total > 0
    assert result.seconds == pytest.approx((trace.end_ns - trace.begin_ns) / 1e9)
    assert result.warnings == [one for one in result.warnings if "samples are few" in one]


def test_times_of_a_goroutine_add_up_to_its_life() -> None:
    trace = look_at(TRACE).trace
    assert trace
    assert trace.goroutines
    for one in trace.goroutines:
        assert sum(state.ns for state in one.states) == one.end_ns - one.begin_ns


def test_a_reason_picks_stacks(tmp_path: Path) -> None:
    everything = look_at(TRACE).tables[0].total
    of_reasons = look_at(TRACE, Look(by="label:reason")).tables[0]
    assert sum(row.own for row in of_reasons.rows) == pytest.approx(everything)
    for row in of_reasons.rows[:3]:
        picked = look_at(
            TRACE, Look(keep=Keep(reason=f"{re.escape(row.name)}$")), outputs=[str(tmp_path / "waits.pb.gz")]
        )
        assert picked.tables[0].total == pytest.approx(row.own)
        written = Profile.from_pprof((tmp_path / "waits.pb.gz").read_bytes())
        assert written.sample_types == [("contentions", "count"), ("delay", "nanoseconds")]
        assert sum(written.values(1)) == row.own


def test_reasons_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="cannot be given together"):
        look_at(TRACE, Look(keep=Keep(reason="sync", label="state:waiting")))
    with pytest.raises(NothingMeasuredError, match="left by the filters"):
        look_at(TRACE, Look(keep=Keep(reason="no such reason")))


def test_a_trace_that_was_cut_warns(tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(TRACE.read_bytes()[:-100])
    assert any("was cut" in warning for warning in look_at(cut).warnings)


def test_an_old_trace_says_what_would_be_read(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"go 1.21 trace\0\0\0")
    with pytest.raises(NativeError, match=r"Go 1\.21") as caught:
        look_at(tmp_path / "old")
    assert "Go 1.22" in caught.value.hint


def test_progress_may_end_the_reading(tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    def enough(share: float) -> None:
        assert 0 <= share <= 1
        raise EnoughError

    # Longer than one step of progress; what is no batch behind the trace is not read, but the file is.
    large = tmp_path / "large"
    batch = b"\x01\x01\x01\x01\x80\x80\x04" + bytes(1 << 16)
    large.write_bytes(b"go 1.26 trace\0\0\0" + batch * 80)
    with pytest.raises(EnoughError):
        read_go_trace(large, enough)


def test_the_report_is_json_of_known_shape() -> None:
    _, samples, told = read_go_trace(TRACE)
    report = json.loads(told)
    assert report["warnings"] == []
    assert (samples is None) == (report["cpu_samples"] == 0)


def test_a_service_may_send_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_source, "pull", lambda _: TRACE.read_bytes())
    url = "http://127.0.0.1:1/debug/pprof/trace?seconds=1"
    result = profile(url, Path.cwd(), Taking(), Look(), progress=QuietProgress())
    assert result.trace == look_at(TRACE).trace
    assert (result.source.kind, result.source.name) == (SourceKind.URL, url)
    assert "Go 1.26" in result.mode


def test_a_trace_comes_from_stdin_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TRACE.read_bytes())))
    assert profile("-", Path.cwd(), Taking(), Look(), progress=QuietProgress()).trace == look_at(TRACE).trace


def test_traces_of_two_times_are_compared() -> None:
    other = FILES / "go1.25.trace"
    diff = look_at(TRACE, diff=str(other)).diff
    assert diff
    assert diff.kind == "delay"

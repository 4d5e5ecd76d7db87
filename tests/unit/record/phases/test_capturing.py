"""A collector that fails at any point of its life is a warning, and the others go on."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.support.recordings import manifest
from tests.support.subjects import subject

from tailtune.bundle import BundleWriter, Workspace
from tailtune.bundle.reader import Bundle
from tailtune.errors import UsageError
from tailtune.model.recording import CollectorRecord, Kind, Phase
from tailtune.record import registry
from tailtune.record.phases.capturing import Capturing
from tailtune.record.ports import Capture, Subject

CALLS = ["applies", "prepare", "begin", "poll", "end", "record", "close"]


class Recorder:
    """Notes its calls, and fails in one of them."""

    name = "recorder"
    phases = frozenset({Phase.MEASURE})
    cost = "nothing"
    instant = False
    fails_in = ""
    captured = Capture()
    log: list[str]

    def __init__(self) -> None:
        type(self).log = []

    def _note(self, call: str) -> None:
        self.log.append(call)
        if call == self.fails_in:
            raise RuntimeError("out of luck")

    def applies(self, subject: Subject) -> bool:
        self._note("applies")
        return True

    def prepare(self, subject: Subject) -> None:
        self._note("prepare")

    def begin(self, window: str) -> None:
        self._note("begin")

    def poll(self) -> None:
        self._note("poll")

    def end(self) -> Capture:
        self._note("end")
        return self.captured

    def record(self) -> CollectorRecord:
        self._note("record")
        return CollectorRecord(name=self.name, phases=[Phase.MEASURE], cost=self.cost)

    def close(self) -> None:
        self._note("close")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> type[Recorder]:
    one = type("Fresh", (Recorder,), {})
    others = registry.collectors()
    monkeypatch.setattr(registry, "collectors", lambda: {"process": others["process"], "recorder": one})
    return one


def capture(root: Path) -> tuple[Capturing, Bundle]:
    with BundleWriter.create(Workspace(root), Kind.RUN) as writer:
        capturing = Capturing(subject(), writer)
        for phase in (Phase.MEASURE, Phase.DIAGNOSE):
            capturing.begin(phase)
            capturing.poll()
            capturing.end()
        capturing.records()
        capturing.close()
        return capturing, Bundle.open(writer.finish(manifest()))


def test_windows_are_those_declared(recorder: type[Recorder], tmp_path: Path) -> None:
    capturing, _ = capture(tmp_path)
    assert recorder.log == CALLS
    assert capturing.warnings == []


def test_counters_are_read_nearest_to_the_load(
    recorder: type[Recorder], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log: list[str] = []

    def one(name: str, *, instant: bool) -> type[Recorder]:
        def note(self: Recorder, call: str) -> None:
            log.append(f"{call} {name}")

        return type(name, (Recorder,), {"name": name, "instant": instant, "_note": note})

    given = [one("counters", instant=True), one("costly", instant=False), one("more", instant=True)]
    monkeypatch.setattr(registry, "collectors", lambda: {kind.name: kind for kind in given})
    capture(tmp_path)
    assert [text for text in log if text.startswith("begin")] == ["begin costly", "begin counters", "begin more"]
    assert [text for text in log if text.startswith("end")] == ["end more", "end counters", "end costly"]


@pytest.mark.parametrize("call", CALLS)
def test_a_failure_is_a_warning(call: str, recorder: type[Recorder], tmp_path: Path) -> None:
    recorder.fails_in = call
    capturing, bundle = capture(tmp_path)
    assert capturing.warnings == [f"collector recorder failed in {call}: RuntimeError: out of luck"]
    assert len(bundle.table("process")) == 4
    assert recorder.log.count("end") <= 1


def test_rows_that_do_not_fit_are_a_warning(recorder: type[Recorder], tmp_path: Path) -> None:
    recorder.captured = Capture(tables={"threads": pa.table({"odd": [1]})}, warnings=["one", "two"])
    capturing, bundle = capture(tmp_path)
    assert capturing.warnings[:2] == ["one", "two"]
    assert "collector recorder handed over something unfit" in capturing.warnings[2]
    assert len(bundle.table("threads")) == 0


def test_a_collector_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with (
        BundleWriter.create(Workspace(tmp_path), Kind.RUN) as writer,
        pytest.raises(UsageError, match="no collector is named 'crystal-ball'"),
    ):
        Capturing(subject(), writer, ["crystal-ball"])

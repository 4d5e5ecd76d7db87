"""The pprof collector against servers that answer as services do: well, not at all, or strangely."""

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.support.pprof import encode
from tests.support.pprof_server import Answer, serving
from tests.support.subjects import subject

from tailtune._native import Profile
from tailtune.record.collectors.go_pprof import GoPprofCollector
from tailtune.record.ports import Capture, Subject

COUNTS = [("contentions", "count")]
Serve = Callable[[Callable[[str], Answer]], GoPprofCollector]


def profile(count: int) -> bytes:
    """A profile of the second `count` with one stack, the value of which is `count` too."""
    return encode({("main.f", "main.main"): [count]}, COUNTS, time_ns=count * 1_000_000_000)


def values(data: bytes) -> list[int]:
    return Profile.from_pprof(data).values(0)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as servers:

        def start(answer: Callable[[str], Answer]) -> GoPprofCollector:
            collector = GoPprofCollector()
            collector.prepare(_subject(servers.enter_context(serving(answer))))
            return collector

        yield start


def _subject(port: int) -> Subject:
    return subject(port=port, language="go", pprof="/debug/pprof", window_seconds={"diagnose": 2.7})


def one_window(collector: GoPprofCollector, name: str) -> Capture:
    collector.begin(name)
    collector.poll()
    return collector.end()


def test_measure_gets_differences_and_no_cpu_profile(serve: Serve) -> None:
    asked: list[str] = []

    def answer(path: str) -> Answer:
        asked.append(path.removeprefix("/debug/pprof/"))
        return 200, profile(10 * len(asked))

    capture = one_window(serve(answer), "measure")
    edges = ["allocs", "mutex", "block"]
    assert asked == ["heap", *edges, *edges, "heap", "goroutine"]
    assert {name: values(data) for name, data in capture.files.items()} == {
        "profiles/go-allocs.measure.pb.gz": [30],
        "profiles/go-mutex.measure.pb.gz": [30],
        "profiles/go-block.measure.pb.gz": [30],
        "profiles/go-heap.measure.pb.gz": [80],
        "profiles/go-goroutine.measure.pb.gz": [90],
    }
    assert Profile.from_pprof(capture.files["profiles/go-mutex.measure.pb.gz"]).duration_ns == 30_000_000_000
    assert capture.warnings == []


def test_diagnose_adds_the_cpu_profile_of_whole_seconds(serve: Serve) -> None:
    asked: list[str] = []

    def answer(path: str) -> Answer:
        asked.append(path)
        return 200, profile(7)

    capture = one_window(serve(answer), "diagnose")
    assert "/debug/pprof/profile?seconds=2" in asked
    assert values(capture.files["profiles/go-cpu.diagnose.pb.gz"]) == [7]
    assert asked.count("/debug/pprof/goroutine") == 1


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ((404, b"404 page not found\n"), "answered 404"),
        ((500, b"boom"), "answered 500"),
        ((200, b"<html>welcome</html>"), "not a gzipped profile"),
    ],
)
def test_an_endpoint_that_is_none(answered: Answer, reason: str, serve: Serve) -> None:
    collector = serve(lambda _: answered)
    capture = one_window(collector, "measure")
    assert capture.files == {}
    [warning] = capture.warnings
    assert reason in warning
    assert reason in collector.record().lost


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"<html>welcome</html>"), gzip.compress(b""), profile(3)[:-12]],
    ids=["html", "empty", "cut short"],  # what gzip writes holds the time, and all workers must name a test alike
)
def test_what_is_no_profile_is_refused(data: bytes, serve: Serve) -> None:
    capture = one_window(serve(lambda _: (200, data)), "measure")
    assert capture.files == {}
    assert len(capture.warnings) == 3
    assert all("not a usable pprof profile" in warning for warning in capture.warnings)


def test_what_was_never_switched_on_is_said(serve: Serve) -> None:
    nothing = encode({}, COUNTS)
    collector = serve(lambda path: (200, nothing if path.endswith("block") else profile(3)))
    capture = one_window(collector, "measure")
    assert capture.warnings == []
    assert "profiles/go-block.measure.pb.gz" not in capture.files
    assert "empty: block" in collector.record().lost
    assert "runtime.SetBlockProfileRate" in collector.record().lost


def test_one_kind_that_fails_leaves_the_others(serve: Serve) -> None:
    def answer(path: str) -> Answer:
        return (500, b"could not enable CPU profiling") if "profile?" in path else (200, profile(3))

    capture = one_window(serve(answer), "diagnose")
    assert "profiles/go-heap.diagnose.pb.gz" in capture.files
    assert [text for text in capture.warnings if "CPU profile" in text and "500" in text]


def test_a_window_cut_short_does_not_wait_for_its_cpu_profile(serve: Serve) -> None:
    released = threading.Event()

    def answer(path: str) -> Answer:
        if "profile?" in path:
            released.wait(30)
        return 200, profile(3)

    capture = one_window(serve(answer), "diagnose")
    assert not released.is_set()
    released.set()
    assert "profiles/go-cpu.diagnose.pb.gz" not in capture.files
    assert any("did not end with its window" in text for text in capture.warnings)

"""The collector of Go's execution trace against servers that answer as services do."""

import threading
from collections.abc import Callable

from tests.support.pprof import encode
from tests.support.pprof_server import Answer, serving
from tests.support.subjects import subject

from tailtune.record.collectors.go_trace import GoTraceCollector
from tailtune.record.ports import Capture

TRACE = b"go 1.26 trace\x00\x00\x00rest"


def one_window(answer: Callable[[str], Answer], meanwhile: Callable[[], object] = lambda: None) -> Capture:
    with serving(answer) as port:
        collector = GoTraceCollector()
        asked = subject(port=port, language="go", pprof="/debug/pprof", window_seconds={"diagnose": 2.7})
        assert collector.applies(asked)
        collector.prepare(asked)
        collector.begin("diagnose")
        collector.poll()
        meanwhile()
        return collector.end()


def pprof() -> bytes:
    return encode({("main.f",): [1]}, [("threadcreate", "count")], time_ns=1)


def test_the_trace_lasts_longer_than_its_window_and_is_kept_as_it_is() -> None:
    paths: list[str] = []
    came = threading.Event()

    def answer(path: str) -> Answer:
        paths.append(path)
        if "trace?" not in path:
            return 200, pprof()
        came.set()
        return 200, TRACE

    capture = one_window(answer, lambda: came.wait(30))
    assert paths == ["/debug/pprof/threadcreate", "/debug/pprof/trace?seconds=4.2"]
    assert capture.files == {"profiles/go-trace.diagnose.trace": TRACE}
    assert capture.warnings == []


def test_what_is_no_trace_is_a_warning() -> None:
    came = threading.Event()

    def answer(path: str) -> Answer:
        came.set()
        return 200, (b"<html>sign in</html>" if "trace?" in path else pprof())

    capture = one_window(answer, lambda: came.wait(30))
    assert capture.files == {}
    assert "is not an execution trace, it begins with '<html>sign in</html>'" in capture.warnings[0]


def test_a_refusal_is_a_warning() -> None:
    def answer(path: str) -> Answer:
        return (500, b"tracing is already enabled") if "trace?" in path else (200, pprof())

    capture = one_window(answer)
    assert capture.files == {}
    assert "answered 500: tracing is already enabled" in capture.warnings[0]

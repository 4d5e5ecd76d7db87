"""What a service is asked for, and what becomes of its answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tailtune.errors import SetupError, UsageError
from tailtune.model.endpoint import PprofKind
from tailtune.record.profiling.endpoint import Pull, pull, pull_of

BASE = "http://h:6060"


@pytest.mark.parametrize(
    ("url", "kind", "asked", "seconds"),
    [
        (BASE, None, "/debug/pprof/profile?seconds=10", 10),
        (f"{BASE}/", None, "/debug/pprof/profile?seconds=10", 10),
        (f"{BASE}/debug/pprof/", PprofKind.ALLOCS, "/debug/pprof/allocs?seconds=10", 10),
        (f"{BASE}/api/debug/pprof", PprofKind.MUTEX, "/api/debug/pprof/mutex?seconds=10", 10),
        (f"{BASE}/debug/pprof/block", None, "/debug/pprof/block?seconds=10", 10),
        (f"{BASE}/debug/pprof/profile?seconds=3", None, "/debug/pprof/profile?seconds=3", 3),
        (f"{BASE}/debug/pprof/allocs?gc=1", None, "/debug/pprof/allocs?gc=1&seconds=10", 10),
        (f"{BASE}/debug/pprof/heap", None, "/debug/pprof/heap", 0),
        (BASE, PprofKind.GOROUTINE, "/debug/pprof/goroutine", 0),
    ],
)
def test_what_is_asked_for(url: str, kind: PprofKind | None, asked: str, seconds: float) -> None:
    found = pull_of(url, kind, 10)
    assert (found.url.removeprefix(BASE), found.seconds) == (asked, seconds)
    assert found.kind is not None


def test_other_urls_are_pulled_as_they_are() -> None:
    assert pull_of("https://h/files/cpu.pb.gz", None, 10) == Pull("https://h/files/cpu.pb.gz", None, 10)


@pytest.mark.parametrize("url", ["ftp://h/", "http://", "file:///etc/passwd", f"{BASE}/debug/pprof/heap?seconds=x"])
def test_what_is_no_url_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        pull_of(url, None, 10)


def test_two_kinds_are_refused() -> None:
    with pytest.raises(UsageError, match="names the kind `heap`, and --kind names `mutex`"):
        pull_of(f"{BASE}/debug/pprof/heap", PprofKind.MUTEX, 10)


class Service(BaseHTTPRequestHandler):
    """Answers as told by the path."""

    def do_GET(self) -> None:
        code = int(self.path.strip("/"))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b"profile" if code == 200 else b"cpu profiling already in use")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_answer_is_the_profile(service: str) -> None:
    assert pull(Pull(f"{service}/200", None, 0)) == b"profile"


@pytest.mark.parametrize(("code", "hint"), [(404, "import net/http/pprof"), (500, "another CPU profile"), (418, "")])
def test_an_error_of_the_service_is_told_with_what_it_says(service: str, code: int, hint: str) -> None:
    with pytest.raises(SetupError, match=f"answered {code}: cpu profiling already in use") as caught:
        pull(Pull(f"{service}/{code}", None, 0))
    assert hint in caught.value.hint


def test_no_service_is_an_error_with_a_question(service: str) -> None:
    with pytest.raises(SetupError, match="gives no profile") as caught:
        pull(Pull("http://127.0.0.1:1/", None, 0))
    assert "listen" in caught.value.hint

"""From a log to a workload, to a schedule, to requests at a server; and what workload commands print."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.imports import ACCESS_LOG, Silent, imported
from tests.support.logs import shop_log

from tailtune.cli.app import main
from tailtune.errors import ConfigError, SetupError
from tailtune.lab.workload import Choice, compile_chosen, show_chosen
from tailtune.record.engine.load import ScheduleInfo, compile_workload

pytestmark = pytest.mark.real
WORKLOAD = """
duration = "2s"
seed = 3
profile = [{ shape = "hold", rate = 100, duration = "1s" }, { shape = "hold", rate = 300, duration = "1s" }]
[[operations]]
name = "get"
path = "/items/{id}"
weight = 3
data = { id = { zipf = 1.1, n = 1000 } }
[[operations]]
name = "put"
method = "PUT"
path = "/items/{id}"
body = '{"key": "{key}", "text": "{text}"}'
expected_status = "2xx"
[operations.data]
id = { counter = 7 }
key = { uuid = true }
text = { text = { lognormal = { median = 100, sigma = 1 }, max = 2000 } }
"""


@contextlib.contextmanager
def recording_server() -> Iterator[tuple[int, list[tuple[str, str, bytes]]]]:
    """Serve a port; keep method, path and body of every request."""
    seen: list[tuple[str, str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path, body))
            self.send_response(302 if self.command == "POST" else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the base class calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def choice(path: Path, **fields: object) -> Choice:
    return Choice(name=str(path), find_config=lambda: path, **fields)  # type: ignore[arg-type]


def test_an_imported_log_is_replayed_request_by_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported("access-log", ACCESS_LOG, tmp_path)
    with recording_server() as (port, seen):
        code = main(["load", f"http://127.0.0.1:{port}", "--workload", str(tmp_path / "workload.toml"), "--json"])
    said = capsys.readouterr()
    assert code in (0, 103), said.err  # a busy machine may not keep a schedule
    report = json.loads(said.out)["report"]
    assert (report["scheduled_requests"], report["completed_requests"]) == (5, 5)
    assert sum(one["unexpected_status"] for one in report["operations"]) == 0
    paths = ["/products/17?ref=mail", "/products/18", "/search?q=%22a%20b%22", "/cart", "/"]
    assert sorted(path for _, path, _ in seen) == sorted(paths)


def test_generated_requests_are_what_the_workload_says(tmp_path: Path) -> None:
    (tmp_path / "workload.toml").write_text(WORKLOAD)
    with recording_server() as (port, seen):
        main(["load", f"http://127.0.0.1:{port}", "-w", str(tmp_path / "workload.toml"), "--json", "--quiet"])
    puts = [(path, json.loads(body)) for method, path, body in seen if method == "PUT"]
    assert sorted(int(path.rpartition("/")[2]) for path, _ in puts) == list(range(7, 7 + len(puts)))
    assert len({body["key"] for _, body in puts}) == len(puts) > 20
    assert max(len(body["text"]) for _, body in puts) <= 2000
    ids = [int(path.rpartition("/")[2]) for method, path, _ in seen if method == "GET"]
    assert ids.count(1) > ids.count(50)


def test_the_hash_is_stable_and_the_view_is_of_the_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(WORKLOAD)
    first = compile_chosen(choice(path), tmp_path / "load.schedule", Silent())
    assert (tmp_path / "load.schedule").stat().st_size == first.bytes
    assert main(["workload", "compile", "-w", str(path), "--sha256", "--quiet"]) == 0
    assert capsys.readouterr().out == f"{first.sha256}\n"
    assert compile_chosen(choice(path, seed=4), None, Silent()).sha256 != first.sha256
    assert compile_chosen(choice(path, rate=50.0), None, Silent()).mean_rate_per_s == pytest.approx(50, rel=0.4)
    shown = show_chosen(choice(path), Silent())
    assert shown.schedule.sha256 == first.sha256
    assert sum(one.requests for one in shown.operations) == first.requests
    half = len(shown.rates_per_s) // 2
    assert sum(shown.rates_per_s[half:]) > 2 * sum(shown.rates_per_s[:half])
    assert shown.operations[0].sizes is not None
    assert shown.operations[0].sizes.smallest <= shown.operations[0].sizes.median
    assert main(["workload", "show", "-w", str(path), "--quiet"]) == 0
    page = capsys.readouterr().out
    assert "rate over time" in page
    assert "put" in page
    assert max(map(len, page.splitlines())) <= 100


def test_a_schedule_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, schedule = tmp_path / "workload.toml", tmp_path / "load.schedule"
    path.write_text(WORKLOAD)
    schedule.write_text("an older one")

    written, interrupted = threading.Event(), threading.Event()

    def held(*given: Any) -> ScheduleInfo:
        info = compile_workload(*given)
        written.set()
        interrupted.wait()
        return info

    def interrupt(_thread: threading.Thread, _seconds: float) -> None:
        written.wait()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tailtune.lab.workload.compile_workload", held)
        patched.setattr(threading.Thread, "join", interrupt)
        with pytest.raises(KeyboardInterrupt):
            compile_chosen(choice(path), schedule, Silent())
        interrupted.set()
    assert schedule.read_text() == "an older one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["load.schedule", "workload.toml"]
    result = compile_chosen(choice(path), Path("/dev/null"), Silent())
    assert Path("/dev/null").is_char_device()
    assert compile_chosen(choice(path), schedule, Silent()).sha256 == result.sha256
    assert schedule.stat().st_size == result.bytes


def test_a_schedule_that_cannot_be_written_is_named_as_asked_for(tmp_path: Path) -> None:
    path, nowhere = tmp_path / "workload.toml", tmp_path / "nowhere/load.schedule"
    path.write_text(WORKLOAD)
    with pytest.raises(SetupError, match=f"cannot write the schedule {nowhere}:"):
        compile_chosen(choice(path), nowhere, Silent())


def test_a_fitted_workload_compiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text(shop_log(4, bursty=True))
    path = tmp_path / "fitted.toml"
    assert main(["workload", "fit", str(tmp_path / "log"), "-o", str(path), "--quiet"]) == 0
    assert "learned from" in capsys.readouterr().out
    result = compile_chosen(choice(path), None, Silent())
    assert result.requests == pytest.approx(16 * 239, rel=0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("t\toperation\n1\tget\n0\tget\n", "line 3"),
        ("t\toperation\n1\tnone\n", "line 2"),
        ("", "empty"),
        ("time\n1\n", "no column `t`"),
    ],
)
def test_what_is_wrong_with_a_trace_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "t.tsv").write_text(text)
    path = tmp_path / "workload.toml"
    path.write_text(
        'arrival = "trace"\ntrace = { file = "t.tsv" }\n[[operations]]\nname = "get"\n[[operations]]\nname = "b"\n'
    )
    with pytest.raises(ConfigError) as caught:
        compile_chosen(choice(path), None, Silent())
    assert told in caught.value.message
    assert "t.tsv" in caught.value.message


def test_closed_loops_and_sessions_compile(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text('arrival = "closed"\nconnections = 4\n[[operations]]\nname = "get"\n')
    shown = show_chosen(choice(path), Silent())
    assert (shown.rates_per_s, shown.arrival) == ([], "closed")
    path.write_text(
        'arrival = "sessions"\nduration = "5s"\nsessions = { requests = 3, think = { exponential = "100ms" } }\n'
        '[[operations]]\nname = "get"\n'
    )
    assert show_chosen(choice(path), Silent()).schedule.requests > 100

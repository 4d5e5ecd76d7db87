import socket
from collections.abc import Callable

import pytest

from tailtune.errors import NotReadyError
from tailtune.model.project import ReadyCheck
from tailtune.model.units import Duration
from tailtune.record.processes import ready
from tailtune.record.processes.process import Process, Supervisor

Start = Callable[..., tuple[Process, int]]
SOON = Duration.from_seconds(1)


def test_ready_by_status_and_by_open_port(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--status", "503")
    assert ready.wait_ready(process, ReadyCheck(path="/health", status=503), port, supervisor) > 0
    assert ready.wait_ready(process, ReadyCheck(path=""), port, supervisor) >= 0
    assert ready.listener(port) == process.pid


def test_a_death_at_start_shows_stderr(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--die-at-start")
    with pytest.raises(NotReadyError, match="ended at start with exit status 1") as told:
        ready.wait_ready(process, ReadyCheck(), port, supervisor)
    assert "cannot open the database" in told.value.detail


def test_never_ready(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--silent")
    with pytest.raises(NotReadyError, match=r"not ready after 1s: port .*refused"):
        ready.wait_ready(process, ReadyCheck(timeout=SOON), port, supervisor)


def test_wrong_status(start_tiny: Start, supervisor: Supervisor) -> None:
    process, port = start_tiny("--status", "404")
    with pytest.raises(NotReadyError, match="GET / answered 404, expected 200"):
        ready.wait_ready(process, ReadyCheck(timeout=SOON), port, supervisor)


def test_an_answer_that_is_no_http(start_tiny: Start, supervisor: Supervisor) -> None:
    process, _ = start_tiny("--silent")
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(5)
        port = other.getsockname()[1]
        with pytest.raises(NotReadyError, match="timed out"):
            ready.wait_ready(process, ReadyCheck(timeout=SOON), port, supervisor)


def test_a_taken_port_is_noticed_before_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(NotReadyError, match=rf"port {port} cannot be used: .*\(pid \d+\) listens on it"):
            ready.choose_port(port)


def test_somebody_else_answering_is_noticed_after_the_start(start_tiny: Start, supervisor: Supervisor) -> None:
    _, port = start_tiny()
    ours, _ = start_tiny("--silent", port=port)
    with pytest.raises(NotReadyError, match="answered by another process"):
        ready.wait_ready(ours, ReadyCheck(), port, supervisor)

"""Pulling profiles from servers that answer well, wrongly, or never."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tailtune.record import endpoint
from tailtune.record.endpoint import EndpointError, Source, pull

PROFILE = gzip.compress(b"profile")
Serve = Callable[[bytes], Source]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Servers on Unix sockets that answer everything with the same bytes."""
    listeners: list[socket.socket] = []

    def start(answer: bytes) -> Source:
        path = str(tmp_path / f"s{len(listeners)}")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        listeners.append(listener)

        def run() -> None:
            connection, _ = listener.accept()
            with closing(connection), suppress(BrokenPipeError):  # who has enough of an endless answer hangs up
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=run, daemon=True).start()
        return Source(socket=path)

    yield start
    for one in listeners:
        one.close()


def answer(status: str, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def test_a_profile_comes_over_a_unix_socket(serve: Serve) -> None:
    assert pull(serve(answer("200 OK", PROFILE)), "heap") == PROFILE


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (answer("404 Not Found", b"404 page not found\n"), "answered 404: 404 page", "import net/http/pprof"),
        (answer("500 Oops", b"cpu profiling already in use"), "already in use", "another CPU profile"),
        (answer("400 Bad Request", b"profile duration exceeds"), "answered 400: profile duration", "WriteTimeout"),
        (answer("302 Found", b"", "Location: https://x/login"), "moved to https://x/login", "if you trust it"),
        (answer("599 Whatever", b"odd"), "answered 599: odd", ""),
        (answer("401 Unauthorized", b""), "answered 401", "protected"),
        (answer("200 OK", b"<html>welcome"), "not a gzipped profile", "import net/http/pprof"),
        (answer("200 OK", b""), "not a gzipped profile", "import net/http/pprof"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "\x15", "listen there"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n\x1f\x8b", "broke off after 2 bytes", "still run"),
        (b"", "closed connection", "listen there"),
    ],
)
def test_what_is_no_profile_is_told_with_a_hint(serve: Serve, given: bytes, message: str, hint: str) -> None:
    with pytest.raises(EndpointError) as told:
        pull(serve(given), "profile", seconds=1)
    assert message in str(told.value)
    assert hint in told.value.hint


def test_an_endless_answer_ends(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_MOST_BYTES", 1 << 20)
    source = serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"\x1f\x8b" * (1 << 20))
    with pytest.raises(EndpointError, match="more than 1 MiB"):
        pull(source, "heap")


def test_nobody_and_no_tls_are_told(serve: Serve) -> None:
    with pytest.raises(EndpointError, match=r"refused|No such file"):
        pull(Source(socket="@tailtune-nobody-is-here"), "heap")
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        plain.listen()

        def run() -> None:
            connection, _ = plain.accept()
            with closing(connection):
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=run, daemon=True).start()
        with pytest.raises(EndpointError) as told:
            pull(Source(port=plain.getsockname()[1], tls=True), "heap")
    assert told.value.hint

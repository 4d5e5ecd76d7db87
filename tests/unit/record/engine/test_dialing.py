"""What keeps a service from answering, found out with one connection."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.servers import go_server

from tailtune.model.endpoint import Endpoint
from tailtune.model.workload import Protocol, Tls
from tailtune.record.engine.dialing import why_silent


@pytest.fixture
def silent() -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Endpoint(port=listener.getsockname()[1])


def test_nobody_listens(silent: Endpoint, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = Endpoint(port=listener.getsockname()[1])
    assert why_silent(gone, Protocol.HTTP1) == (
        "it cannot be connected to: Connection refused",
        "is the service listening there?",
    )
    assert "No such file" in why_silent(Endpoint(unix=str(tmp_path / "none")), Protocol.HTTP1)[0]


def test_it_listens_and_says_nothing(silent: Endpoint):
    assert why_silent(silent, Protocol.HTTP2) == (
        "it accepts connections and does not answer",
        "does what listens there speak http2 without TLS?",
    )


def test_it_does_not_speak_tls(tmp_path: Path):
    with go_server("http") as plain:
        why, helps = why_silent(Endpoint(host=plain.host, port=plain.port, tls=Tls()), Protocol.HTTP1)
    assert (why.startswith("the TLS handshake fails"), "http1 over TLS" in helps) == (True, True)


def test_its_certificate_is_refused_or_its_protocol_another(tmp_path: Path):
    with go_server("http", "--http", "2", tls=tmp_path / "ca.pem") as encrypted:
        place = Endpoint(host=encrypted.host, port=encrypted.port, tls=Tls())
        why, helps = why_silent(place, Protocol.HTTP2)
        assert why.startswith("its certificate is refused: ")
        assert "--insecure" in helps
        trusting = Endpoint(host=encrypted.host, port=encrypted.port, tls=Tls(ca_file=str(tmp_path / "ca.pem")))
        assert why_silent(trusting, Protocol.HTTP2)[0] == "it accepts TLS connections and does not answer"
        other = why_silent(trusting, Protocol.HTTP1)
    assert "TLS" in other[0]

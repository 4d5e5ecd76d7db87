"""What URLs and options of `tailtune load` become."""

import socket
from pathlib import Path

import pytest

from tailtune.errors import ConfigError, UsageError
from tailtune.lab.sending import Wanted, prepare
from tailtune.model.endpoint import Endpoint
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Protocol, Tls

WORKLOAD = """
rate = 50
profile = [{ shape = "hold", rate = 70, duration = "5s" }]
[[operations]]
name = "a"
path = "/a"
[[operations]]
name = "b"
headers = { host = "b.example" }
"""


def test_a_plain_url_is_one_operation():
    sending = prepare("http://127.0.0.1:8080/search?q=1", Wanted(rate=5))
    [operation] = sending.workload.operations
    assert (operation.path, operation.headers) == ("/search?q=1", {"Host": "127.0.0.1:8080"})
    assert sending.endpoint == Endpoint(host="127.0.0.1", port=8080)
    assert (sending.workload.rate_per_s, sending.workload.duration) == (5, 10_000_000_000)
    assert prepare("127.0.0.1:8080/x", Wanted()).workload.operations[0].headers == {"Host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("url", "wanted", "protocol", "port", "tls"),
    [
        ("https://127.0.0.1/", Wanted(), Protocol.HTTP1, 443, Tls(server_name="127.0.0.1")),
        ("https://localhost/", Wanted(http2=True, insecure=True), Protocol.HTTP2, 443, Tls(insecure=True)),
        ("h2c://127.0.0.1:9/", Wanted(), Protocol.HTTP2, 9, None),
        ("http://127.0.0.1:9/", Wanted(http2=True), Protocol.HTTP2, 9, None),
        (
            "grpc://127.0.0.1:9",
            Wanted(method="a.B/C", proto=Path("a.proto"), body='{"x": 1}'),
            Protocol.GRPC,
            9,
            None,
        ),
        (
            "grpcs://127.0.0.1:9",
            Wanted(method="a.B/C", descriptors=Path("a.pb")),
            Protocol.GRPC,
            9,
            Tls(server_name="127.0.0.1"),
        ),
        ("redis://127.0.0.1", Wanted(body="GET a"), Protocol.RESP, 6379, None),
        ("tcp://127.0.0.1:4222", Wanted(body="PING"), Protocol.LINE, 4222, None),
        (
            "tls://127.0.0.1:4222",
            Wanted(body="PING", framing="length-prefixed"),
            Protocol.LENGTH_PREFIXED,
            4222,
            Tls(server_name="127.0.0.1"),
        ),
    ],
)
def test_the_scheme_says_the_protocol(url, wanted, protocol, port, tls):
    sending = prepare(url, wanted)
    assert sending.workload.protocol is protocol
    assert sending.endpoint == Endpoint(host="127.0.0.1", port=port, tls=tls)


def test_unix_sockets(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        by_url = prepare(f"http+unix://{str(path).replace('/', '%2F')}/x", Wanted())
        by_option = prepare("http://api.example/x", Wanted(unix_socket=str(path)))
    assert by_url.endpoint == by_option.endpoint == Endpoint(unix=str(path))
    assert by_url.workload.operations[0].headers == {"Host": "localhost"}
    assert by_option.workload.operations[0].headers == {"Host": "api.example"}


def test_options_overrule(tmp_path):
    closed = prepare("http://127.0.0.1:1/", Wanted(connections=8)).workload
    assert (closed.arrival, closed.connections) == (Arrival.CLOSED, 8)
    ramp = prepare("http://127.0.0.1:1/", Wanted(profile="1..100 over 3s, 100 for 4s")).workload
    assert ramp.duration == Duration.parse("7s")
    operation = prepare("http://127.0.0.1:1/", Wanted(expected_status="2xx", headers=["Host: x"])).workload.operations[
        0
    ]
    assert (operation.expected_status, operation.headers) == ("2xx", {"Host": "x"})


def test_a_workload_from_a_file(tmp_path):
    path = tmp_path / "workload.toml"
    path.write_text(WORKLOAD)
    sending = prepare("http://127.0.0.1:8080", Wanted(workload=path, seed=7))
    assert [one.headers for one in sending.workload.operations] == [{"Host": "127.0.0.1:8080"}, {"host": "b.example"}]
    assert (sending.workload.seed, len(sending.workload.profile), sending.root) == (7, 1, tmp_path)
    assert prepare("http://127.0.0.1:8080", Wanted(workload=path, rate=7)).workload.profile == []
    with pytest.raises(UsageError, match="--header cannot stand beside --workload"):
        prepare("http://127.0.0.1:8080", Wanted(workload=path, headers=["A: b"]))
    with pytest.raises(UsageError, match="a path in the URL"):
        prepare("http://127.0.0.1:8080/x", Wanted(workload=path))
    with pytest.raises(UsageError, match='protocol is "http1"'):
        prepare("redis://127.0.0.1", Wanted(workload=path))
    with pytest.raises(ConfigError, match="no such file"):
        prepare("http://127.0.0.1:8080", Wanted(workload=tmp_path / "none"))


@pytest.mark.parametrize(
    ("url", "wanted", "told"),
    [
        ("ftp://127.0.0.1/", Wanted(), "cannot be loaded"),
        ("http://", Wanted(), "cannot be loaded"),
        ("http://127.0.0.1:99999/", Wanted(), "out of range"),
        ("http://[::1/", Wanted(), "Invalid IPv6"),
        ("redis://127.0.0.1/1", Wanted(body="x"), "has no path"),
        ("grpc://127.0.0.1", Wanted(method="a.B/C", proto=Path("a.proto")), "the port is missing"),
        ("grpc://127.0.0.1:1", Wanted(method="a.B/C"), "proto: is missing"),
        ("grpc://127.0.0.1:1", Wanted(proto=Path("a.proto")), "shop.Catalog/Find"),
        ("redis://127.0.0.1", Wanted(), "operations[0].body: is missing"),
        ("http://127.0.0.1/", Wanted(framing="line"), "--framing line cannot be used"),
        ("http://127.0.0.1/", Wanted(insecure=True), "is not encrypted"),
        ("http://127.0.0.1/", Wanted(rate=1, profile="1 for 1s"), "cannot stand together"),
        ("http://127.0.0.1/", Wanted(headers=["nonsense"]), "is not a header"),
        ("http://127.0.0.1/", Wanted(method="get"), "HTTP method in capitals"),
        ("http://127.0.0.1/", Wanted(expected_status="9xx"), "2xx"),
        ("http://127.0.0.1/", Wanted(unix_socket="/nowhere"), "is not a socket"),
        ("http://127.0.0.1/{x}", Wanted(), "{x} has no data"),
    ],
)
def test_what_cannot_be_sent_is_told(url, wanted, told):
    with pytest.raises(UsageError) as caught:
        prepare(url, wanted)
    assert told in caught.value.message + caught.value.hint
    assert caught.value.hint

"""Workloads of every kind: what is read, and what every kind of mistake is told."""

from pathlib import Path

import pytest

from tailtune import config
from tailtune.errors import ConfigError
from tailtune.model.generator import Generator, LogNormal, Number, Pareto, Pause
from tailtune.model.profile import Shape
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Protocol, Workload

GET = '\n[[operations]]\nname = "get"\n'
FILE = Path("workload.toml")


def read(text: str) -> Workload:
    return config.parse_workload(text, FILE)


def test_a_profile_of_every_shape():
    workload = read(
        """
        duration = "200s"
        profile = [
            { shape = "ramp", from = 100, to = 1000, duration = "30s" },
            { shape = "hold", rate = 1000, duration = "20s" },
            { shape = "steps", rates = [200, 400, 800], duration = "30s" },
            { shape = "sine", mean = 500, amplitude = 300, period = "10s", duration = "60s" },
            { shape = "burst", on = 2000, off_for = "800ms", on_for = "200ms", duration = "60s", random = true },
        ]"""
        + GET
    )
    assert [stage.shape for stage in workload.profile] == [
        Shape.RAMP, Shape.HOLD, Shape.STEPS, Shape.SINE, Shape.BURST,
    ]  # fmt: skip
    means = [round(stage.mean_per_s, 6) for stage in workload.profile]
    assert means == [550, 1000, 466.666667, 500, 400]
    assert workload.mean_rate_per_s == pytest.approx((550 * 30 + 1000 * 20 + 14_000 + 500 * 60 + 400 * 60) / 200)


def test_a_short_profile_repeats_and_a_long_one_is_cut():
    stages = '[{ shape = "hold", rate = 100, duration = "1s" }, { shape = "hold", rate = 300, duration = "1s" }]'
    assert read(f'profile = {stages}\nduration = "3s"{GET}').mean_rate_per_s == pytest.approx(500 / 3)
    assert read(f'profile = {stages}\nduration = "1s"{GET}').mean_rate_per_s == pytest.approx(100)


def test_generators_of_every_kind():
    [operation] = read("""
        [[operations]]
        name = "put"
        path = "/{key}/{id}"
        method = "PUT"
        body = "{text}"
        expected_status = "2xx"
        expected_body = "ok"
        [operations.data]
        id = { zipf = 1.1, n = 1000 }
        key = { uuid = true }
        text = { text = { pareto = { scale = 200, shape = 1.5 }, max = 65536 } }
        next = { counter = 1, step = 2 }
        age = { uniform = [1, 100] }
        size = { lognormal = { median = 800, sigma = 1.2 }, digits = 2 }
        word = { choice = ["a", "b"] }
        name = { zipf = 0.9, values = "names.txt" }
        lang = ["en", "de"]
        file = "words.txt"
        """).operations
    assert operation.data["id"] == Generator(zipf=1.1, n=1000)
    assert operation.data["text"] == Generator(text=Number(pareto=Pareto(scale=200, shape=1.5), max=65536))
    assert operation.data["size"] == Generator(lognormal=LogNormal(median=800, sigma=1.2), digits=2)
    assert (operation.data["lang"], operation.data["file"]) == (["en", "de"], "words.txt")


def test_sessions_traces_and_closed_loops():
    text = 'arrival = "sessions"\nsessions = { requests = { uniform = [1, 9] }, think = { exponential = "2s" } }' + GET
    sessions = read(text).sessions
    assert sessions is not None
    assert sessions.think == Pause(exponential=Duration.parse("2s"))
    trace = read('arrival = "trace"\ntrace = { file = "t.tsv", speed = 2 }' + GET).trace
    assert trace is not None
    assert trace.speed == 2
    closed = read('arrival = "closed"\nconnections = 64' + GET)
    assert (closed.arrival, closed.connections) == (Arrival.CLOSED, 64)


def test_protocols():
    assert read('protocol = "http2"\ntls = { insecure = true }' + GET).tls is not None
    grpc = 'protocol = "grpc"\nproto = "shop.proto"\n[[operations]]\nname = "a"\nmethod = "shop.v1.Catalog/Find"\n'
    assert read(grpc + "body = '{}'\nexpected_status = 5\n").protocol is Protocol.GRPC
    line = 'protocol = "line"\nframing = { hello = "CONNECT {}\\r\\n", greeting_lines = 1 }\n'
    assert read(line + '[[operations]]\nname = "a"\nbody = "PING"\n').framing is not None


PUT = '[[operations]]\nname = "put"\npath = "/{x}"\ndata.x = '
# Text of a workload file, the key that must be named, and words that must be told.
MISTAKES = [
    ('arrival = "burst"' + GET, "arrival", 'one of "poisson", "constant"'),
    ('protocol = "http3"' + GET, "protocol", "did you mean `http"),
    ('profile = [{ shape = "jump", duration = "1s" }]' + GET, "profile[0].shape", '"ramp"'),
    ('profile = [{ shape = "ramp", duration = "1s", from = 1 }]' + GET, "profile[0].to", "is missing"),
    ('profile = [{ shape = "hold", duration = "1s", rate = 1, to = 2 }]' + GET, "profile[0].to", "`rate`"),
    ('profile = [{ shape = "hold", duration = "0s", rate = 1 }]' + GET, "profile[0].duration", "> 0"),
    ('profile = [{ shape = "hold", duration = "1s", rate = -1 }]' + GET, "profile[0].rate", "> 0"),
    ('profile = [{ shape = "hold", rate = 1 }]' + GET, "profile[0].duration", "is missing"),
    ('profile = [{ shape = "steps", duration = "1s", rates = [] }]' + GET, "profile[0].rates", "[100, 200, 400]"),
    ('profile = [{ shape = "ramp", duration = "1s", from = 0, to = 0 }]' + GET, "profile[0].to", "somewhere"),
    (
        'profile = [{ shape = "sine", duration = "1s", mean = 1, amplitude = 2, period = "1s" }]' + GET,
        "profile[0].amplitude",
        "above `mean` 1",
    ),
    ('profile = [{ shape = "hold", rate = 1e9, duration = "1s" }]' + GET, "duration", "with this profile makes"),
    ('arrival = "closed"' + GET, "connections", "is missing"),
    ('arrival = "closed"\nconnections = 0' + GET, "connections", "from 1 to 65535"),
    ("connections = 3" + GET, "connections", 'only with arrival "closed"'),
    ('arrival = "trace"' + GET, "trace", "is missing"),
    ('arrival = "trace"\ntrace = { file = "t", speed = 0 }' + GET, "trace.speed", "> 0"),
    ('trace = { file = "t" }' + GET, "trace", 'only with arrival "trace"'),
    ("sessions = { requests = 5 }" + GET, "sessions", 'only with arrival "sessions"'),
    ('arrival = "sessions"\nsessions = { requests = 0 }' + GET, "sessions.requests", "from 1"),
    ('arrival = "sessions"\nsessions = { think = "2" }' + GET, "sessions.think", '"2s"'),
    ('arrival = "sessions"\nsessions = { think = 2 }' + GET, "sessions.think", "text in quotes or a table"),
    ('arrival = "sessions"\nsessions = { think = {} }' + GET, "sessions.think", "exactly one of `constant`"),
    ('protocol = "grpc"' + GET, "proto", "is missing"),
    ('protocol = "grpc"\nproto = "a"\ndescriptors = "b"' + GET, "proto", "either `proto`"),
    ('proto = "a"' + GET, "proto", 'only with protocol "grpc"'),
    ('protocol = "grpc"\nproto = "a"' + GET, "operations[0].method", "shop.Catalog/Find"),
    ('protocol = "line"' + GET, "operations[0].body", "is missing"),
    ('protocol = "resp"' + GET + 'body = "GET a"\npath = "/x"', "operations[0].path", '"http1" or "http2"'),
    ('protocol = "resp"' + GET + 'body = "GET a"\nexpected_status = 201', "operations[0].expected_status", "http1"),
    ("framing = { answer_lines = 2 }" + GET, "framing.answer_lines", 'only with protocol "line"'),
    (
        'protocol = "length-prefixed"\nframing = { prefix_bytes = 3 }' + GET + 'body = "a"',
        "framing.prefix_bytes",
        "1, 2, 4 or 8",
    ),
    ('tls = { insecure = true, ca = "ca.pem" }' + GET, "tls.insecure", "either"),
    ('tls = { key = "k" }' + GET, "tls.key", "unknown key"),
    (GET + 'expected_status = "6xx"', "operations[0].expected_status", '"2xx"'),
    (GET + 'expected_body_sha256 = "abc"', "operations[0].expected_body_sha256", "64 hexadecimal"),
    (PUT + "{ ziqf = 1.1 }", "operations[0].data.x.ziqf", "did you mean `zipf`?"),
    (PUT + "{}", "operations[0].data.x", "does not say what is drawn"),
    (PUT + "{ uuid = true, counter = 1 }", "operations[0].data.x", "2 at once: `uuid`, `counter`"),
    (PUT + "{ uuid = false }", "operations[0].data.x.uuid", "{ uuid = true }"),
    (PUT + "{ uuid = true, step = 2 }", "operations[0].data.x.step", "`uuid` alone"),
    (PUT + "{ zipf = 1.1 }", "operations[0].data.x", "neither `n` nor `values`"),
    (PUT + '{ zipf = 1.1, n = 3, values = ["a"] }', "operations[0].data.x", "both `n` and `values`"),
    (PUT + "{ zipf = 0, n = 3 }", "operations[0].data.x.zipf", "> 0"),
    (PUT + "{ zipf = 1, n = 0 }", "operations[0].data.x.n", "from 1 to"),
    (PUT + "{ uniform = [5, 1] }", "operations[0].data.x.uniform", "the lowest and the highest"),
    (PUT + "{ uniform = [5] }", "operations[0].data.x.uniform", "[1, 100]"),
    (PUT + "{ normal = { mean = 1 } }", "operations[0].data.x.normal.sd", "is missing"),
    (PUT + "{ normal = { mean = 1, sd = -1 } }", "operations[0].data.x.normal.sd", "0 or more"),
    (PUT + "{ exponential = 0 }", "operations[0].data.x.exponential", "> 0"),
    (PUT + "{ pareto = { scale = 0, shape = 1 } }", "operations[0].data.x.pareto.scale", "> 0"),
    (PUT + "{ constant = 1, min = 3, max = 2 }", "operations[0].data.x.min", "above `max` 2"),
    (PUT + "{ constant = 1, digits = 40 }", "operations[0].data.x.digits", "from 0 to 15"),
    (PUT + "{ text = 1e9 }", "operations[0].data.x.text", "16777216 bytes"),
    (PUT + '{ text = 9, alphabet = "" }', "operations[0].data.x.alphabet", "characters"),
    (PUT + "{ text = { uuid = true } }", "operations[0].data.x.text.uuid", "unknown key"),
    (PUT + "{ choice = [] }", "operations[0].data.x.choice", "is empty"),
    (PUT + '{ trace = "path" }', "operations[0].data.x.trace", 'only with arrival "trace"'),
    (PUT + "[1, 2]", "operations[0].data.x[0]", "text in quotes"),
]


@pytest.mark.parametrize(("text", "key", "told"), MISTAKES)
def test_mistakes_name_file_key_and_what_is_accepted(text, key, told):
    with pytest.raises(ConfigError) as caught:
        read(text)
    error = caught.value
    assert error.message.startswith(f"workload.toml: {key}: ")
    assert told in error.message + error.hint
    assert error.hint


def test_a_whole_configuration_is_not_a_workload():
    with pytest.raises(ConfigError, match="not a workload alone"):
        read('[service]\nlanguage = "go"\n')
    with pytest.raises(ConfigError, match="no such file") as caught:
        config.load_workload(Path("absent.toml"))
    assert "workload file" in caught.value.hint

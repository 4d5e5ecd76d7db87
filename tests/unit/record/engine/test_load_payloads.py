"""Workloads as the compiler takes them: templates in parts, generators, bodies, and clear refusals."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.errors import ConfigError
from tailtune.model.generator import Generator, LogNormal, Number, Pareto, Pause
from tailtune.model.profile import Sessions, Shape, Stage
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Framing, Operation, Protocol, Trace, Workload
from tailtune.record.engine.load import compile_workload
from tailtune.record.engine.specification import Specification, specify

S = Duration(1_000_000_000)


def spec(root: Path, workload: Workload) -> tuple[dict[str, Any], Specification]:
    given = specify(workload, root)
    return json.loads(given.json), given


def one(root: Path, **fields: Any) -> dict[str, Any]:
    operation = Operation(**({"name": "op"} | fields))
    found: dict[str, Any] = spec(root, Workload(operations=[operation]))[0]["operations"][0]
    return found


def test_the_plain_request(tmp_path: Path) -> None:
    operation = one(tmp_path)
    assert operation["method"] == "GET"
    assert operation["path"] == [{"text": "/"}]
    assert operation["headers"] == [["Host", [{"text": "localhost"}]], ["User-Agent", [{"text": "tailtune"}]]]
    assert (operation["body"], operation["body_blobs"], operation["data"]) == (None, None, {})
    assert operation["expect"] == {"status_low": 200, "status_high": 200, "body_contains": "", "body_sha256": ""}


def test_headers_of_the_workload_replace_those_of_the_tool(tmp_path: Path) -> None:
    headers = one(tmp_path, headers={"host": "shop.example", "X-Trace": "on"})["headers"]
    assert [name for name, _ in headers] == ["User-Agent", "host", "X-Trace"]


def test_values_are_percent_encoded_in_paths_and_verbatim_elsewhere(tmp_path: Path) -> None:
    fields = {"path": "/s?q={q}", "body": '{"q": "{q}"}', "headers": {"X": "a{q}"}, "data": {"q": ["x"]}}
    operation = one(tmp_path, method="POST", **fields)
    assert operation["path"] == [{"text": "/s?q="}, {"data": "q", "encode": "percent"}]
    assert operation["body"] == [{"text": '{"q": "'}, {"data": "q", "encode": "none"}, {"text": '"}'}]
    assert operation["headers"][-1] == ["X", [{"text": "a"}, {"data": "q", "encode": "none"}]]


def test_values_that_are_encoded_already_stay_as_they_are_in_paths(tmp_path: Path) -> None:
    operation = one(tmp_path, path="/{p}", data={"p": Generator(choice=["a/b?c=%20"], encoded=True)})
    assert operation["path"] == [{"text": "/"}, {"data": "p", "encode": "none"}]


def test_braces_that_name_nothing_are_text(tmp_path: Path) -> None:
    assert one(tmp_path, body='{"a": {}, "b": {"c d": 1}}')["body"] == [{"text": '{"a": {}, "b": {"c d": 1}}'}]


def test_generators_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("red\n\nblue\r\n")
    data = {
        "a": ["1", "2", "2"],
        "b": "words.txt",
        "c": Generator(zipf=1.1, n=1000),
        "d": Generator(zipf=0.9, values="words.txt"),
        "e": Generator(uuid=True),
        "f": Generator(counter=5),
        "g": Generator(uniform=[1, 9], digits=2),
        "h": Generator(lognormal=LogNormal(median=8, sigma=1), max=99),
        "i": Generator(text=Number(pareto=Pareto(scale=2, shape=1.5), max=100), alphabet="ab"),
        "j": Generator(text=7),
        "k": Generator(trace="column"),
        "unused": ["x"],
    }
    found = one(tmp_path, path="/" + "".join(f"{{{name}}}" for name in "abcdefghijk"), data=data)["data"]
    assert found == {
        "a": {"kind": "choice", "values": ["1", "2", "2"]},
        "b": {"kind": "choice", "values": ["red", "blue"]},
        "c": {"kind": "zipf", "n": 1000, "s": 1.1, "values": None},
        "d": {"kind": "zipf", "n": 2, "s": 0.9, "values": ["red", "blue"]},
        "e": {"kind": "uuid"},
        "f": {"kind": "counter", "start": 5, "step": 1},
        "g": {"kind": "number", "dist": "uniform", "low": 1.0, "high": 9.0, "digits": 2},
        "h": {"kind": "number", "dist": "lognormal", "median": 8.0, "sigma": 1.0, "max": 99.0, "digits": 0},
        "i": {
            "kind": "text",
            "size": {"dist": "pareto", "scale": 2.0, "shape": 1.5, "max": 100.0},
            "alphabet": "ab",
        },
        "j": {"kind": "text", "size": {"dist": "constant", "value": 7.0}, "alphabet": found["j"]["alphabet"]},
        "k": {"kind": "trace", "column": "column"},
    }
    assert len(found["j"]["alphabet"]) == 62


def test_bodies_from_files_become_blobs(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt"):
        (tmp_path / name).write_text(name)
    operations = [
        Operation(name="json", method="PUT", body_files="*.json"),
        Operation(name="text", method="PUT", body_files="*.txt"),
    ]
    found, given = spec(tmp_path, Workload(operations=operations))
    assert [one["body_blobs"] for one in found["operations"]] == [{"first": 0, "count": 2}, {"first": 2, "count": 1}]
    assert given.blobs == [b"a.json", b"b.json", b"c.txt"]


def test_what_is_expected(tmp_path: Path) -> None:
    expect = one(tmp_path, expected_status="2xx", expected_body="ok", expected_body_sha256="AB" * 32)["expect"]
    assert expect == {"status_low": 200, "status_high": 299, "body_contains": "ok", "body_sha256": "ab" * 32}
    line = Workload(operations=[Operation(name="a", body="PING")], protocol=Protocol.LINE)
    assert spec(tmp_path, line)[0]["operations"][0]["expect"]["status_high"] == 0


def test_profiles_sessions_and_framing(tmp_path: Path) -> None:
    profile = [
        Stage(shape=Shape.RAMP, from_per_s=1, to_per_s=5, duration=S),
        Stage(shape=Shape.STEPS, rates=[1, 2, 3], duration=S),
        Stage(shape=Shape.SINE, mean=5, amplitude=2, period=S, duration=S),
        Stage(shape=Shape.BURST, on=5, on_for=S, off_for=S, duration=S, random=True),
    ]
    workload = Workload(
        operations=[Operation(name="a", body="x")],
        arrival=Arrival.SESSIONS,
        sessions=Sessions(requests=Number(uniform=[1, 9]), think=Pause(exponential=Duration(2 * S))),
        profile=profile,
        protocol=Protocol.LINE,
        framing=Framing(hello="HI\n", greeting_lines=1),
    )
    found, given = spec(tmp_path, workload)
    assert [stage["shape"] for stage in found["profile"]] == ["ramp", "hold", "hold", "hold", "sine", "burst"]
    assert sum(stage["duration_ns"] for stage in found["profile"][1:4]) == S
    assert found["profile"][-1] == {
        "shape": "burst", "duration_ns": S, "on_per_s": 5.0, "off_per_s": 0.0, "on_ns": S, "off_ns": S, "random": True
    }  # fmt: skip
    assert found["sessions"]["think_s"] == {"dist": "exponential", "mean": 2.0}
    assert (found["framing"]["hello"], found["framing"]["answer_lines"], given.blobs) == (0, 1, [b"HI\n"])
    plain = Workload(operations=[Operation(name="a")], arrival=Arrival.SESSIONS)
    assert spec(tmp_path, plain)[0]["sessions"]["think_s"] == {"dist": "constant", "value": 0.0}


def test_closed_loops_and_traces(tmp_path: Path) -> None:
    closed = Workload(operations=[Operation(name="a")], arrival=Arrival.CLOSED, connections=7)
    assert spec(tmp_path, closed)[0]["max_connections"] == 7
    (tmp_path / "t.tsv").write_text("t\n0\n")
    replay = Workload(operations=[Operation(name="a")], arrival=Arrival.TRACE, trace=Trace(file="t.tsv", speed=2))
    found, given = spec(tmp_path, replay)
    assert (found["trace"], given.trace) == ({"speed": 2.0}, tmp_path / "t.tsv")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"path": "/{missing}", "data": {"known": ["1"]}}, ["op", "{missing}", "known"]),
        ({"path": "/{a}", "data": {"a": "absent.txt"}}, ["op", "absent.txt", "No such file"]),
        ({"path": "/{a}", "data": {"a": "empty.txt"}}, ["op", "empty.txt", "no value"]),
        ({"path": "/{a}", "data": {"a": []}}, ["op", "no value", "{a}"]),
        ({"path": "/{a}", "data": {"a": "binary.dat"}}, ["op", "binary.dat", "UTF-8"]),
        ({"path": "no-slash"}, ["op", "no-slash"]),
        ({"path": "/a b"}, ["op", "/a b"]),
        ({"method": "get"}, ["op", "get"]),
        ({"weight": 0.0}, ["op", "weight", "0"]),
        ({"weight": float("nan")}, ["op", "weight", "nan"]),
        ({"headers": {"Bad Name": "x"}}, ["op", "Bad Name"]),
        ({"headers": {"X": "a\r\nEvil: 1"}}, ["op", "control character"]),
        ({"headers": {"Content-Length": "3"}}, ["op", "Content-Length"]),
        ({"body": "x", "body_files": "*.json"}, ["op", "body_files"]),
        ({"body_files": "*.nothing"}, ["op", "*.nothing", "no file matches"]),
        ({"body_files": ""}, ["op", "relative glob"]),
        ({"body_files": "/etc/*"}, ["op", "relative glob"]),
        ({"body_files": "a**b"}, ["op", "relative glob"]),
        ({"expected_status": "ok"}, ["op", "expected_status"]),
        ({"path": "/{a}", "data": {"a": Generator(digits=1)}}, ["no distribution"]),
    ],
)
def test_impossible_operations_are_refused_by_name(tmp_path: Path, fields, words: list[str]) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "binary.dat").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        one(tmp_path, **fields)
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint


def test_a_workload_without_operations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no operations"):
        specify(Workload(operations=[]), tmp_path)


def test_a_trace_that_is_not_there_is_refused(tmp_path: Path) -> None:
    workload = Workload(operations=[Operation(name="a")], arrival=Arrival.TRACE, trace=Trace(file="t.tsv"))
    with pytest.raises(ConfigError, match=r"there is no file .*t\.tsv"):
        specify(workload, tmp_path)


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_parts_together_are_the_template(text: str) -> None:
    names = {name: ["v"] for name in re.findall(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", text)}
    body = one(Path(), body=text, data=names)["body"]
    assert "".join(part["text"] if "text" in part else f"{{{part['data']}}}" for part in body) == text


def test_equal_workloads_compile_to_equal_files(tmp_path: Path) -> None:
    workload = Workload(
        operations=[Operation(name="a", path="/{n}", data={"n": ["1", "2"]}), Operation(name="b", weight=2.0)],
        rate_per_s=200,
        duration=Duration.parse("2s"),
    )
    first = compile_workload(workload, tmp_path, tmp_path / "1")
    again = compile_workload(workload, tmp_path, tmp_path / "2")
    other = compile_workload(workload, tmp_path, tmp_path / "3", seed=9)
    shorter = compile_workload(workload, tmp_path, tmp_path / "4", duration=Duration.parse("1s"))
    assert first == again
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert first.sha256 != other.sha256
    assert shorter.duration_ns == 1_000_000_000
    assert shorter.requests < first.requests


def test_a_negative_seed_is_a_seed(tmp_path: Path) -> None:
    workload = Workload(operations=[Operation(name="a")], seed=-1, duration=Duration.parse("1s"))
    assert compile_workload(workload, tmp_path, tmp_path / "s").requests > 0


def test_a_workload_that_sends_nothing_is_refused(tmp_path: Path) -> None:
    workload = Workload(operations=[Operation(name="a")], rate_per_s=0.001, duration=Duration.parse("1s"))
    with pytest.raises(ConfigError, match="no request at all"):
        compile_workload(workload, tmp_path, tmp_path / "s")
    assert not (tmp_path / "s").exists()
